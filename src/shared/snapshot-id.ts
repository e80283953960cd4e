/** A valid snapshot id: `2026-11-23T021500Z`. Sorts by name; contains no colon. */
export type SnapshotId = string & { readonly __brand: 'SnapshotId' };

const SNAPSHOT_ID = /^(\d{4})-(\d{2})-(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/**
 * Reads a snapshot id.
 * @param text any text
 * @returns the id, or undefined unless the text is exactly the id of a second that exists (`2026-02-30…` does not)
 */
export function parseSnapshotId(text: string): SnapshotId | undefined {
  const match = SNAPSHOT_ID.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time.getTime())) return undefined;
  return format(time) === text ? (text as SnapshotId) : undefined;
}

/** The id of the second in which `time` lies. */
export function snapshotIdOf(time: Date): SnapshotId {
  return format(time) as SnapshotId;
}

/** The instant (whole second, UTC) that an id names. */
export function snapshotTime(id: SnapshotId): Date {
  // An id is known to be valid, so its parts are at fixed places. This is fast, because retention converts thousands.
  return new Date(`${id.slice(0, 13)}:${id.slice(13, 15)}:${id.slice(15)}`);
}

/**
 * The id for a new attempt: the present second, or the second after the last id if the clock has not passed that yet, so that
 * ids strictly increase.
 */
export function nextSnapshotId(now: Date, last: SnapshotId | undefined): SnapshotId {
  const present = snapshotIdOf(now);
  if (last === undefined || present > last) return present;
  return snapshotIdOf(new Date(snapshotTime(last).getTime() + 1000));
}

function format(time: Date): string {
  const iso = time.toISOString(); // 2026-11-23T02:15:00.000Z
  return `${iso.slice(0, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}
