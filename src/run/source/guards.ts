import type { GuardSettings } from '../../config/settings.ts';
import type { SealedSnapshot } from '../../state/job-state.ts';
import { formatCount, formatDuration, formatSize } from '../../shared/units.ts';
import type { SourceSummary } from './read-source.ts';

/**
 * Decides whether the source is worth sending. An empty or stale dump that is sent "successfully" is the failure that
 * this program exists to catch. Dumps that are not whole are another guard (dumps.ts).
 * @param previous the newest sealed snapshot, to measure shrinking against
 * @param excludes whether something is left out of the source
 * @returns every objection, in words that say what was found and what was expected; empty when there is none
 */
export function checkGuards(
  summary: SourceSummary,
  guard: Omit<GuardSettings, 'check'>,
  previous: SealedSnapshot | null,
  now: Date,
  excludes = false,
): string[] {
  if (summary.bytes === 0 && !guard.allowEmpty) {
    const found =
      summary.files === 0 ? 'holds no file' : `holds ${formatCount(summary.files, 'file')}, all of them empty`;
    const apart = excludes ? ', apart from what exclude leaves out' : '';
    return [`the source ${found}${apart} (guard.allow_empty: true would let it pass)`];
  }
  const objections: string[] = [];
  if (guard.maxAgeMs !== undefined && summary.newest !== undefined) {
    const age = now.getTime() - summary.newest.getTime();
    if (age > guard.maxAgeMs) {
      objections.push(
        `the newest file in the source is ${formatDuration(age)} old, more than guard.max_age (${formatDuration(guard.maxAgeMs)})${doubt(summary.futureFiles, now)}`,
      );
    }
  }
  if (guard.maxShrink !== undefined && previous !== null && previous.bytes > 0) {
    const shrunk = 1 - summary.bytes / previous.bytes;
    if (shrunk > guard.maxShrink) {
      objections.push(
        `the source shrank by ${percent(shrunk)} (from ${formatSize(previous.bytes)} in ${previous.id} to ${formatSize(summary.bytes)}), more than guard.max_shrink (${percent(guard.maxShrink)})`,
      );
    }
  }
  return objections;
}

/** What a guard could not check; the source is sent nevertheless. */
export function unguarded(summary: SourceSummary, guard: Pick<GuardSettings, 'maxAgeMs'>, now: Date): string[] {
  if (guard.maxAgeMs === undefined || summary.newest !== undefined || summary.futureFiles === 0) return [];
  return [
    `guard.max_age says nothing: every file of the source is dated in the future (${summary.futureFiles}), so the age of the backup is unknown. Is the clock of this host right? It shows ${now.toISOString()}`,
  ];
}

/** A possible cause: after the clock was set back, the newest files lie in the future, and those do not count. */
function doubt(futureFiles: number, now: Date): string {
  if (futureFiles === 0) return ': did the local backup job run?';
  const [are, do_] = futureFiles === 1 ? ['is', 'does'] : ['are', 'do'];
  return `; ${formatCount(futureFiles, 'file')} ${are} dated in the future and ${do_} not count: is the clock of this host right? It shows ${now.toISOString()}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
