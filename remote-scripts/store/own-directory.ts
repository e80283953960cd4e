import { lstat } from 'node:fs/promises';
import { isMissing } from '../../src/platform/files.ts';
import { StoreRefusal } from './refusal.ts';

/** Checks that a path is a directory of our own and not a symbolic link. @throws StoreRefusal otherwise */
export async function ownDirectory(path: string, uid: number): Promise<{ dev: number }> {
  const found = await realDirectory(path);
  if (found.uid !== uid) {
    throw new StoreRefusal(
      `${path} belongs to user ${found.uid}, and this runs as user ${uid}. Run it as the host's account, or correct the owner.`,
    );
  }
  return found;
}

/** Checks that a path is a directory and not a symbolic link. @throws StoreRefusal otherwise */
export async function realDirectory(path: string): Promise<{ dev: number; uid: number }> {
  try {
    const found = await lstat(path);
    if (found.isDirectory()) return found;
    const what = found.isSymbolicLink() ? 'a symbolic link' : 'not a directory';
    throw new StoreRefusal(`${path} is ${what}. Nothing is moved or deleted except in real directories.`);
  } catch (error) {
    if (isMissing(error))
      throw new StoreRefusal(`${path} does not exist. Run offsite-secondary add-host for this host.`);
    throw error;
  }
}
