import { constants, type Stats } from 'node:fs';
import { lstat, open, stat, type FileHandle } from 'node:fs/promises';
import { ownValue } from '../shared/lookup.ts';

/** Something else is in the place of a file or directory. Only an administrator can have put it there. The message says what it is. */
export class UnfitFileError extends Error {
  override readonly name = 'UnfitFileError';
}

/** Errors of open(2) that say that the path does not lead to a file. */
const NO_FILE: Readonly<Record<string, string>> = {
  EISDIR: 'is a directory',
  ELOOP: 'is a symbolic link that leads back to itself',
  ENOTDIR: 'lies below something that is no directory',
  ENXIO: 'is a socket or a pipe',
  ENODEV: 'is a device',
};

/**
 * Opens a regular file and nothing else. A plain open would wait for ever at a named pipe, and would notice a directory only when it is
 * read.
 * @param flags as for open(2)
 * @throws UnfitFileError when the path is something other than a file
 * @throws NodeJS.ErrnoException when it cannot be opened
 */
export async function openRegularFile(path: string | Buffer, flags: number, mode?: number): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, flags | constants.O_NONBLOCK, mode);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const anyLink = code === 'ELOOP' && (flags & constants.O_NOFOLLOW) !== 0;
    const what = anyLink ? 'is a symbolic link' : ownValue(NO_FILE, code);
    throw what === undefined ? error : unfit(path, what);
  }
  const stats = await file.stat();
  if (stats.isFile()) return file;
  await file.close();
  throw unfit(path, kindOf(stats));
}

/**
 * Reads a file of moderate size as a whole.
 * @param limit largest size in bytes
 * @throws UnfitFileError when it is larger, or no file
 * @throws NodeJS.ErrnoException when it cannot be read
 */
export async function readRegularFile(path: string, limit: number): Promise<string> {
  const file = await openRegularFile(path, constants.O_RDONLY);
  try {
    const { size } = await file.stat();
    if (size > limit) throw unfit(path, `has ${size} bytes, far more than it should ever need (${limit})`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/**
 * Makes sure that the path of one of our files is a file or does not exist. Links are not followed.
 * @returns whether the file exists
 * @throws UnfitFileError when the path is something other than a file
 */
export async function isRegularFile(path: string): Promise<boolean> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats === undefined) return false;
  if (!stats.isFile()) throw unfit(path, kindOf(stats));
  return true;
}

/**
 * Makes sure that a file can be put at this path, replacing what is there.
 * @throws UnfitFileError when a directory or a device is there, or a link to a device, a pipe or a socket,
 *   such as /dev/stdout: a rename would take that away from the whole machine
 */
export async function assertReplaceable(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return;
  if (stats.isDirectory()) throw unfit(path, kindOf(stats));
  const target = stats.isSymbolicLink() ? await stat(path).catch(() => undefined) : undefined;
  const isElse = target !== undefined && !target.isFile() && !target.isDirectory();
  if (isElse || stats.isCharacterDevice() || stats.isBlockDevice())
    throw new UnfitFileError(`${path} ${kindOf(target ?? stats)}, which no file may replace: name another`);
}

/** Names the file in an error of writing to it, where Node says only what could not be done: `ENOSPC: no space left on device, write`. */
export function withPath(error: unknown, path: string): unknown {
  if (error instanceof Error && 'code' in error && !('path' in error)) error.message += ` '${path}'`;
  return error;
}

/** What something is that is no file, as the rest of a sentence. */
export function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'is a directory';
  if (stats.isFIFO()) return 'is a named pipe';
  if (stats.isSymbolicLink()) return 'is a symbolic link';
  return stats.isSocket() ? 'is a socket' : 'is a device';
}

function unfit(path: string | Buffer, what: string): UnfitFileError {
  return new UnfitFileError(`${path.toString()} ${what}; a file belongs there: move it away`);
}

/** Errors of mkdir(2), with parents, that mean that something other than a directory is in the way. */
const NO_DIRECTORY: Readonly<Record<string, string>> = {
  EEXIST: 'is no directory',
  ENOTDIR: 'lies below something that is no directory',
  ELOOP: NO_FILE.ELOOP ?? '',
};

/**
 * Turns an error of making a directory into one with a clear message.
 * @returns the error itself if it is of another kind
 */
export function unfitForDirectory(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const what = ownValue(NO_DIRECTORY, code);
  return what === undefined
    ? error
    : new UnfitFileError(`${path} ${what}; a directory belongs there: move what is there away`);
}
