import { parseItem, type Item } from './itemized.ts';

/** `--out-format` of a session that reads a snapshot: what, mode, owner, group, size, mtime, name, and where a link leads. */
export const STORED_FORMAT = '@%i %B %U %G %l %M %n//%L';

/** One entry of a snapshot. */
export interface StoredItem extends Item {
  /** As ls writes it, without the kind: `rw-r--r--`. */
  readonly mode: string;
  readonly uid: number;
  /** Undefined if this user is not in that group. */
  readonly gid: number | undefined;
  /** Target of a symbolic link, with escapes. */
  readonly target: string | undefined;
}

// A uid or gid has 32 bits. No name holds two slashes, but that of a directory ends in one.
const LINE = /^(@.{11}) ([-rwxsStTlL]{9}) (\d{1,10}) (\d{1,10}|DEFAULT) (\d+ \S+) (.*?\/?)\/\/(?: ([-=]>) (.*))?$/s;

/** Reads a line in {@link STORED_FORMAT}; undefined when it is none. */
export function parseStoredItem(line: string): StoredItem | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, what = '', mode = '', uid, gid, facts = '', name = '', arrow, other] = match;
  const item = parseItem(`${what} ${facts} ${name}`, false);
  return (
    item && {
      ...item,
      mode,
      uid: Number(uid),
      gid: gid === 'DEFAULT' ? undefined : Number(gid),
      target: arrow === '->' ? other : undefined,
    }
  );
}
