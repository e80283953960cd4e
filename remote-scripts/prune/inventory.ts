import { constants, type Stats } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isMissing, namesIn } from '../../src/platform/files.ts';
import { parseEntryName } from '../../src/shared/entry-names.ts';
import type { SizedSnapshot } from '../retention/holds.ts';
import { MAX_STORED_SEAL_BYTES, parseSeal, sealName, type StoredSeal } from '../../src/shared/seal.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';

/** A sealed snapshot in a job's directory. */
export interface StoredSnapshot extends SizedSnapshot {
  readonly files: number;
  /** What shows when it arrived: the gate's receipt, or the birth time of the seal's inode. */
  readonly receivedBy: 'receipt' | 'birth-time';
}

/** Something that is not a snapshot and is removed after a time. */
export interface Leftover {
  readonly name: string;
  /**
   * `seal`, `manifest`: its snapshot had been moved away by prune when it was killed. `temporary`: a seal or manifest that
   * was never finished. `unsealed`: an attempt under a plain rrsync.
   */
  readonly kind: 'partial' | 'frozen' | 'unsealed' | 'seal' | 'manifest' | 'temporary';
  /** Undefined if the name contains none. */
  readonly id: SnapshotId | undefined;
  /** When it appeared here, by our own clock. */
  readonly since: Date;
}

/** Something that prune cannot explain. It is never touched, and an administrator must look at it. */
export interface Oddity {
  readonly name: string;
  readonly reason: string;
}

/** What one job's directory contains. */
export interface Inventory {
  readonly directory: string;
  readonly snapshots: readonly StoredSnapshot[];
  readonly leftovers: readonly Leftover[];
  readonly oddities: readonly Oddity[];
}

/** What reading a directory depends on. */
export interface InventoryOptions {
  readonly secondary: 'gate' | 'rrsync';
  /** Our own user id: what belongs to another user is not ours. */
  readonly uid: number;
  /** The device of the host's root: what is on another one is a mount. */
  readonly device: number;
}

/**
 * Reads a job's directory. A directory that does not exist holds nothing.
 * @throws NodeJS.ErrnoException when it cannot be read
 */
export async function readInventory(directory: string, options: InventoryOptions): Promise<Inventory> {
  const found: { snapshots: StoredSnapshot[]; leftovers: Leftover[]; oddities: Oddity[] } = {
    snapshots: [],
    leftovers: [],
    oddities: [],
  };
  const names = await namesIn(directory);
  const present = new Set(names);
  for (const name of names.sort()) {
    const entry = await readEntry(directory, name, present, options);
    if (entry === undefined) continue;
    if ('receivedBy' in entry) found.snapshots.push(entry);
    else if ('kind' in entry) found.leftovers.push(entry);
    else found.oddities.push(entry);
  }
  return { directory, ...found };
}

type Entry = StoredSnapshot | Leftover | Oddity | undefined;

async function readEntry(
  directory: string,
  name: string,
  present: ReadonlySet<string>,
  options: InventoryOptions,
): Promise<Entry> {
  const odd = (reason: string): Oddity => ({ name, reason });
  const stats = await statOf(join(directory, name));
  if (!stats) return undefined; // gone since the directory was read
  if (stats.isSymbolicLink()) return odd('it is a symbolic link; neither it nor what it points to is touched');
  if (stats.uid !== options.uid) return odd(`it belongs to another user (${stats.uid})`);
  // Checked only for directories, because on an overlay every file has a device of its own.
  if (stats.isDirectory() && stats.dev !== options.device) return odd('another file system is mounted there');

  const entry = parseEntryName(name);
  if (entry === undefined) return odd('its name is not a snapshot id');
  const { id, kind } = entry;
  const since = appearance(stats);
  switch (kind) {
    case 'unfinished-seal':
    case 'unfinished-manifest':
      return stats.isFile() ? { name, kind: 'temporary', id: undefined, since } : odd('its name is not a snapshot id');
    case 'seal':
    case 'manifest':
      if (present.has(id)) return undefined; // reported together with its snapshot
      return stats.isFile() ? { name, kind, id, since } : odd('it is not a regular file');
    case 'partial':
    case 'frozen':
      return stats.isDirectory() ? { name, kind, id, since } : odd('it is not a directory');
    case 'complete':
      if (!stats.isDirectory()) return odd('it is not a directory');
      if (present.has(sealName(id))) return readSealed(directory, id, options);
      // Behind the gate this name appears only after a verified seal was accepted, so it is not thrown away as a leftover.
      return options.secondary === 'gate' ? odd('it has no seal') : { name, kind: 'unsealed', id, since };
    default:
      return kind satisfies never;
  }
}

async function readSealed(
  directory: string,
  id: SnapshotId,
  options: InventoryOptions,
): Promise<StoredSnapshot | Oddity> {
  const name = sealName(id);
  const read = await readSeal(
    join(directory, name),
    { id, job: directory.slice(directory.lastIndexOf('/') + 1) },
    options,
  );
  if (typeof read === 'string') return { name, reason: `its seal is ${read}` };
  const { seal, born } = read;
  // Without a gate, a receipt can only be the sender's own invention.
  const receipt = options.secondary === 'gate' ? seal.receipt : undefined;
  return {
    id,
    bytes: seal.bytes,
    files: seal.files,
    received: receipt ? new Date(receipt.received) : born,
    receivedBy: receipt ? 'receipt' : 'birth-time',
  };
}

async function readSeal(
  path: string,
  expected: { readonly id: SnapshotId; readonly job: string },
  { uid }: InventoryOptions,
): Promise<{ seal: StoredSeal; born: Date } | string> {
  let file;
  try {
    // Never through a link, and never waiting for the other end of a pipe.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return `unreadable (${errorCode(error) ?? 'unknown error'})`;
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.uid !== uid) return 'not a regular file of ours';
    if (stats.size > MAX_STORED_SEAL_BYTES) return `larger than ${MAX_STORED_SEAL_BYTES} bytes`;
    const seal = parseSeal(await file.readFile('utf8'), expected);
    return typeof seal === 'string' ? seal : { seal, born: birth(stats) };
  } finally {
    await file.close();
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * When the inode was made, by our kernel's clock. rsync can set any modification time, but this one can be changed only
 * by setting the clock. An invalid date if the file system does not record it.
 */
function birth(stats: Stats): Date {
  return stats.birthtimeMs > 0 ? stats.birthtime : new Date(Number.NaN);
}

/** The birth time, or if there is none the last change of the inode, which the sender cannot set back either. */
function appearance(stats: Stats): Date {
  return stats.birthtimeMs > 0 ? stats.birthtime : stats.ctime;
}
