import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../src/platform/clock.ts';
import { errorCode } from '../../src/platform/files.ts';
import type { Log } from '../../src/platform/logger.ts';
import { sealName } from '../../src/shared/seal.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { ScrubSettings } from '../config/settings.ts';
import { isRealDirectory, readJobDirectory } from '../store/job-directory.ts';
import type { JobPaths } from '../store/places.ts';
import type { Pace } from './pace.ts';
import type { ReadFile } from './read-file.ts';

/** One job whose bytes are to be proven. */
export interface ScrubbedJob {
  readonly name: string;
  readonly paths: JobPaths;
  readonly secondary: 'gate' | 'rrsync';
  readonly scrub: ScrubSettings;
}

/** What the work needs. */
export interface ScrubDeps {
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'sleep'>;
  readonly log: Log;
  readonly pace: Pace;
  readonly readFile: ReadFile;
  readonly onProgress?: ((share: number, what: string) => void) | undefined;
}

/** The sealed snapshots of a job, oldest first. */
export async function sealedSnapshots({ paths }: Pick<ScrubbedJob, 'paths'>): Promise<SnapshotId[]> {
  const { states } = await readJobDirectory(paths.snapshots);
  const sealed: SnapshotId[] = [];
  for (const [id, state] of states) {
    if (state === 'sealed' && (await isRealDirectory(paths.snapshots, id))) sealed.push(id);
  }
  return sealed.sort();
}

/** Whether a snapshot is still there, and still counts: prune may take it away at any time, and then nothing in it is missing. */
export async function isStillSealed({ paths }: Pick<ScrubbedJob, 'paths'>, id: SnapshotId): Promise<boolean> {
  return (await isRealDirectory(paths.snapshots, id)) && existsSync(join(paths.snapshots, sealName(id)));
}

/** Whether an error says that something is gone, as what prune has taken away meanwhile is. */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '');
}
