import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../platform/clock.ts';
import { makePrivateDirectory, writeFileAtomic } from '../platform/files.ts';
import { takeLock } from '../platform/kernel-lock.ts';
import { version } from '../shared/version.ts';
import { renderMetrics } from './metrics.ts';
import { allPairs, readStandings } from './read-standings.ts';

/** Milliseconds to wait for the lock; another run holds it only for a moment. */
const LOCK_WAIT = 10_000;

/**
 * Writes the metrics of all jobs, if the configuration asks for them. They are computed from state and history each
 * time, under a lock: if two runs end at once, the second sees what the first has recorded, so neither loses the
 * other's lines.
 * @throws Error when the file cannot be written; the old one is untouched then
 */
export async function writeMetrics(
  settings: Pick<Settings, 'jobs' | 'stateDirectory' | 'metricsFile'>,
  clock: Clock,
): Promise<void> {
  const { metricsFile, stateDirectory } = settings;
  if (metricsFile === undefined) return;
  await makePrivateDirectory(stateDirectory);
  const path = join(stateDirectory, 'metrics.lock');
  const lock = await takeLock(path, { waitMs: LOCK_WAIT });
  if (lock === undefined) throw new Error(`another process has kept ${path} locked for too long`);
  try {
    const standings = await readStandings(settings, allPairs(settings), clock.now());
    // 0644: node_exporter reads it as another user; it contains only names, times and sizes.
    await writeFileAtomic(metricsFile, renderMetrics(standings, version), 0o644);
  } finally {
    await lock.release();
  }
}
