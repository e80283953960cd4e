import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { hasEnded, type Pin } from '../store/pins.ts';

/** The pins of one job, as a plan knows them. */
export interface JobPins {
  /** Those that hold now, of snapshots that are there. */
  readonly holding: readonly Pin[];
  /** Those whose last day is over. The next run of prune says so and drops them. */
  readonly ended: readonly Pin[];
  /** Those that would hold, but whose snapshot is not there. */
  readonly lost: readonly Pin[];
}

/** Sorts the pins of a job. Pure. @param present ids of all sealed snapshots of the job */
export function sortPins(pins: readonly Pin[], present: ReadonlySet<SnapshotId>, now: Date, timezone: string): JobPins {
  const ended = pins.filter((pin) => hasEnded(pin, now, timezone));
  const valid = pins.filter((pin) => !ended.includes(pin));
  return {
    holding: valid.filter(({ id }) => present.has(id)),
    ended,
    lost: valid.filter(({ id }) => !present.has(id)),
  };
}

/** The pins that hold at a time, with the reason in words, for the retention. */
export function pinsAt(pins: readonly Pin[], time: Date, timezone: string): ReadonlyMap<SnapshotId, string> {
  return new Map(pins.filter((pin) => !hasEnded(pin, time, timezone)).map((pin) => [pin.id, describePin(pin)]));
}

/** A pin in words: `pinned until 2027-03-31: before the migration`. */
export function describePin({ until, why }: Pick<Pin, 'until' | 'why'>): string {
  return `pinned${until === undefined ? '' : ` until ${until}`}: ${why}`;
}
