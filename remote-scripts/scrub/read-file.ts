import { closeSync, constants, openSync, readSync } from 'node:fs';
import { createHash, hash } from 'node:crypto';
import { errorCode } from '../../src/platform/files.ts';
import type { Pace } from './pace.ts';
import { troubleOf } from './walk.ts';

/** What reading a file has shown. `gone`: there is no regular file of that name. */
export type Reading =
  { readonly kind: 'read'; readonly digest: string } | { readonly kind: 'gone' | 'kept-out' | 'unreadable' };

/** Reads a file. */
export type ReadFile = (path: string | Buffer, size: number, pace: Pace) => Promise<Reading>;

/** Never through a link, and never waiting for the other end of a pipe. Reading leaves no trace in a sealed inode. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const WITHOUT_TRACE = FLAGS | constants.O_NOATIME;

/** Errors of open(2) that say that something other than a file has the name. */
const NO_FILE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'ENODEV', 'EISDIR']);

const buffer = Buffer.allocUnsafeSlow(1024 * 1024);

/**
 * The checksum of a file's bytes.
 * @param size what stat(2) says: a small file is read by one call
 * @throws NodeJS.ErrnoException when this machine has no more descriptors or memory
 */
export const readFileOnce: ReadFile = async (path, size, pace) => {
  let fd: number;
  try {
    fd = open(path);
  } catch (error) {
    return readingOf(error);
  }
  try {
    return { kind: 'read', digest: await digestOf(fd, size, pace) };
  } catch (error) {
    return readingOf(error);
  } finally {
    closeSync(fd);
  }
};

async function digestOf(fd: number, size: number, pace: Pace): Promise<string> {
  let count = readSync(fd, buffer);
  pace.count(count);
  if (count < buffer.length && count === size) return hash('sha256', buffer.subarray(0, count));
  const sum = createHash('sha256');
  while (count > 0) {
    sum.update(buffer.subarray(0, count));
    if (pace.isDue()) await pace.pause();
    count = readSync(fd, buffer);
    pace.count(count);
  }
  return sum.digest('hex');
}

function open(path: string | Buffer): number {
  try {
    return openSync(path, WITHOUT_TRACE);
  } catch (error) {
    // What belongs to somebody else may only be read with the usual trace.
    if (errorCode(error) !== 'EPERM') throw error;
    return openSync(path, FLAGS);
  }
}

function readingOf(error: unknown): Reading {
  if (NO_FILE.has(errorCode(error))) return { kind: 'gone' };
  const kind = troubleOf(error);
  if (kind === undefined) throw error;
  return { kind };
}
