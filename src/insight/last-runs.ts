import type { RunRecord } from '../state/run-record.ts';

/** Keeps the newest of the runs that it is given, in bounded memory. */
export interface LastRuns {
  readonly add: (record: RunRecord) => void;
  /** Oldest first. */
  readonly list: () => RunRecord[];
}

/**
 * Makes a ring of runs.
 * @param limit number of runs to keep, at least 1
 */
export function keepLastRuns(limit: number): LastRuns {
  const ring: RunRecord[] = [];
  let next = 0;
  return {
    add: (record) => {
      ring[next % limit] = record;
      next += 1;
    },
    list: () => (next <= limit ? [...ring] : [...ring.slice(next % limit), ...ring.slice(0, next % limit)]),
  };
}
