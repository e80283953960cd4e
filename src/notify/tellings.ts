import type { Delivery } from './deliver.ts';

/** What came of telling people of one failure. */
export interface Telling {
  /** Whether anybody was reached. If no channel is to hear of it, the journal is enough. */
  readonly reached: boolean;
  /** Whether it is in the history too. */
  readonly recorded: boolean;
}

/**
 * What one process has told of its failures. It ends up in a note for the unit's `OnFailure=`, so that people are told
 * once.
 */
export interface Tellings {
  /** @param deliveries how each channel fared, where the caller knows */
  add(telling: Telling, deliveries?: readonly Delivery[]): void;
  /** Undefined if nothing was told; otherwise each field is true only if it is true of every telling. */
  sum(): Telling | undefined;
  /** The state directory of the process, once it is known. */
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

/** Whether anybody knows now. If no channel was to be told, the journal is enough. */
export function reachedSomebody(deliveries: readonly Delivery[]): boolean {
  return deliveries.length === 0 || deliveries.some(({ sent }) => sent);
}
