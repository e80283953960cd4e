import type { Delivery } from './deliver.ts';

/** What became of telling people of one failure. */
export interface Telling {
  /** Whether somebody was reached; where no channel is to hear of it, the journal is enough. */
  readonly reached: boolean;
  /** Whether it stands in the history too. */
  readonly recorded: boolean;
}

/** All that one process has told of its failures: so that who hears of its end knows whether people do. */
export interface Tellings {
  add(telling: Telling): void;
  /** Undefined when it has told of none; otherwise a thing holds if it holds of all. */
  sum(): Telling | undefined;
  /** The state directory that it works with, once it is known. */
  stateDirectory: string | undefined;
}

export function createTellings(): Tellings {
  const all: Telling[] = [];
  return {
    stateDirectory: undefined,
    add: (telling) => void all.push(telling),
    sum: () =>
      all.length === 0
        ? undefined
        : { reached: all.every(({ reached }) => reached), recorded: all.every(({ recorded }) => recorded) },
  };
}

/** Whether somebody knows now. */
export function reachedSomebody(deliveries: readonly Delivery[]): boolean {
  return deliveries.length === 0 || deliveries.some(({ sent }) => sent);
}
