import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { CHILD_ENVIRONMENT } from './environment.ts';
import { fitsFile, whileLocked } from './locks.ts';

/** A write to the file system failed, so earlier writes may not be on the disk either. */
export class FailedWriteError extends Error {
  override readonly name = 'FailedWriteError';
}

/**
 * Waits until everything in the file system of a directory is on the disk: a seal must not survive a power cut that its
 * files do not survive.
 *
 * The kernel reports a failed write once, to the first syncfs(2) that asks after it (measured on Linux 6.18: the second
 * `sync --file-system` after it ends with 0). So after this error, what was written must never be trusted, not even
 * later.
 * @throws FailedWriteError when the disk did not take everything
 */
export function flush(directory: string): void {
  const { status, error, stderr } = spawnSync('sync', ['--file-system', directory], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    env: CHILD_ENVIRONMENT,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new FailedWriteError(stderr.trim() || `sync(1) ended with ${status ?? 'a signal'}`);
}

/**
 * Begins the writing that {@link flush} will have to wait for, while something else goes on. It is only a head start:
 * nothing waits for it, and {@link flush} gives the verdict.
 *
 * It is sync(2), for all file systems, and not syncfs(2), which would consume the report of a failed write before
 * {@link flush} could get it. sync(2) consumes none (measured on Linux 6.18). If a file system hangs, because its
 * server is unreachable for example, sync(2) hangs too. The lock ensures that there is only one such process, not one
 * more with each run.
 * @param lock file whose lock is held meanwhile
 */
export function beginFlush(lock: string): void {
  if (!fitsFile(lock)) return;
  const { program, args } = whileLocked(lock, ['sync'], 'give-up');
  const child = spawn(program, args, {
    stdio: 'ignore',
    env: CHILD_ENVIRONMENT,
    cwd: '/',
    detached: true, // the session may end before it
  });
  child.once('error', () => undefined); // flush reports it
  child.unref();
}

/** Flushes the renames in a directory to disk, so that a power cut cannot undo half of them. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
