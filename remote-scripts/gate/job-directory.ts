import { lstat, mkdir, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isMissing } from '../../src/platform/files.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';

/**
 * What a job's directory holds of one id (design.md#on-the-secondary).
 *
 * `bare` is a directory under its final name without a seal: a seal was being placed when the gate died, or nobody
 * knows where it came from. It is left alone.
 */
export type SnapshotState = 'none' | 'partial' | 'frozen' | 'sealed' | 'bare';

/** The ids in a job's directory and their states. */
export interface JobDirectory {
  readonly path: string;
  readonly states: ReadonlyMap<SnapshotId, SnapshotState>;
}

const ENTRY = /^([^.]+)(|\.partial|\.frozen|\.sealed)$/;

/** Tells the states from the names in a job's directory. Names that are not ours are ignored. */
export function statesOf(names: readonly string[]): Map<SnapshotId, SnapshotState> {
  const suffixes = new Map<SnapshotId, Set<string>>();
  for (const name of names) {
    const [, stem = '', suffix = ''] = ENTRY.exec(name) ?? [];
    const id = parseSnapshotId(stem);
    if (id === undefined) continue;
    suffixes.set(id, (suffixes.get(id) ?? new Set()).add(suffix));
  }
  const states = new Map<SnapshotId, SnapshotState>();
  for (const [id, found] of suffixes) {
    // prune leaves a seal without its snapshot when it dies half-way; the id counts as used all the same.
    if (found.has('')) states.set(id, found.has('.sealed') ? 'sealed' : 'bare');
    else if (found.has('.partial')) states.set(id, 'partial');
    else states.set(id, found.has('.frozen') ? 'frozen' : 'bare');
  }
  return states;
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

/** The name of an id's directory, or undefined if it has none. */
export function directoryName(id: SnapshotId, state: SnapshotState): string | undefined {
  switch (state) {
    case 'partial':
      return `${id}.partial`;
    case 'frozen':
      return `${id}.frozen`;
    case 'sealed':
      return id;
    case 'bare':
    case 'none':
      return undefined;
    default:
      return state satisfies never;
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

/** Makes the directory of a job, unless it is there. @throws Error when something else has its name */
export async function makeJobDirectory(hostRoot: string, job: string): Promise<void> {
  try {
    await mkdir(join(hostRoot, job), { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  if (!(await isRealDirectory(hostRoot, job))) throw new Error(`${join(hostRoot, job)} is not a directory`);
}

/** What the file system of a directory has left. Some file systems do not count inodes. */
export async function freeSpace(path: string): Promise<{ freeBytes: number; freeInodes: number | undefined }> {
  const { bavail, bsize, files, ffree } = await statfs(path);
  return { freeBytes: bavail * bsize, freeInodes: files === 0 ? undefined : ffree };
}
