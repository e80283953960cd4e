import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../platform/clock.ts';
import { makePrivateDirectory, writeFileAtomic } from '../platform/files.ts';
import { tryLock } from '../platform/kernel-lock.ts';
import { version } from '../shared/version.ts';
import { renderMetrics } from './metrics.ts';
import { allPairs, readStandings } from './read-standings.ts';

/** Milliseconds between two looks at the lock, and looks before we give up: another run needs it for a moment only. */
const LOCK_PAUSE = 100;
const LOCK_TRIES = 100;

/**
 * Writes the metrics of all jobs, if the configuration wants them. Each time anew from state and history, under a lock:
 * of two runs that end at once, the second sees what the first has recorded, so none loses the other's lines.
 * @throws Error when the file cannot be written; the old one is untouched then
 */
export async function writeMetrics(
  settings: Pick<Settings, 'jobs' | 'stateDirectory' | 'metricsFile'>,
  clock: Clock,
): Promise<void> {
  const { metricsFile, stateDirectory } = settings;
  if (metricsFile === undefined) return;
  await makePrivateDirectory(stateDirectory);
  const lock = await waitForLock(join(stateDirectory, 'metrics.lock'), clock);
  try {
    const standings = await readStandings(settings, allPairs(settings), clock.now());
    // 0644: node_exporter reads it as another user; there is nothing in it but names, times and sizes.
    await writeFileAtomic(metricsFile, renderMetrics(standings, version), 0o644);
  } finally {
    await lock.release();
  }
}

async function waitForLock(path: string, clock: Clock) {
  for (let tries = 1; ; tries += 1) {
    const lock = await tryLock(path);
    if (lock) return lock;
    if (tries === LOCK_TRIES) throw new Error(`${path} is held by another process for too long`);
    await clock.sleep(LOCK_PAUSE);
  }
}
