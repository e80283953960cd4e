/*
 * A table of names for sources of millions of files: 12 bytes a slot instead of the names themselves. Names are told apart by 53 bits of a
 * hash and what is known of them by 32, so two may be confused (once in 20,000 sources of a million files). Whoever uses this must not
 * rely on it: a file that is taken for unchanged is still compared.
 */

/** What the table says about an entry. */
export type Standing = 'new' | 'changed' | 'same';

/** The table. */
export interface NameTable {
  /** Adds a name with what is known of it. */
  add(name: string, facts: string): void;
  /** Compares an entry with what was added under its name, and marks that as seen. */
  see(name: string, facts: string): Standing;
  /** Whether a name was added, and has been seen. */
  isSeen(name: string): boolean;
  /** Whether a name was added that nobody has seen. */
  isUnseen(name: string): boolean;
  /** Names that were added and not seen. */
  unseen(): number;
}

const FEWEST_SLOTS = 1024;

/** What is expected comes from a file, so it is believed only up to this. */
const MOST_EXPECTED = 4_000_000;

/** The table grows when it is fuller than this, by so much. */
const FULL = 0.75;
const GROWTH = 1.5;

/**
 * Makes an empty table.
 * @param expected how many names it will have, as far as that is known; it grows where there are more
 */
export function createNameTable(expected = 0): NameTable {
  let names = new Float64Array(Math.max(FEWEST_SLOTS, Math.ceil(Math.min(expected, MOST_EXPECTED) / FULL) + 1));
  let known = new Uint32Array(names.length);
  let seen = new Uint8Array(names.length);
  let used = 0;
  let seenCount = 0;
  /** The slot of a name, or the empty one where it belongs. */
  const slotOf = (hash: number, table: Float64Array): number => {
    let slot = hash % table.length;
    for (let at = table[slot]; at !== 0 && at !== hash; at = table[slot]) slot = (slot + 1) % table.length;
    return slot;
  };
  const grow = (): void => {
    const [before, knownBefore, seenBefore] = [names, known, seen];
    names = new Float64Array(Math.ceil(before.length * GROWTH));
    known = new Uint32Array(names.length);
    seen = new Uint8Array(names.length);
    for (const [slot, hash] of before.entries()) {
      if (hash === 0) continue;
      const to = slotOf(hash, names);
      names[to] = hash;
      known[to] = knownBefore[slot] ?? 0;
      seen[to] = seenBefore[slot] ?? 0;
    }
  };
  return {
    add: (name, facts) => {
      if (used + 1 > names.length * FULL) grow();
      const hash = hash53(name);
      const slot = slotOf(hash, names);
      if (names[slot] === 0) used += 1;
      names[slot] = hash;
      known[slot] = hash53(facts) >>> 0;
    },
    see: (name, facts) => {
      const slot = slotOf(hash53(name), names);
      if (names[slot] === 0) return 'new';
      if (seen[slot] === 0) seenCount += 1;
      seen[slot] = 1;
      return known[slot] === hash53(facts) >>> 0 ? 'same' : 'changed';
    },
    isSeen: (name) => {
      const slot = slotOf(hash53(name), names);
      return names[slot] !== 0 && seen[slot] === 1;
    },
    isUnseen: (name) => {
      const slot = slotOf(hash53(name), names);
      return names[slot] !== 0 && seen[slot] === 0;
    },
    unseen: () => used - seenCount,
  };
}

/** 53 bits, never 0: FNV-1a beside a second hash that turns its bits. */
function hash53(text: string): number {
  let one = 0x811c9dc5;
  let two = 0x9e3779b1;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    one = Math.imul(one ^ code, 0x01000193);
    two = Math.imul(((two << 5) | (two >>> 27)) ^ code, 0x85ebca6b);
  }
  one ^= one >>> 15;
  two ^= two >>> 13;
  return (two & 0x1fffff) * 2 ** 32 + (one >>> 0) || 1;
}
