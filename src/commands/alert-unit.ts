import { ConfigError, loadConfig } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { deliverAlert } from '../notify/deliver.ts';
import type { ProblemFacts } from '../notify/facts.ts';
import { alertDeps } from '../run/finish.ts';
import { readHistory } from '../state/history.ts';
import type { RunRecord } from '../state/run-record.ts';
import { askSystemd } from '../systemd/ask-systemd.ts';
import { jobOfUnit, judgeUnit, monitoredEnd, type Verdict } from '../systemd/monitored-unit.ts';
import { recordDeath, type Protection } from '../systemd/record-death.ts';
import type { Context } from './context.ts';

/** Options of `offsite-rsync alert unit`. */
export interface AlertUnitOptions {
  readonly config: string;
}

/** Milliseconds between the record of a run and the start of its unit's `OnFailure=`: its alerts lie in between. */
const JUST_NOW = 15 * 60_000;

/**
 * `offsite-rsync alert unit UNIT`, called by `OnFailure=`: tells that a unit failed, unless the run in it has told so.
 * @returns 0: whether a channel could be reached changes nothing here
 */
export async function alertUnit(unit: string, options: AlertUnitOptions, context: Context): Promise<number> {
  const end = monitoredEnd(unit, context.environment);
  const facts = jobOfUnit(unit) === undefined ? await askSystemd(unit, context.runProcess) : undefined;
  const verdict = judgeUnit(end, facts?.afterStart ?? []);
  let settings: Settings;
  try {
    settings = await loadConfig(options.config);
  } catch (error) {
    // A run that cannot read its configuration has told what can be told without one.
    if (!(error instanceof ConfigError) || verdict.kind === 'untold') throw error;
    context.log('info', `${unit}: ${error.message}`);
    return 0;
  }
  const untold = await settle(verdict, settings, context);
  if (!untold) {
    context.log('info', `${unit} failed; the run has told it.`);
    return 0;
  }
  const protection = await recordDeath(settings, untold.job, untold.why, context.clock.now());
  await deliverAlert(factsOf(unit, untold, protection, context), settings.alerts, {
    ...alertDeps(settings.secretsFile, { ...context, alertSignal: context.hurry }),
  });
  return 0;
}

type Untold = Extract<Verdict, { kind: 'untold' }>;

async function settle(verdict: Verdict, settings: Settings, { clock }: Context): Promise<Untold | undefined> {
  if (verdict.kind === 'untold') return verdict;
  if (!verdict.unlessUnrecorded) return undefined;
  const { job, code } = verdict.unlessUnrecorded;
  const after = clock.now().getTime() - JUST_NOW;
  const records: RunRecord[] = [];
  await readHistory(settings.stateDirectory, (record) => {
    const fits = record.exitCode === code && (job === undefined || record.job === job);
    if (fits && Date.parse(record.finished) >= after) records.push(record);
  });
  return records.length > 0
    ? undefined
    : { kind: 'untold', job, why: `it ended with exit code ${code} before a run began` };
}

function factsOf(unit: string, { job, why }: Untold, protection: Protection, { clock, host }: Context): ProblemFacts {
  const own = jobOfUnit(unit) !== undefined;
  return {
    kind: 'problem',
    event: 'failure',
    at: clock.now(),
    host,
    job,
    problem: problemOf(unit, job, host),
    reason: `${unit}: ${why}`,
    advice: `Look at: journalctl -u ${unit}\n${own ? `Send it now with: systemctl start ${unit}` : `Once it is put right: systemctl start ${unit}`}`,
    ...protection,
  };
}

function problemOf(unit: string, job: string | undefined, host: string): string {
  if (job !== undefined) return `the backup ${job} of ${host} is not secured: ${unit} failed`;
  if (unit.startsWith('offsite-rsync-'))
    return `${unit} failed on ${host}: nobody watches whether the backups are fresh`;
  return `${unit} failed on ${host}: there is no new backup to send off-site`;
}
