import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { openRegularFile } from '../../src/platform/regular-file.ts';
import { TOOL_ENVIRONMENT } from './freed.ts';

/** Exit code that flock(1) is told to give when the lock was not to be had in time. */
const HELD_BY_ANOTHER = 75;

/** A lock that the kernel frees when this process ends, however it ends. */
export interface HeldLock {
  release(): Promise<void>;
}

/**
 * Takes an exclusive flock(2): flock(1) locks our own open file, which it inherits (facts.md#locks).
 * @param path a file, made if missing, or a directory
 * @param kind what lies at `path`
 * @param waitMs how long to wait for whoever holds it
 * @returns undefined when it was not to be had in time
 * @throws Error when the file cannot be opened, is a symbolic link, or flock(1) is missing
 */
export async function waitForLock(
  path: string,
  kind: 'file' | 'directory',
  waitMs: number,
  signal?: AbortSignal,
): Promise<HeldLock | undefined> {
  const file =
    kind === 'file'
      ? await openRegularFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
      : await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const locker = spawn(
    'flock',
    ['--exclusive', '--timeout', (waitMs / 1000).toFixed(3), '--conflict-exit-code', `${HELD_BY_ANOTHER}`, '3'],
    { stdio: ['ignore', 'ignore', 'ignore', file.fd], env: TOOL_ENVIRONMENT },
  );
  const stop = () => void locker.kill();
  signal?.addEventListener('abort', stop, { once: true });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    locker.once('error', reject);
    locker.once('exit', resolve);
  }).finally(() => signal?.removeEventListener('abort', stop));
  if (exitCode === 0) return { release: () => file.close() };
  await file.close();
  if (exitCode === HELD_BY_ANOTHER || signal?.aborted) return undefined;
  throw new Error(`Cannot lock ${path}: flock(1) ended with ${exitCode ?? 'a signal'}`);
}
