import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../platform/files.ts';
import { kindOf, readRegularFile } from '../platform/regular-file.ts';
import { ReadError } from '../read/snapshot-source.ts';
import { parseSnapshotId, type SnapshotId } from '../shared/snapshot-id.ts';

/** Directory in the destination that exists while a restore is not finished. */
export const OWN = '.offsite-restore';
/** Name of the note in it. */
export const NOTE = 'restore.json';

/**
 * Patterns of what is never restored: it would be in the place of our own. rsync's receiver ends the session when a sender tells a name that
 * fits one, and it looks at each name by itself: so the second stands beside the first.
 */
export const OWN_PATTERNS: readonly string[] = [`/${OWN}`, `/${OWN}/**`];

/** Whether a name in a snapshot is in the place of our own. @param name as a string of bytes */
export function isOwn(name: string): boolean {
  return name === OWN || name.startsWith(`${OWN}/`);
}

/** What is being restored; kept in the destination until all of it is there. */
export interface RestoreNote {
  readonly version: 1;
  readonly job: string;
  /** How the snapshot was named: `latest` is the same snapshot when the command is typed again. */
  readonly wanted: string;
  readonly snapshot: SnapshotId;
  readonly names: readonly string[];
  /** The directory as it was before, if only some names are restored into it. */
  readonly before: Attributes | undefined;
}

/** What a directory was before something was restored into it. */
export interface Attributes {
  /** See secondsOf. */
  readonly mtime: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Whether the directory of our own is there. Whoever can write it decides what we remove, write and believe, so it must be a real directory
 * that only this user can write.
 * @throws ReadError when something else is there
 */
export async function hasOwn(path: string): Promise<boolean> {
  const own = join(path, OWN);
  const stats = await lstat(own).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (stats === undefined) return false;
  const why = whyUnfit(stats);
  if (why === undefined) return true;
  throw new ReadError({
    outcome: 'usage',
    reason: `${own} ${why}: no restore of this user has made it so. Nothing was written.`,
    advice: 'Look at what it is and move it away, or name another directory.',
  });
}

/** The directory of our own that a restore has left to go on with; undefined if there is none. */
export async function unfinishedIn(path: string): Promise<string | undefined> {
  return (await hasOwn(path).catch(() => false)) ? join(path, OWN) : undefined;
}

function whyUnfit(stats: Stats): string | undefined {
  if (!stats.isDirectory()) return stats.isFile() ? 'is a file' : kindOf(stats);
  if (stats.uid !== process.geteuid?.()) return `belongs to another user (${stats.uid})`;
  return (stats.mode & 0o022) === 0 ? undefined : 'may be written by others';
}

/** Reads what an unfinished restore has noted there. @returns undefined when it is not a note of ours */
export async function readNote(path: string): Promise<RestoreNote | undefined> {
  try {
    const note = JSON.parse(await readRegularFile(join(path, OWN, NOTE), 16 * 1024 * 1024)) as Partial<RestoreNote>;
    const { job, wanted, snapshot = '', names, before } = note;
    const sound =
      note.version === 1 &&
      typeof job === 'string' &&
      typeof wanted === 'string' &&
      isListOfText(names) &&
      (before === undefined || areAttributes(before));
    return sound && parseSnapshotId(snapshot) !== undefined ? (note as RestoreNote) : undefined;
  } catch {
    return undefined; // nobody knows what it was: it counts as something that lies there
  }
}

function isListOfText(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** Whether something from a note is what chmod, chown and touch can be told. */
function areAttributes(value: Partial<Attributes> | null): boolean {
  const { mode, uid, gid, mtime } = value ?? {};
  return (
    isWithin(mode, 0o7777) &&
    isWithin(uid, 0xffff_fffe) &&
    isWithin(gid, 0xffff_fffe) &&
    typeof mtime === 'string' &&
    /^-?\d{1,20}\.\d{9}$/.test(mtime)
  );
}

function isWithin(value: unknown, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}
