import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { formatCount, formatDuration } from '../../src/shared/units.ts';
import type { DrillSettings } from '../config/settings.ts';
import type { Drill } from '../store/drill-record.ts';
import type { Problem } from './problems.ts';

const DAY = 86_400_000;

/** How the drills of a job stand. */
export interface DrillStanding {
  /** Whether any are to be made, and there is something to make them with. */
  readonly expected: boolean;
  /** The last one with the newest snapshot of its day; undefined if there was none yet. */
  readonly last: Drill | undefined;
  /** Of the last with a newest snapshot and the last with an old one, those that failed; snapshots that are gone do not count. */
  readonly failed: readonly Drill[];
  /** Milliseconds since one was due; undefined if none is. */
  readonly overdueBy: number | undefined;
}

/** How long the timer may need, which starts drills once a day. */
const TIMER = 2 * DAY;

/**
 * How the drills of a job stand. Pure.
 * @param settings undefined if none are to be made; what one has found by request counts all the same
 * @param drills the last drill of each snapshot, newest first
 * @param ids the snapshots that there are
 */
export function assessDrills(
  settings: DrillSettings | undefined,
  drills: readonly Drill[],
  ids: readonly SnapshotId[],
  now: Date,
): DrillStanding {
  const last = drills.find(({ which }) => which === 'newest');
  const old = drills.find(({ which }) => which === 'old');
  const failed = [last, old].filter((drill) => drill !== undefined && !drill.ok && ids.includes(drill.id));
  const age = last === undefined ? undefined : now.getTime() - last.started.getTime();
  const late = settings === undefined || age === undefined ? 0 : age - settings.everyMs - TIMER;
  return {
    ...{ expected: settings !== undefined && ids.length > 0, last },
    failed: failed.filter((drill) => drill !== undefined),
    overdueBy: late > 0 ? late : undefined,
  };
}

/** What is wrong with the drills of a job. Pure. */
export function drillProblems(
  host: string,
  job: string,
  { expected, last, failed, overdueBy }: DrillStanding,
): Problem[] {
  const problems: Problem[] = [];
  if (failed.length > 0) {
    problems.push({
      key: `drill:${job}`,
      event: 'failure',
      problem: `a drill of ${host}/${job} failed`,
      reason: failed.map(whatFailed).join('\n'),
      advice: `Look at the dump on the primary: is what the backup job writes there whole? An older snapshot may still be good: offsite-drill ${host} --job ${job} --snapshot ID tries one out.`,
      fingerprint: failed.map((drill) => `${drill.id} ${drill.started.toISOString()}`).join(),
      job,
    });
  }
  if (expected && (overdueBy !== undefined || last === undefined)) {
    problems.push({
      key: `drill-overdue:${job}`,
      event: 'warning',
      problem: `${host}/${job} is not tried out any more`,
      reason: last === undefined ? 'there was no drill yet' : `the last drill began at ${last.started.toISOString()}`,
      advice: `Look at: systemctl status offsite-drill@${host}.timer offsite-drill@${host}.service`,
      fingerprint: '',
      job,
      // The timer has not run yet where drills were switched on just now.
      ...(last === undefined ? { patience: TIMER } : {}),
    });
  }
  return problems;
}

/** Remarks on the drills of a job, for a table; `wrong` tells whether somebody has to look. */
export function drillRemarks({ last, failed, overdueBy }: DrillStanding): { remarks: string[]; wrong: boolean } {
  const remarks = failed.map((drill) => `drill failed: ${whatFailed(drill)}`);
  if (overdueBy !== undefined && last !== undefined) remarks.push(`drill overdue by ${formatDuration(overdueBy)}`);
  return { remarks, wrong: remarks.length > 0 };
}

/** What a failed drill has found, in one line or a few. */
function whatFailed({ id, broken, failure }: Drill): string {
  const [first] = broken;
  const files = first === undefined ? [] : [`${first.name}: ${first.reason}${others(broken.length - 1)}`];
  return `${id}: ${[...files, ...(failure === undefined ? [] : [failure])].join('; ')}`;
}

function others(count: number): string {
  return count > 0 ? ` (and ${formatCount(count, 'more dump')})` : '';
}
