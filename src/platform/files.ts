import { constants, statfsSync } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { assertReplaceable, openRegularFile, unfitForDirectory, withPath } from './regular-file.ts';
import { isLeftBehind, writerMark } from './writer-mark.ts';

let written = 0;

/**
 * Replaces a file as a whole: readers see either the old or the new content, never a mixture, even after a crash at any line. Leftovers
 * of an earlier writer of this file that was killed are removed.
 * @param path the file; its directory must exist
 * @param content the new content
 * @param mode permissions of the new file
 * @throws NodeJS.ErrnoException when the disk is full or the directory not writable; the old file is untouched then
 * @throws UnfitFileError when the path is a directory
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await clearLeftovers(path);
  await assertReplaceable(path);
  written += 1;
  const temporary = join(dirname(path), `.${basename(path)}.${writerMark()}.${written}.tmp`);
  // Never opens an existing file: in a directory where others may write, it could be a link that somebody has put
  // there.
  const file = await open(temporary, 'wx', mode);
  try {
    try {
      await file.writeFile(content);
      // Exactly this mode: the umask of a unit (UMask=0077) must not hide a file that others have to read.
      await file.chmod(mode);
      // Before the rename: otherwise a power cut can leave the new name on an empty file.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw withPath(error, path);
  }
}

/** Removes what a killed writer (see {@link writeFileAtomic}) has left beside `path`, but never a file that is being written now. */
export async function clearLeftovers(path: string): Promise<void> {
  const directory = dirname(path);
  const prefix = `.${basename(path)}.`;
  // A directory that we may write but not list is not cleared. If there is no directory, opening the file reports it.
  for (const name of await readdir(directory).catch(() => [])) {
    const mark = name.startsWith(prefix)
      ? /^(\d+(?:\.\d+\.\d+)?)(?:\.\d+)?\.tmp$/.exec(name.slice(prefix.length))
      : null;
    if (mark === null) continue;
    const place = join(directory, name);
    // It may disappear meanwhile: its writer has finished, or another process has removed it.
    const stats = await lstat(place).catch(() => undefined);
    if (stats?.isFile() !== true || !isLeftBehind(mark[1] ?? '', stats.mtimeMs)) continue;
    await rm(place, { force: true }).catch(() => undefined);
  }
}

/**
 * Appends one line with a single write, so that lines of several processes do not mix. If a crash cut the last line short, it gets
 * its newline first, so that the new line does not become part of it.
 * @throws UnfitFileError when the path is something other than a file
 */
export async function appendLine(path: string, line: string, mode = 0o600): Promise<void> {
  const file = await openRegularFile(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, mode);
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    const broken = size > 0 && last[0] !== 0x0a;
    await file.appendFile(`${broken ? '\n' : ''}${line}\n`);
    await file.sync();
  } catch (error) {
    throw withPath(error, path);
  } finally {
    await file.close();
  }
}

/**
 * Makes a directory (with its parents) that only its owner can enter. An existing one stays as it is.
 * @throws UnfitFileError when the path is something other than a directory
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  try {
    await makeDirectories(path);
  } catch (error) {
    throw unfitForDirectory(path, error);
  }
}

/** File systems whose times may come from another machine: the `f_type` of statfs(2). */
const FOREIGN_CLOCKS: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xfe534d42, // SMB 2
  0xff534d42, // CIFS
  0x65735546, // FUSE: sshfs and many more
  0x00c36400, // Ceph
  0x01021997, // 9P
  0x5346414f, // AFS
  0x6b414653, // AFS of the kernel
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
]);

/** Whether the times of files below `path` may come from a clock other than this machine's. */
export function hasForeignClock(path: string): boolean {
  try {
    // statfs(2) has a signed number on some machines.
    return FOREIGN_CLOCKS.has(statfsSync(path).type >>> 0);
  } catch {
    return true; // it has disappeared: nothing is known about it
  }
}

/** Whether an error says that a file or directory does not exist. */
export function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

/**
 * Whether there is anything of this name; a symbolic link is itself something.
 * @throws NodeJS.ErrnoException when nobody can say, as in a directory that is closed to us
 */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isMissing(error) || errorCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}

/**
 * Why a file could not be read, in words that follow its name.
 * @param error what reading it has thrown
 */
export function whyUnread(error: unknown): string {
  if (isMissing(error)) return 'does not exist';
  if (errorCode(error) === 'EISDIR') return 'is a directory';
  return `cannot be read${whyKeptOut(error)}`;
}

/**
 * The names in a directory; none if it does not exist.
 * @throws NodeJS.ErrnoException when it cannot be read
 */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Why something could not be done, in words that follow what it was. */
export function whyKeptOut(error: unknown): string {
  // Root is not stopped by ownership, but by something else: a file server, a sandbox.
  return isForbidden(error) && process.getuid?.() !== 0 ? ` by this user: ${RUN_AS_OWNER}` : `: ${errorMessage(error)}`;
}

/** The advice for a user to whom a file does not belong. */
export const RUN_AS_OWNER = 'run this as root, or as the user who owns it';

/** Whether an error says that permission was denied. */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
}

/** Whether an error says that a disk is full or this user's quota is used up. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}

/** Linux error numbers for which Node has no name: their code is `Unknown system error -122` (seen in Node 20). */
const UNNAMED: Readonly<Record<number, string>> = { 116: 'ESTALE', 122: 'EDQUOT' };

/** The `errno` name of an error (`ENOSPC`), or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const number = 'errno' in error && typeof error.errno === 'number' ? -error.errno : 0;
  return UNNAMED[number] ?? error.code;
}

/** The message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Makes a directory, and those above it that are missing. Node's own `recursive` says of a chain on a read-only file system that it does
 * not exist, and never ends where the kernel says so, as in /proc.
 * @param mode of each that is made; default: for this user alone
 * @returns whether it was made; if not, it was there
 * @throws NodeJS.ErrnoException with the path when it cannot be made, or something else is there
 */
export async function makeDirectories(path: string | Buffer, mode = 0o700): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await stat(path).catch(() => undefined))?.isDirectory() === true)
      return false;
    const parent = Buffer.from(dirname(path.toString('latin1')), 'latin1');
    if (!isMissing(error) || (await lstat(parent).catch(() => undefined)) !== undefined) throw error;
    await makeDirectories(parent, mode);
    return makeDirectories(path, mode);
  }
}
