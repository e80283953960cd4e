import { setImmediate } from 'node:timers/promises';
import { courseOf, simulateRetention, type Course, type SimulatedDay } from '../retention/simulation.ts';
import type { HostSettings, SecondarySettings } from '../config/settings.ts';
import { jsonText } from '../program/json-text.ts';
import { style, type CommandDeps } from './commands.ts';
import { lookAt } from './look.ts';
import { EXIT } from './exit-codes.ts';
import { codeOfFaults } from './faults.ts';
import { simulationData } from './json.ts';
import { refuseRoot } from './places.ts';
import { pinsAt } from './pins.ts';
import { settingOf } from './plan.ts';
import { renderSimulation } from './simulation-report.ts';

/** A simulated job; `course` is undefined if nothing says how often snapshots arrive. */
export interface SimulatedJob {
  readonly job: string;
  readonly course: Course | undefined;
  readonly days: readonly SimulatedDay[];
}

/** `offsite-prune HOST --simulate DAYS`. @returns the exit code */
export async function runSimulation(
  settings: SecondarySettings,
  host: HostSettings,
  options: { readonly days: number; readonly json: boolean },
  deps: CommandDeps,
): Promise<number> {
  refuseRoot(deps.uid, host, `offsite-prune ${host.name} --simulate ${options.days}`);
  const { plans, faults, now } = await lookAt(settings, host, deps);
  const setting = settingOf(host, settings.timezone);
  const jobs: SimulatedJob[] = [];
  for (const { job, policy, decisions, pins } of plans) {
    const snapshots = decisions.map(({ snapshot }) => snapshot);
    const schedule = host.jobs.get(job)?.expect;
    const simulation = {
      ...{ snapshots, policy, setting, schedule, limits: host.gate, now, days: options.days },
      pinsAt: (time: Date) => pinsAt(pins.holding, time, settings.timezone),
    };
    const course = courseOf(simulation);
    const days: SimulatedDay[] = [];
    for (const day of course ? simulateRetention(simulation, course) : []) {
      days.push(day);
      deps.onSimulated?.({ name: job, number: days.length, of: options.days });
      await setImmediate(); // lets signals be handled
      if (deps.signal?.aborted) return EXIT.failed.code; // the caller says which signal it was
    }
    jobs.push({ job, course, days });
  }
  deps.write(
    options.json ? jsonText(simulationData(host.name, jobs)) : renderSimulation(host, jobs, style(settings, deps, now)),
  );
  for (const { job, reason } of faults) deps.log('error', `${job} cannot be examined: ${reason}`);
  return codeOfFaults(faults) ?? EXIT.done.code;
}
