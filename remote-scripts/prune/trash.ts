import { chmod, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isMissing } from '../../src/platform/files.ts';
import type { ProcessEnd, RunProcess } from '../../src/platform/process.ts';
import { TOOL_ENVIRONMENT } from './freed.ts';
import { mountWithin, ownDirectory } from './places.ts';

/** Makes the trash of a host, or makes sure that what is there is ours. @throws PruneRefusal when it is not */
export async function prepareTrash(trash: string, uid: number): Promise<void> {
  try {
    await mkdir(trash, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  await ownDirectory(trash, uid);
}

/**
 * Moves one directory or file into the trash: one rename on one file system, so it is either where it was, whole, or
 * gone from there.
 * @param label names it in the trash; a number is added when that name is taken
 * @returns false when it does not exist (any more)
 */
export async function moveToTrash(path: string, trash: string, label: string): Promise<boolean> {
  let isDirectory: boolean;
  try {
    isDirectory = (await lstat(path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  const taken = new Set(await readdir(trash));
  let name = label;
  for (let number = 2; taken.has(name); number += 1) name = `${label}.${number}`;
  try {
    await rename(path, join(trash, name));
  } catch (error) {
    // A directory gets a new "..", which takes the right to write in it. Only on the way into the trash, and only of
    // the directory itself: files share their inodes, and with them their modes, with snapshots that stay.
    if (!isDirectory || errorCode(error) !== 'EACCES') throw error;
    await chmod(path, 0o700);
    await rename(path, join(trash, name));
  }
  return true;
}

/** Makes renames in a directory last: a power cut must not bring back half of them. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** How far emptying the trash has come. */
export interface TrashProgress {
  readonly name: string;
  readonly number: number;
  readonly of: number;
}

/** What deleting takes. */
export interface TrashDeps {
  readonly runProcess: RunProcess;
  readonly onProgress?: (progress: TrashProgress) => void;
  readonly mountPoints: readonly string[];
  readonly signal?: AbortSignal;
}

/** How emptying went. */
export interface EmptiedTrash {
  readonly deleted: number;
  /** What could not be deleted, and why. */
  readonly failures: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Deletes all that lies in the trash, also what an earlier run left there. Dying at any moment is harmless: the next
 * run goes on.
 */
export async function emptyTrash(trash: string, deps: TrashDeps): Promise<EmptiedTrash> {
  const names = (await readdir(trash)).sort();
  const failures: { name: string; reason: string }[] = [];
  let deleted = 0;
  for (const [index, name] of names.entries()) {
    if (deps.signal?.aborted) break;
    deps.onProgress?.({ name, number: index + 1, of: names.length });
    const mount = mountWithin(join(trash, name), deps.mountPoints);
    const failure = mount === undefined ? await deleteOne(trash, name, deps) : `${mount} is a mount point in it`;
    if (failure === undefined) deleted += 1;
    else failures.push({ name, reason: failure });
  }
  return { deleted, failures };
}

/** Deletes one entry. @returns why it could not be deleted, if so */
async function deleteOne(trash: string, name: string, deps: TrashDeps): Promise<string | undefined> {
  // Half of what goes are seals, and a process for each would take longer than the removal of many a snapshot.
  if (await removeFile(join(trash, name))) return undefined;
  const first = await removeTree(trash, name, deps);
  if (endedWell(first)) return undefined;
  if (deps.signal?.aborted) return 'interrupted; the next run goes on';
  // rm cannot go into a directory without permissions, which a snapshot under `metadata: plain` may hold (FACTS 22).
  // Only now, because looking for them takes as long again as deleting.
  await deps.runProcess({
    ...toolSpec(trash, deps),
    program: 'find',
    args: [`./${name}`, '-xdev', '-type', 'd', '!', '-perm', '-700', '-execdir', 'chmod', 'u+rwx', '{}', ';'],
  });
  const second = await removeTree(trash, name, deps);
  return endedWell(second) ? undefined : whyOf(second);
}

/** Removes one name that is no directory. @returns false when it is one, or cannot be removed */
async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch {
    return false; // EISDIR; whatever else is wrong, rm says in better words
  }
}

async function removeTree(trash: string, name: string, deps: TrashDeps): Promise<ProcessEnd> {
  return deps.runProcess({
    ...toolSpec(trash, deps),
    program: 'rm',
    args: ['-rf', '--one-file-system', '--', `./${name}`],
  });
}

function toolSpec(cwd: string, { signal }: TrashDeps) {
  return { cwd, env: TOOL_ENVIRONMENT, ...(signal ? { signal } : {}) };
}

function endedWell(end: ProcessEnd): boolean {
  return end.kind === 'exited' && end.code === 0;
}

function whyOf(end: ProcessEnd): string {
  if (end.kind === 'not-started') return end.cause.message;
  return end.stderrTail.split('\n')[0] || `rm ${end.kind}`;
}
