import { ConfigError, loadConfig } from '../../config/load.ts';
import type { Settings } from '../../config/settings.ts';
import { deliverAlert } from '../../notify/deliver.ts';
import type { ProblemFacts } from '../../notify/facts.ts';
import { alertDeps } from '../../run/finish.ts';
import { askSystemd } from '../../systemd/ask-systemd.ts';
import {
  jobOfUnit,
  judgeUnit,
  monitoredEnd,
  verifiedByUnit,
  type MonitoredEnd,
  type Verdict,
} from '../../systemd/monitored-unit.ts';
import { recordDeath, type Protection, type Recording } from '../../systemd/record-death.ts';
import type { Context } from '../context.ts';
import { findToldNote } from './told.ts';

/** Options of `offsite-rsync alert unit`. */
export interface AlertUnitOptions {
  readonly config: string;
  /** It is a unit of this user's own manager. */
  readonly user?: boolean;
}

/**
 * `offsite-rsync alert unit UNIT`, called by `OnFailure=`: sends an alert that a unit failed, unless the run in it has
 * already sent one.
 * @returns 0, even if no channel could be reached
 */
export async function alertUnit(unit: string, options: AlertUnitOptions, context: Context): Promise<number> {
  const end = monitoredEnd(unit, context.environment);
  const manager = options.user === true ? 'user' : 'system';
  const facts = jobOfUnit(unit) === undefined ? await askSystemd(unit, context.runProcess, manager) : undefined;
  const verdict = judgeUnit(end, facts?.afterStart ?? []);
  let settings: Settings;
  try {
    settings = await loadConfig(options.config);
  } catch (error) {
    // A run that cannot read its configuration has already sent the alerts that are possible without one.
    if (!(error instanceof ConfigError) || (await settle(verdict, end, undefined, context))) throw error;
    context.log('info', `${unit}: ${error.message}`);
    return 0;
  }
  const untold = await settle(verdict, end, settings, context);
  if (!untold) {
    context.log('info', `${unit} failed; an alert about it has already been sent.`);
    return 0;
  }
  const now = context.clock.now();
  const protection = await recordDeath(settings, untold.job, untold.why, now, untold.recording);
  await deliverAlert(factsOf(unit, untold, protection, context), settings.alerts, {
    ...alertDeps(settings.secretsFile, { ...context, alertSignal: context.hurry }),
  });
  return 0;
}

interface Untold {
  readonly job: string | undefined;
  readonly why: string;
  readonly recording: Recording;
}

/** What still has to be told; undefined when somebody knows already. */
async function settle(
  verdict: Verdict,
  end: MonitoredEnd,
  settings: Settings | undefined,
  context: Context,
): Promise<Untold | undefined> {
  switch (verdict.kind) {
    case 'told':
      return undefined;
    case 'untold':
      return { ...verdict, recording: 'record' };
    case 'ask': {
      const { code, job, why } = verdict;
      const note = await findToldNote(end.invocation, settings, context);
      if (note?.exitCode !== code) return { job, why, recording: 'record' };
      if (note.told) return undefined;
      return { job, why: `${why}, and its alert reached nobody`, recording: note.recorded ? 'recorded' : 'record' };
    }
    default:
      return verdict satisfies never;
  }
}

function factsOf(unit: string, { job, why }: Untold, protection: Protection, { clock, host }: Context): ProblemFacts {
  const own = jobOfUnit(unit) !== undefined;
  return {
    kind: 'problem',
    event: 'failure',
    at: clock.now(),
    host,
    job: job ?? verifiedByUnit(unit),
    problem: problemOf(unit, job, host),
    reason: `${unit}: ${why}`,
    advice: `Look at: journalctl -u ${unit}\n${own ? `Send it now with: systemctl start ${unit}` : `Once it is fixed: systemctl start ${unit}`}`,
    ...protection,
  };
}

function problemOf(unit: string, job: string | undefined, host: string): string {
  if (job !== undefined) return `the backup ${job} of ${host} is not secured: ${unit} failed`;
  const verified = verifiedByUnit(unit);
  if (verified !== undefined) return `the backup ${verified} of ${host} was not verified: ${unit} failed`;
  if (unit.startsWith('offsite-rsync-')) {
    return `${unit} failed on ${host}: nothing checks whether the backups are fresh`;
  }
  return `${unit} failed on ${host}: there is no new backup to send off-site`;
}
