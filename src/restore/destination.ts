import { chmod, chown, lstat, mkdir, readdir, realpath, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode, errorMessage, isFull, isMissing, makeDirectories, writeFileAtomic } from '../platform/files.ts';
import type { RunProcess } from '../platform/process.ts';
import { ReadError } from '../read/snapshot-source.ts';
import { formatCount } from '../shared/units.ts';
import { hasOwn, NOTE, OWN, readNote, type Attributes, type RestoreNote } from './own-directory.ts';

const PARTIAL = 'partial';
const TEMPORARY = 'tmp';

/** What is at the destination. */
export type Standing =
  | { readonly kind: 'absent' | 'empty'; readonly path: string }
  | { readonly kind: 'unfinished'; readonly path: string; readonly note: RestoreNote }
  | { readonly kind: 'occupied'; readonly path: string; readonly names: readonly string[] };

/** A new file system has it. */
const NOTHING: ReadonlySet<string> = new Set(['lost+found']);

/**
 * Looks at the directory into which something is to be restored. A link to one is followed here, once and for all.
 * @throws ReadError when it is none, or this user may not write there, or the directory of our own in it is not from this user
 */
export async function examineDestination(to: string): Promise<Standing> {
  const named = resolve(to);
  try {
    const path = await realpath(named);
    const names = (await readdir(path)).filter((name) => !NOTHING.has(name));
    if (names.length === 0) return { kind: 'empty', path };
    const note = (await hasOwn(path)) ? await readNote(path) : undefined;
    return note === undefined ? { kind: 'occupied', path, names } : { kind: 'unfinished', path, note };
  } catch (error) {
    if (error instanceof ReadError) throw error;
    if (isMissing(error) && (await lstat(named).catch(() => undefined)) === undefined)
      return { kind: 'absent', path: named };
    throw new ReadError({ outcome: 'usage', reason: `${named} cannot be used: ${errorMessage(error)}` });
  }
}

/**
 * Decides whether a restore may begin there.
 * @param request what is to be restored now
 * @returns the note of the unfinished restore that goes on; undefined for one that begins
 * @throws ReadError that says what is there, and what to type
 */
export function admit(
  standing: Standing,
  request: Pick<RestoreNote, 'job' | 'wanted' | 'names'>,
  overwrite: boolean,
): RestoreNote | undefined {
  if (standing.kind === 'unfinished') {
    const { note } = standing;
    const same = note.job === request.job && note.names.join('\0') === request.names.join('\0');
    if (same && (note.wanted === request.wanted || note.snapshot === request.wanted)) return note;
    if (overwrite) return undefined;
    throw new ReadError({
      outcome: 'usage',
      reason: `${standing.path} holds an unfinished restore of ${note.job}, ${note.snapshot}${note.names.length === 0 ? '' : ` (${formatCount(note.names.length, 'name')})`}.`,
      advice: `To go on with it, type that command again. Otherwise name another directory, or add --overwrite.`,
    });
  }
  if (standing.kind === 'occupied' && !overwrite) {
    const shown = standing.names.slice(0, 3).join(', ');
    const more = standing.names.length > 3 ? ', …' : '';
    throw new ReadError({
      outcome: 'usage',
      reason: `${standing.path} is not empty: it holds ${formatCount(standing.names.length, 'entry', 'entries')} (${shown}${more}).`,
      advice:
        'Name a directory that is empty or does not exist. With --overwrite, what the snapshot has replaces what has the same name there, and nothing else is touched; --dry-run shows what that is.',
    });
  }
  return undefined;
}

/** A destination that is being written. */
export interface Destination {
  readonly path: string;
  /** For interrupted files. */
  readonly partial: string;
  /** For files that have not arrived whole: where a kill leaves them, they are in nobody's way. */
  readonly temporary: string;
  /** Ends the restore. @param complete whether all of it is there; if not, the same command goes on */
  leave(complete: boolean): Promise<void>;
}

/**
 * Makes the destination and notes in it what is restored.
 * @param begun the note of the unfinished restore that goes on
 * @throws ReadError when this user may not write there
 */
export async function openDestination(
  standing: Standing,
  fresh: Omit<RestoreNote, 'version' | 'before'>,
  begun: RestoreNote | undefined,
  runProcess: RunProcess,
): Promise<Destination> {
  const { path } = standing;
  const own = join(path, OWN);
  const before = begun === undefined ? await attributesIn(standing, fresh.names) : begun.before;
  try {
    await makeDirectories(path, 0o777);
    if (!(await hasOwn(path))) await mkdir(own, { mode: 0o700 });
    await rm(join(own, TEMPORARY), { recursive: true, force: true });
    await mkdir(join(own, TEMPORARY), { mode: 0o700 });
    await writeFileAtomic(
      join(own, NOTE),
      `${JSON.stringify({ version: 1, ...fresh, before } satisfies RestoreNote)}\n`,
    );
  } catch (error) {
    if (errorCode(error) !== undefined && !isFull(error))
      throw new ReadError({
        outcome: 'usage',
        reason: `${path} cannot be written (${errorMessage(error)}).`,
        advice: 'Name a directory that this user can write, or run this as root.',
      });
    throw error;
  }
  return {
    path,
    partial: join(own, PARTIAL),
    temporary: join(own, TEMPORARY),
    leave: async (complete) => {
      const found = await lstat(path, { bigint: true });
      if (complete) await rm(own, { recursive: true, force: true });
      if (before !== undefined) await putBack(path, before);
      // What is removed from a directory changes its time.
      await setTime(path, before?.mtime ?? secondsOf(found.mtimeNs), runProcess);
    },
  };
}

/** Removes a destination in which nothing has arrived. */
export async function abandon({ kind, path }: Standing): Promise<void> {
  const names = await readdir(path).catch(() => []);
  const begun = await readdir(join(path, OWN, PARTIAL)).catch(() => []);
  if (begun.length > 0 || names.some((name) => name !== OWN && !NOTHING.has(name))) return;
  await rm(join(path, OWN), { recursive: true, force: true });
  if (kind === 'absent') await rmdir(path).catch(() => undefined);
}

/** Whether a directory is, or would be, inside another. */
export async function isInside(path: string, directory: string): Promise<boolean> {
  let existing = resolve(path);
  while ((await lstat(existing).catch(() => undefined)) === undefined) existing = dirname(existing);
  const real = `${await realpath(existing)}/`;
  return real.startsWith(`${directory}/`);
}

/** A part of a snapshot brings no owner, mode and time for the directory that takes it. */
async function attributesIn({ kind, path }: Standing, names: readonly string[]): Promise<Attributes | undefined> {
  if (names.length === 0 || kind === 'absent') return undefined;
  const { mode, uid, gid, mtimeNs } = await lstat(path, { bigint: true });
  return { mode: Number(mode & 0o7777n), uid: Number(uid), gid: Number(gid), mtime: secondsOf(mtimeNs) };
}

async function putBack(path: string, { mode, uid, gid }: Attributes): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, uid, gid);
  await chmod(path, mode);
}

/** Seconds since 1970 with all digits of the nanoseconds, which Node's numbers cannot hold. */
function secondsOf(ns: bigint): string {
  const digits = String(ns < 0n ? -ns : ns).padStart(10, '0');
  return `${ns < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

async function setTime(path: string, seconds: string, runProcess: RunProcess): Promise<void> {
  await runProcess({ program: 'touch', args: ['--no-create', '--time=modify', `--date=@${seconds}`, '--', path] });
}
