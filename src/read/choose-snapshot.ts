import { parseSnapshotId, snapshotTime } from '../shared/snapshot-id.ts';
import type { ListedSnapshot } from '../shared/store-listing.ts';

/** The snapshot that was meant, or why there is none, with what to do. */
export type ChosenSnapshot<T> =
  { readonly kind: 'chosen'; readonly snapshot: T } | { readonly kind: 'none'; readonly reason: string };

/** What a snapshot may be called, for help and messages. */
export const WAYS_TO_NAME =
  'latest, an id (2026-11-23T021500Z), or a time of this host (2026-11-20 03:00, or 2026-11-20 for the last of that day)';

/**
 * Finds the snapshot that was meant. Without `incomplete`, only sealed ones count.
 * @param snapshots of one job, oldest first
 * @param wanted `latest`; an id; or a time in this host's zone (`2026-11-20 03:00`, also with seconds, with T, or with Z for UTC; a day
 *   alone means its end): the newest that was begun at that time or before
 * @param incomplete take an attempt without a seal too, which nobody has verified. Only an id can mean one
 */
export function chooseSnapshot<T extends Pick<ListedSnapshot, 'id' | 'sealed'>>(
  snapshots: readonly T[],
  wanted: string,
  incomplete = false,
): ChosenSnapshot<T> {
  const sealed = snapshots.filter((each) => each.sealed);
  const newest = sealed.at(-1);
  const known = newest === undefined ? 'There is no sealed snapshot.' : `The newest is ${newest.id}.`;
  if (wanted === 'latest') return found(newest, known);
  const id = parseSnapshotId(wanted);
  if (id !== undefined) {
    const named = snapshots.find((each) => each.id === id);
    if (named === undefined) return { kind: 'none', reason: `There is no snapshot ${id}. ${known}` };
    return named.sealed || incomplete
      ? { kind: 'chosen', snapshot: named }
      : {
          kind: 'none',
          reason: `${id} has no seal: it was never finished or verified. --incomplete takes it. ${known}`,
        };
  }
  const time = parseTime(wanted);
  if (time === undefined) return { kind: 'none', reason: `"${wanted}" names no snapshot. Write ${WAYS_TO_NAME}.` };
  const [oldest] = sealed;
  return found(
    sealed.findLast((each) => snapshotTime(each.id) <= time),
    oldest === undefined ? known : `No snapshot is that old. The oldest is ${oldest.id}.`,
  );
}

function found<T>(snapshot: T | undefined, reason: string): ChosenSnapshot<T> {
  return snapshot === undefined ? { kind: 'none', reason } : { kind: 'chosen', snapshot };
}

/** `2026-11-20`, `2026-11-20 03:00`, `2026-11-20T03:00:00Z`. */
const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?(Z?))?$/;

/** @returns undefined unless the text is a time that exists */
function parseTime(text: string): Date | undefined {
  const match = TIME.exec(text.trim());
  if (!match) return undefined;
  const [, year = '', month = '', day = '', hour, minute = '', second = '59', zone = ''] = match;
  const clock = hour === undefined ? '23:59:59' : `${hour}:${minute}:${second}`;
  // A date with a time and without a zone is one of this host (ECMA-262).
  const time = new Date(`${year}-${month}-${day}T${clock}${zone}`);
  // Date turns February 30 into March 2.
  const real = zone === 'Z' ? time.getUTCDate() : time.getDate();
  return Number.isNaN(time.getTime()) || real !== Number(day) ? undefined : time;
}
