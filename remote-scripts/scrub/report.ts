import { formatCount, formatSize } from '../../src/shared/units.ts';
import type { Damage } from '../store/damage.ts';
import type { ScrubState } from '../store/scrub-state.ts';
import type { DamageReport, ScrubReport } from './outputs.ts';
import { describeEntry } from './news.ts';
import type { Work } from './scrub-job.ts';

/** What came of one job. */
export interface JobReport {
  readonly job: string;
  readonly work: Work;
  readonly state: ScrubState;
  readonly damage: Damage;
  /** Whether its cycle should have ended before. */
  readonly isBehind: boolean;
}

/** A run in words, one job after the other. */
export function renderReports(host: string, reports: readonly JobReport[]): string {
  return reports.map((report) => `${jobLines(host, report).join('\n')}\n`).join('');
}

/** A run for programs. */
export function reportData(host: string, now: Date, reports: readonly JobReport[]): ScrubReport {
  return {
    version: 1,
    host,
    at: now.toISOString(),
    jobs: reports.map(({ job, work, state, damage, isBehind }) => ({
      job,
      read: { files: work.files, bytes: work.bytes },
      manifests: work.made.map(({ id, replaces, unread }) => ({ id, replaces, keptOut: unread.keptOut })),
      namesChecked: work.named,
      finished: work.finished,
      isBehind,
      cycle: state.cycle === null ? null : { startedAt: state.cycle.startedAt, done: state.cycle.done },
      last: state.last,
      damage: damage.entries,
      omitted: damage.omitted,
      failures: work.failures,
    })),
  };
}

/** What is known to be damaged, for programs. */
export function damageData(
  host: string,
  known: readonly { readonly job: string; readonly damage: Damage }[],
): DamageReport {
  const jobs = known.map(({ job, damage }) => ({ job, damage: damage.entries, omitted: damage.omitted }));
  return { version: 1, host, jobs };
}

/** The damaged files of a job, one a line. */
export function damageLines({ entries, omitted }: Damage): string[] {
  const more = omitted === 0 ? [] : [`  and ${omitted} more that found no place in the record`];
  return [...entries.map((entry) => `  ${describeEntry(entry)}`), ...more];
}

function jobLines(host: string, { job, work, state, damage, isBehind }: JobReport): string[] {
  const { last, cycle } = state;
  const done = work.finished || cycle === null ? '' : `, ${Math.floor(cycle.done * 100)}% of the cycle done`;
  const wasRead = `${formatCount(work.files, 'file')} (${formatSize(work.bytes)}) read`;
  const first = work.made.filter(({ replaces }) => replaces === null).length;
  const again = work.made.filter(({ replaces }) => replaces !== null);
  const keptOut = work.made.reduce((sum, { unread }) => sum + unread.keptOut, 0);
  return [
    `${host}/${job}: ${wasRead}${done}`,
    ...(first > 0 ? [`  ${formatCount(first, 'manifest')} made`] : []),
    ...again.map(({ id, replaces }) => `  manifest of ${id} made again: ${replaces}`),
    ...(keptOut > 0
      ? [`  ${formatCount(keptOut, 'entry', 'entries')} not proven: their modes keep this account out`]
      : []),
    ...(isBehind
      ? [`  behind: the last complete cycle ${last === null ? 'never ended' : `ended ${last.endedAt}`}`]
      : []),
    ...work.failures.map((failure) => `  failed: ${failure}`),
    ...damageSummary(damage),
  ];
}

function damageSummary(damage: Damage): string[] {
  const count = damage.entries.length + damage.omitted;
  if (count === 0) return [];
  return [`  ${formatCount(count, 'damaged file')}:`, ...damageLines(damage).map((line) => `  ${line}`)];
}
