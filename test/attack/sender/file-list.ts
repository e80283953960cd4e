import { createHash } from 'node:crypto';
import { int32, longint, varint, varlong } from './wire.ts';

/** One entry of a file list, true or forged. */
export interface Entry {
  readonly name: string;
  /** With the type's bits, as stat(2) gives it. */
  readonly mode: number;
  readonly size?: number;
  /** Whole seconds. */
  readonly mtime: number;
  /** Of a symbolic link. */
  readonly target?: string;
  /** Whether it begins a group of hard links, or the place in this list of the one that does. */
  readonly hardLink?: 'first' | number;
  /** What is said to be in it: with `c`, its sum is in the list. */
  readonly content?: string;
}

export const DIRECTORY = 0o040000;
export const FILE = 0o100000;

/** What both ends have agreed on, and what shapes a list. */
export interface ListFormat {
  readonly protocol: number;
  /** Letters of the command line: with `o`, `g`, `A` there are owners and ACLs in the list. */
  readonly letters: string;
  /** Index of the first entry. */
  readonly start: number;
  /** Whether the bits of an entry are a number of a varying length: capability `v`. */
  readonly varyingBits: boolean;
}

// Bits of an entry (rsync.h, XMIT_*). None of those that shorten it: each entry is told in full.
const EXTENDED = 1 << 2; // from protocol 28: a second byte of bits follows
const TOP_DIRECTORY = 1 << 0;
const HARD_LINK = 1 << 9;
const HARD_LINK_FIRST = 1 << 12;

/** Writes a list with its end. */
export function fileList(entries: readonly Entry[], format: ListFormat): Buffer {
  const end =
    format.protocol < 30 ? Buffer.concat([Buffer.from([0]), int32(0)]) : Buffer.alloc(format.varyingBits ? 2 : 1);
  return Buffer.concat([...entries.map((entry) => entryBytes(entry, entries, format)), end]);
}

function entryBytes(entry: Entry, entries: readonly Entry[], format: ListFormat): Buffer {
  const { protocol } = format;
  const { name, mode, size = 0, mtime, hardLink, target } = entry;
  const isDirectory = (mode & 0o170000) === DIRECTORY;
  let bits = protocol < 28 ? (isDirectory ? TOP_DIRECTORY : 1 << 6) : EXTENDED;
  if (hardLink !== undefined && protocol >= 28) bits |= HARD_LINK;
  if (hardLink === 'first' && protocol >= 30) bits |= HARD_LINK_FIRST;
  if (name === '.') bits |= TOP_DIRECTORY;
  const longName = protocol < 28 && !isDirectory;
  const head = [
    format.varyingBits ? varint(bits) : Buffer.from(protocol < 28 ? [bits] : [bits & 0xff, bits >> 8]),
    longName ? int32(Buffer.byteLength(name)) : Buffer.from([Buffer.byteLength(name)]),
    Buffer.from(name),
  ];
  const acl = aclBytes(isDirectory, target !== undefined, format);
  if (typeof hardLink === 'number' && protocol >= 30) {
    // The rest is that of the first one: which must be in the list.
    if (entries[hardLink] === undefined) throw new Error(`no entry ${hardLink}`);
    return Buffer.concat([...head, varint(hardLink + format.start), acl]);
  }
  const modern = protocol >= 30;
  const id = modern ? varint(0) : int32(0);
  return Buffer.concat([
    ...head,
    modern ? varlong(size, 3) : longint(size),
    modern ? varlong(mtime, 4) : int32(mtime),
    int32(mode),
    ...(format.letters.includes('o') ? [id] : []),
    ...(format.letters.includes('g') ? [id] : []),
    ...(target === undefined ? [] : [modern ? varint(target.length) : int32(target.length), Buffer.from(target)]),
    ...(modern ? [] : inode(entry, entries, protocol)),
    ...sum(entry, format),
    acl,
  ]);
}

/** Before protocol 30, device and inode say which names are one file. */
function inode(entry: Entry, entries: readonly Entry[], protocol: number): Buffer[] {
  const isFile = (entry.mode & 0o170000) === FILE;
  // Before protocol 28, each regular file has them.
  if (entry.hardLink === undefined && !(protocol < 28 && isFile)) return [];
  const own = entries.indexOf(entry);
  const group = typeof entry.hardLink === 'number' ? entry.hardLink : own;
  return [longint(1), longint(1000 + group)];
}

/** With `c`, each regular file has one. */
function sum({ mode, content = '' }: Entry, { letters, protocol }: ListFormat): Buffer[] {
  if (!letters.includes('c') || (mode & 0o170000) !== FILE) return [];
  // Before protocol 30 it is an MD4, which OpenSSL does not give any more: one of zeros equals nothing.
  return [protocol >= 30 ? createHash('md5').update(content).digest() : Buffer.alloc(16)];
}

function aclBytes(isDirectory: boolean, isLink: boolean, { letters }: ListFormat): Buffer {
  if (!letters.includes('A') || isLink) return Buffer.alloc(0);
  // A list of its own (0), with nothing in it that the mode does not say (0); for a directory also that of what is made in it.
  return Buffer.from(isDirectory ? [0, 0, 0, 0] : [0, 0]);
}
