import { chmod, lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isMissing } from '../../src/platform/files.ts';
import { ownDirectory } from './own-directory.ts';

/**
 * The trash of one host, as one run of prune knows it. Meanwhile only the gate puts something there: attempts, under a
 * lock that prune takes too, and under names that are not given twice.
 */
export interface Trash {
  readonly path: string;
  /** Names that are taken in it. */
  readonly taken: Set<string>;
}

/** Makes the trash of a host, or makes sure that what is there is ours. @throws StoreRefusal when it is not */
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
 * Moves one directory or file into the trash: one rename on one file system, so it is either where it was, whole, or
 * gone from there.
 * @param label names it in the trash; a number is added when that name is taken
 * @returns false when it does not exist (any more)
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
    // A directory gets a new "..", which takes the right to write in it. Only on the way into the trash, and only of
    // the directory itself: files share their inodes, and with them their modes, with snapshots that stay.
    if (!isDirectory || errorCode(error) !== 'EACCES') throw error;
    await chmod(path, 0o700);
    await rename(path, destination);
  }
  trash.taken.add(name);
  return true;
}
