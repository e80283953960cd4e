import { formatCount } from '../../shared/units.ts';
import type { Failure } from '../failure.ts';

/** The longest path of a source. */
export interface LongestPath {
  /** Below the source, as rsync wrote it. */
  readonly name: string;
  readonly bytes: number;
}

/**
 * From this length in bytes on, a path may be too long for the secondary. Linux allows 4,095 (PATH_MAX); rsync's receiver puts its own
 * directories before it (`/srv/offsite/db1/postgres/ID.partial/`, some 60) and adds `.….XXXXXX` to the name while it writes.
 */
const TOO_LONG = 4095 - 80;

/** Characters of such a name that are shown. */
const SHOWN = 60;

/**
 * Names the real cause if the failure of a push is due to a path that is too long; undefined if it is not. rsync's own messages vary and mislead: in one push it cannot stat a
 * file, in the next a block has no basis, which looks like two incompatible versions of rsync.
 */
export function dueToLongPath(why: Failure, longest: LongestPath | undefined): Failure | undefined {
  if (longest === undefined || longest.bytes < TOO_LONG || !MISLEADING.includes(why.outcome)) return undefined;
  const which = `${longest.name.slice(0, SHOWN)}…`;
  const reason = `the source holds a path of ${formatCount(longest.bytes, 'byte')}, too long for the secondary, where its own directories come before it: ${which} (rsync: ${why.reason})`;
  const advice = 'Shorten that path, or exclude it: nothing of the job is secured while it is there.';
  return { outcome: 'incomplete', reason, advice };
}

/** The outcomes with which such a path has been seen to fail. */
const MISLEADING: readonly Failure['outcome'][] = ['incomplete', 'refused', 'internal-error', 'connection-lost'];
