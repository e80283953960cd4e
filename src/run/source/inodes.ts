import { encodeName } from '../../rsync/itemized.ts';

/** One name of an inode with several. */
export interface Inode {
  /** Device and inode number. */
  readonly number: string;
  /** Number of names according to the file system. */
  readonly links: number;
  /** Type, size, mtime and ctime: the same for all names of one file. */
  readonly facts: string;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
  /** Milliseconds since 1970 of the last change of anything but the time of access; only the kernel sets it. */
  readonly ctimeMs: number;
  /** Path below the source, with escapes (see encodeName). */
  readonly name: string;
}

/** `65024 2335214 2 f 20000 1795681556.6001214410 1795681558.3601213610 ./sub/file` */
const INODE = /^(\d+ \d+) (\d+) (\S \d+ (-?[\d.]+) (-?[\d.]+)) \.\/(.*)$/s;

/** Reads one record of find(1), with a character for each byte; undefined if it is something else. */
export function parseInode(line: string): Inode | undefined {
  const [, number, links, facts, mtime, ctime, name] = INODE.exec(line) ?? [];
  if (number === undefined || facts === undefined || name === undefined) return undefined;
  const [mtimeMs, ctimeMs] = [Number(mtime) * 1000, Number(ctime) * 1000];
  return { number, links: Number(links), facts, mtimeMs, ctimeMs, name: encodeName(Buffer.from(name, 'latin1')) };
}

/**
 * Checks whether names with one inode number belong to one file, as far as a single check can show: they must agree in type, size and
 * times, and must not be more than the link count.
 * @returns two names that do not belong to one file; undefined if nothing contradicts it
 */
export function oneFile(names: readonly Inode[]): readonly [string, string] | undefined {
  const [first, ...others] = names;
  if (first === undefined) return undefined;
  const other = others.find(({ facts }) => facts !== first.facts);
  if (other !== undefined) return [first.name, other.name];
  const last = others.at(-1);
  return last !== undefined && names.length > first.links ? [first.name, last.name] : undefined;
}
