import { spawn, spawnSync, type SpawnOptions } from 'node:child_process';
import { CHILD_ENVIRONMENT } from './environment.ts';

const OPTIONS = { stdio: 'ignore', env: CHILD_ENVIRONMENT } as const satisfies SpawnOptions;

/**
 * Waits until all of the file system that holds a directory is on the disk: a seal that survives a power cut must not
 * stand over files that did not.
 * @throws Error when that cannot be done
 */
export function flush(directory: string): void {
  const { status, error } = spawnSync('sync', wordsFor(directory), OPTIONS);
  if (status !== 0) throw error ?? new Error(`sync(1) ended with ${status ?? 'a signal'}`);
}

/**
 * Begins what {@link flush} will have to wait for, while something else goes on. Only a head start: whether it worked
 * does not matter, for {@link flush} comes after it and judges.
 * @returns when it has ended, however it did
 */
export function beginFlush(directory: string): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('sync', wordsFor(directory), OPTIONS);
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
}

function wordsFor(directory: string): string[] {
  return ['--file-system', directory];
}
