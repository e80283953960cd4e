import { chmod, lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isMissing } from '../../src/platform/files.ts';
import { ownDirectory } from './own-directory.ts';

/**
 * The trash of one host, as one run of prune knows it. Besides prune, only the gate puts something there: attempts,
 * under a lock that prune takes too, and under unique names.
 */
export interface Trash {
  readonly path: string;
  /** Names that are taken in it. */
  readonly taken: Set<string>;
}

/** Creates the trash of a host, or checks that the existing one is ours. @throws StoreRefusal when it is not */
export async function prepareTrash(path: string, uid: number): Promise<Trash> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  await ownDirectory(path, uid);
  return { path, taken: new Set(await readdir(path)) };
}

/**
 * Moves one directory or file into the trash: one rename within one file system, so it is either still in its place as
 * a whole, or gone from there.
 * @param label its name in the trash; a number is added if that name is taken
 * @returns false when it does not exist, or no longer does
 */
export async function moveToTrash(path: string, trash: Trash, label: string): Promise<boolean> {
  let isDirectory: boolean;
  try {
    isDirectory = (await lstat(path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  let name = label;
  for (let number = 2; trash.taken.has(name); number += 1) name = `${label}.${number}`;
  const destination = join(trash.path, name);
  try {
    await rename(path, destination);
  } catch (error) {
    // A moved directory gets a new "..", which needs the right to write to it. The mode is changed only for what goes
    // into the trash, and only that of the directory itself: files share their inodes, and so their modes, with
    // snapshots that stay.
    if (!isDirectory || errorCode(error) !== 'EACCES') throw error;
    await chmod(path, 0o700);
    await rename(path, destination);
  }
  trash.taken.add(name);
  return true;
}
