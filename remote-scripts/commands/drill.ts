import { InvalidArgumentError, type Command } from 'commander';
import { cronProblem } from '../../src/shared/schedule.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { loadSecondaryConfig, SECONDARY_CONFIG } from '../config/load.ts';
import { drillHost, type JobDrill } from '../drill/drill-host.ts';
import { EXIT } from '../drill/exit-codes.ts';
import { drillsData, renderDrill } from '../drill/report.ts';
import { describeExits } from '../program/exits.ts';
import { withExamples } from '../../src/shared/examples.ts';
import type { DeclaredProgram, Finish, FrameDeps } from '../program/frame.ts';
import { jsonText } from '../program/json-text.ts';
import { hostOf } from '../program/names.ts';
import { lookAt, tellOfHost } from '../prune/look.ts';
import { refuseRoot } from '../prune/places.ts';

/** `offsite-drill`, as it is run and as the manual describes it. */
export const DRILL: DeclaredProgram = {
  name: 'offsite-drill',
  description:
    'Tries out whether what is stored can be used: reads the dumps in the newest sealed snapshot, and in an older one by turns, and starts\nthe command of secondary.yaml with each. Changes nothing in them. Runs as the account of the host, never as root.',
  exits: EXIT,
  interrupted: 'interrupted; what was not finished is tried again when the next drill is due',
  define: defineCommand,
};

interface Flags {
  readonly config: string;
  readonly job?: string;
  readonly snapshot?: SnapshotId;
  readonly json?: boolean;
}

function defineCommand(program: Command, finish: Finish, deps: FrameDeps): void {
  withExamples(
    program
      .argument('<host>', 'the primary, as secondary.yaml names it')
      .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
      .option('--job <job>', 'only this job, and now; default: every job whose drill is due')
      .option('--snapshot <id>', 'only this snapshot, and now', parseId)
      .option('--json', 'for programs')
      .addHelpText('after', `\n${describeExits(EXIT)}`)
      .action(async (name: string, options: Flags) => finish(await drill(name, options, deps))),
    ['offsite-drill db1 --job postgres', 'try out one job now'],
    ['offsite-drill db1', 'what the timer does: every job whose drill is due'],
  );
}

async function drill(name: string, { config, job, snapshot, json = false }: Flags, deps: FrameDeps): Promise<number> {
  const settings = await loadSecondaryConfig(config, { checkSchedule: cronProblem, reach: true });
  const host = hostOf(settings, name);
  refuseRoot(deps.uid, host, `offsite-drill ${name}`);
  const { plans, faults, places } = await lookAt(settings, host, deps);
  for (const fault of faults) deps.log('error', `${fault.job} cannot be examined: ${fault.reason}`);
  const idsOf = (plan: (typeof plans)[number]) =>
    plan.decisions.filter(({ action }) => action !== 'quarantine').map((decision) => decision.snapshot.id);
  const snapshots = new Map(plans.map((plan) => [plan.job, idsOf(plan)]));
  const request = { host, places, job, snapshot, snapshots };
  const show = ({ job: of, drill: one }: JobDrill) => json || deps.write(renderDrill(`${name}/${of}`, one));
  const onFile = (file: string) => deps.log('debug', `reading ${file}`);
  const made = await drillHost(request, { ...deps, onFile }, show);
  if (made === undefined) {
    deps.log('error', `Another drill of ${name} is running.`);
    return EXIT.locked.code;
  }
  if (json) deps.write(jsonText(drillsData(name, made)));
  // What is new is told at once, and not by the check of the next hour.
  if (made.length > 0) await tellOfHost(settings, host, deps);
  return made.some(({ drill: one }) => !one.ok) ? EXIT.bad.code : EXIT.done.code;
}

function parseId(text: string): SnapshotId {
  const id = parseSnapshotId(text);
  if (id === undefined) throw new InvalidArgumentError('Write an id as 2026-11-23T021500Z.');
  return id;
}
