import { lstatSync, type StatSyncOptions } from 'node:fs';

/** What is known of a name's inode. */
export interface Inode {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly dev: number;
  /** A bigint only where a number would not be exact. */
  readonly ino: number | bigint;
  /** How many names it has. */
  readonly nlink: number;
  readonly size: number;
  /** When it came into being, in milliseconds; 0 where the file system does not record it. */
  readonly birthtimeMs: number;
}

/** The inode of a path; links are not followed. @throws NodeJS.ErrnoException */
export function inodeAt(path: string | Buffer): Inode {
  const found = lstatSync(path, PLAIN);
  // Numbers take a fifth of the memory of bigints, and half the time.
  const ino = Number.isSafeInteger(found.ino) ? found.ino : lstatSync(path, { bigint: true }).ino;
  const { dev, nlink, size, birthtimeMs } = found;
  return { isFile: found.isFile(), isDirectory: found.isDirectory(), dev, ino, nlink, size, birthtimeMs };
}

const PLAIN = { bigint: false, throwIfNoEntry: true } satisfies StatSyncOptions;

/** Whether two names are one file. */
export function isSame(one: Inode, other: Inode): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

/** Files with several names that are remembered: memory stays flat, and what was forgotten is read again. */
const REMEMBERED = 10_000;

/** Checksums of files that have further names, so that each is read once. */
export class Digests {
  readonly #digests = new Map<string, string>();

  get(file: Inode): string | undefined {
    return this.#digests.get(keyOf(file));
  }

  set(file: Inode, digest: string): void {
    this.#digests.set(keyOf(file), digest);
    if (this.#digests.size <= REMEMBERED) return;
    for (const oldest of this.#digests.keys()) {
      this.#digests.delete(oldest);
      break;
    }
  }
}

/** The number of an inode, as the record of damage has it. */
export function numberOf({ ino }: Inode): string {
  return String(ino);
}

/** What is the same for all names of one file. */
export function keyOf({ dev, ino }: Inode): string {
  return `${dev}:${ino}`;
}
