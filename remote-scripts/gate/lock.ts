import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openRegularFile } from '../../src/platform/regular-file.ts';
import { CHILD_ENVIRONMENT } from './environment.ts';

/** The lock of one job. Whoever holds its descriptor holds the lock; rsync inherits it. */
export interface JobLock {
  /** Hand it to a child as a file descriptor to let the child hold the lock too. */
  readonly fd: number;
  /** Lets go here; a child that inherited the descriptor still holds the lock. */
  release(): Promise<void>;
}

/** Exit code that flock(1) is told to give when somebody else holds the lock. */
const HELD_BY_ANOTHER = 75;

/**
 * Takes the lock of a job, or does not wait.
 *
 * The kernel keeps an flock(2) as long as any process has the open file: rsync holds it when the gate is killed, and
 * the gate when rsync is (facts.md#what-a-killed-session-leaves and facts.md#locks). Nothing has to be cleaned up after a crash.
 * @returns undefined while another process holds it
 * @throws UnfitFileError when no file lies there
 */
export async function takeLock(path: string): Promise<JobLock | undefined> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const file: FileHandle = await openRegularFile(path, flags, 0o600);
  const { status, error } = spawnSync(
    'flock',
    ['--exclusive', '--nonblock', '--conflict-exit-code', `${HELD_BY_ANOTHER}`, '3'],
    { stdio: ['ignore', 'ignore', 'ignore', file.fd], env: CHILD_ENVIRONMENT },
  );
  if (status === 0) return { fd: file.fd, release: () => file.close() };
  await file.close();
  if (status === HELD_BY_ANOTHER) return undefined;
  throw error ?? new Error(`flock(1) ended with ${status ?? 'a signal'}`);
}
