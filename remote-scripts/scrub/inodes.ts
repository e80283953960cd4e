import type { BigIntStats } from 'node:fs';

/** Files with several names that are remembered: memory stays flat, and what was forgotten is read again. */
const REMEMBERED = 50_000;

/** Checksums of files that have further names, so that each is read once. */
export class Inodes {
  readonly #digests = new Map<string, string>();

  get(file: BigIntStats): string | undefined {
    return this.#digests.get(keyOf(file));
  }

  set(file: BigIntStats, digest: string): void {
    this.#digests.set(keyOf(file), digest);
    if (this.#digests.size <= REMEMBERED) return;
    for (const oldest of this.#digests.keys()) {
      this.#digests.delete(oldest);
      break;
    }
  }
}

/** The number of a file's inode, as the record of damage has it. */
export function inodeOf({ ino }: BigIntStats): string {
  return String(ino);
}

/** What is the same for all names of one file. */
export function keyOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
