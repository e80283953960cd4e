import type { Siege } from './siege.ts';

/** One attack. That it changes nothing is looked at afterwards, whatever it is. */
export interface Case {
  /** What is tried. */
  readonly name: string;
  /** Whether it belongs to the short set, which `npm test` runs. */
  readonly often?: boolean;
  /** Tries it, and expects what becomes of it. */
  readonly attack: (siege: Siege) => Promise<void>;
}

/** Rows of a table as cases. @param often how many of them, from the first on, belong to the short set */
export function casesOf<T>(
  rows: readonly T[],
  often: number,
  name: (row: T) => string,
  attack: (siege: Siege, row: T) => Promise<void>,
): Case[] {
  return rows.map((row, index) => ({
    name: name(row),
    often: index < often,
    attack: (siege) => attack(siege, row),
  }));
}
