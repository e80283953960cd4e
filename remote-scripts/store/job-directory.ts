import { lstat, mkdir, readdir, rename, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode, isMissing } from '../../src/platform/files.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { frozenName, partialName } from '../../src/shared/entry-names.ts';
import type { JobPaths } from './places.ts';
import { statesOf, type SnapshotState } from './snapshot-state.ts';

/** The ids in a job's directory and their states. */
export interface JobDirectory {
  readonly path: string;
  readonly states: ReadonlyMap<SnapshotId, SnapshotState>;
}

/** Reads a job's directory; one that does not exist has no snapshots. */
export async function readJobDirectory(path: string): Promise<JobDirectory> {
  try {
    return { path, states: statesOf(await readdir(path)) };
  } catch (error) {
    if (isMissing(error)) return { path, states: new Map() };
    throw error;
  }
}

/** Whether `name` is a directory, and not a symbolic link to one. */
export async function isRealDirectory(directory: string, name: string): Promise<boolean> {
  try {
    return (await lstat(join(directory, name))).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Makes the directory of a job, if there is none. @throws Error when something else has its name */
export async function makeJobDirectory({ snapshots }: Pick<JobPaths, 'snapshots'>): Promise<void> {
  try {
    await mkdir(snapshots, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  if (!(await isRealDirectory(dirname(snapshots), basename(snapshots))))
    throw new Error(`${snapshots} is not a directory`);
}

/** Makes the directory of a push. @throws NodeJS.ErrnoException when there is one */
export async function makePartial({ snapshots }: Pick<JobPaths, 'snapshots'>, id: SnapshotId): Promise<void> {
  await mkdir(join(snapshots, partialName(id)), { mode: 0o700 });
}

/** Marks an attempt as ended. It is never sealed, but stays as a basis. */
export async function freeze({ snapshots }: Pick<JobPaths, 'snapshots'>, id: SnapshotId): Promise<void> {
  await rename(join(snapshots, partialName(id)), join(snapshots, frozenName(id)));
}

/**
 * Freezes what broken sessions left. To be called under the job's lock: nothing writes to any of them then.
 */
export async function freezeLeftovers(paths: Pick<JobPaths, 'snapshots'>): Promise<void> {
  const { states } = await readJobDirectory(paths.snapshots);
  for (const [id, state] of states) if (state === 'partial') await freeze(paths, id);
}

/** Space and inodes of a directory's file system, for those who are not root. Some file systems do not count inodes. */
export async function freeSpace(
  path: string,
): Promise<{ totalBytes: number; freeBytes: number; freeInodes: number | undefined }> {
  const { blocks, bfree, bavail, bsize, files, ffree } = await statfs(path);
  return {
    totalBytes: (blocks - bfree + bavail) * bsize,
    freeBytes: bavail * bsize,
    freeInodes: files === 0 ? undefined : ffree,
  };
}
