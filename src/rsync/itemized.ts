/** `--out-format` puts this before every itemised line, so that no message of rsync can be mistaken for one. */
const MARK = '@';

/** `--out-format` of a push: what, size, mtime, bytes on the wire, name. */
export const PUSH_FORMAT = `${MARK}%i %l %M %b %n`;
/** `--out-format` of a dry run: what, size, mtime, name. */
export const CHECK_FORMAT = `${MARK}%i %l %M %n`;

/** What rsync does with an entry: the first letter of `%i` (rsync(1), --itemize-changes). */
export type ItemAction = 'sent' | 'received' | 'created' | 'linked' | 'unchanged' | 'message';

/** The kind of an entry: the second letter of `%i`. */
export type ItemKind = 'file' | 'directory' | 'symlink' | 'device' | 'special';

/** One itemised line. */
export interface Item {
  readonly action: ItemAction;
  readonly kind: ItemKind;
  /** The entry did not exist in the destination or any basis (`+++++++++`). */
  readonly isNew: boolean;
  /** Would be deleted: it exists only on the secondary (`*deleting`). */
  readonly isExtra: boolean;
  /** Attributes that differ: the letters of `%i` that are set, such as `c` (checksum), `s` (size), `t` (mtime), `p`, `o`, `g`. */
  readonly differs: string;
  /** Size in bytes. */
  readonly size: number;
  /** Last change of the source's entry in whole seconds, UTC, as rsync writes it: `2026/11/23-02:15:00`. */
  readonly mtime: string;
  /** Bytes that the entry took on the wire; 0 in a dry run. */
  readonly wire: number;
  /** Path below the source as rsync wrote it: with escapes (see {@link decodeName}); a directory ends in `/`. */
  readonly name: string;
}

const ACTIONS: Readonly<Record<string, ItemAction>> = {
  '<': 'sent',
  '>': 'received',
  c: 'created',
  h: 'linked',
  '.': 'unchanged',
  '*': 'message',
};

const KINDS: Readonly<Record<string, ItemKind>> = {
  f: 'file',
  d: 'directory',
  L: 'symlink',
  D: 'device',
  S: 'special',
};

// Numbers are those of 64 bits. rsync fills the year up to four places, and cuts off the end if it has more.
const LINE = /^@([<>ch.])([fdLDS])(\+{9}|[.? A-Za-z]{9}) (\d{1,19}) (-*\d+\/\S+) (?:(\d{1,19}) )?(.*)$/s;
/** rsync knows neither size nor time of what it would delete. It writes zeros, or nothing if the other side reports the deletion. */
const EXTRA = /^@\*deleting {3}(?:0 1970\/01\/01-00:00:00 )?(.*)$/s;

/**
 * Reads one line of rsync's standard output.
 * @param withWire whether the line was written with {@link PUSH_FORMAT}
 * @returns the item, or undefined when the line is not an item
 */
export function parseItem(line: string, withWire: boolean): Item | undefined {
  if (!line.startsWith(MARK)) return undefined;
  const match = LINE.exec(line);
  if (!match) {
    const extra = EXTRA.exec(line);
    return extra ? extraItem(extra[1] ?? '') : undefined;
  }
  const [, action = '', kind = '', attributes = '', size, mtime = '', wire, rest = ''] = match;
  const isNew = attributes.startsWith('+');
  // In a format without %b, a name that starts with digits and a space must not be mistaken for it.
  const name = withWire || wire === undefined ? rest : `${wire} ${rest}`;
  return {
    action: ACTIONS[action] ?? 'message',
    kind: KINDS[kind] ?? 'special',
    isNew,
    isExtra: false,
    differs: isNew ? '' : attributes.replace(/[. ?]/g, ''),
    size: Number(size),
    mtime,
    wire: withWire ? Number(wire ?? 0) : 0,
    name,
  };
}

function extraItem(name: string): Item {
  const kind = name.endsWith('/') ? 'directory' : 'file';
  return { action: 'message', kind, isNew: false, isExtra: true, differs: '', size: 0, mtime: '', wire: 0, name };
}

/**
 * The bytes of a name that rsync wrote. Bytes that the C locale cannot print are written as `\#ooo` (octal), and so is a
 * backslash that would otherwise look like such an escape; nothing else is escaped (rsync(1), "--8-bit-output").
 */
export function decodeName(name: string): Buffer {
  if (!name.includes('\\#')) return Buffer.from(name);
  const parts: Buffer[] = [];
  let from = 0;
  for (const match of name.matchAll(/\\#([0-3][0-7]{2})/g)) {
    parts.push(Buffer.from(name.slice(from, match.index)), Buffer.of(Number.parseInt(match[1] ?? '0', 8)));
    from = match.index + match[0].length;
  }
  parts.push(Buffer.from(name.slice(from)));
  return Buffer.concat(parts);
}

/** Names as rsync writes them, from bytes: the reverse of {@link decodeName}. */
export function encodeName(name: Buffer): string {
  let text = '';
  for (const [at, byte] of name.entries()) {
    const printable = byte >= 0x20 && byte < 0x7f;
    const ambiguous = byte === 0x5c && /^\\#[0-7]{3}/.test(name.toString('latin1', at, at + 5));
    text += printable && !ambiguous ? String.fromCharCode(byte) : `\\#${byte.toString(8).padStart(3, '0')}`;
  }
  return text;
}

/**
 * A name for people: UTF-8 where it is valid. Everything that could move a cursor or end a line remains escaped.
 */
export function displayName(name: string): string {
  const bytes = decodeName(name);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) return name;
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) ? name : text;
}
