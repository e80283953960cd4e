import type { SnapshotId } from '../../shared/snapshot-id.ts';
import type { JobState } from '../../state/job-state.ts';
import type { Remains } from './attempt-result.ts';

/* What the state says of attempts that broke, and what the next attempt names of them. */

/** What the next attempt may link to, best first (facts.md#order-of-bases). */
export function basesOf(state: JobState): SnapshotId[] {
  return [...(state.sealed === null ? [] : [state.sealed.id]), ...attemptsIn(state.broken)];
}

/** The ids that a broken attempt may have, newest first. */
export function attemptsIn(broken: JobState['broken']): SnapshotId[] {
  return broken === null ? [] : [broken.id, ...(broken.formerly ?? [])];
}

/** On plain rrsync: the attempt that got furthest is the better basis. */
export function brokenAfter(before: JobState['broken'], id: SnapshotId, remains: Remains): JobState['broken'] {
  const other = before?.id === id ? null : before;
  if (remains.kind !== 'basis') return other;
  return other !== null && other.bytes > remains.bytes ? other : { id, bytes: remains.bytes };
}

/** Former ids of an attempt that are kept; the gate takes that many. */
const MOST_NAMES = 3;

/**
 * What is noted before an attempt behind the gate: there, the attempt that broke goes on under the new id. If we die now, the next run does
 * not know which of both names it has.
 */
export function continued(before: JobState['broken'], id: SnapshotId): NonNullable<JobState['broken']> {
  if (before === null) return { id, bytes: 0 };
  return { ...before, id, formerly: [before.id, ...(before.formerly ?? [])].slice(0, MOST_NAMES) };
}

/** The attempt that the next one goes on with behind the gate. */
export function brokenBehindGate(
  before: JobState['broken'],
  noted: JobState['broken'],
  id: SnapshotId,
  remains: Remains,
): JobState['broken'] {
  switch (remains.kind) {
    case 'nothing':
      return before;
    case 'as-before':
      return noted;
    case 'unusable':
      return null;
    case 'basis':
      return { id, bytes: Math.max(remains.bytes, before?.bytes ?? 0) };
    default:
      return remains satisfies never;
  }
}
