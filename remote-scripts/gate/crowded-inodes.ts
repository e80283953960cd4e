import { spawnSync } from 'node:child_process';
import { linkSync, lstatSync, readdirSync, renameSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../src/platform/files.ts';
import { CHILD_ENVIRONMENT } from '../store/environment.ts';

/*
 * A file system limits the number of names of one file (ext4: 65,000), counted over all snapshots that share it. When
 * no more links are possible, rsync copies a file that has one name, but gives up in the middle of a file with several
 * (-H). So in the attempt that broke there, every file that could not get as many names again is replaced by a copy.
 * This attempt is the basis of the next push, which links to the copies. Nothing is sent again, and nothing of a sealed
 * snapshot is touched.
 */

/** Makes links between two trees of one file system, and copies where a file can have no more names. */
export interface Crowd {
  /** Makes a link: to the copy, if one was made. @throws NodeJS.ErrnoException */
  link(from: string, to: string): void;
  /** Whether a link did not fit. */
  found(): boolean;
  /** Replaces all names in a tree of a file that could not get as many again with links to a copy. */
  renew(tree: string): void;
}

/** Starts without any copies. */
export function createCrowd(): Crowd {
  /** The most names that a file can have here, as learnt from one that has them. */
  let most: number | undefined;
  /** Copies, by the inode number of the original. */
  const copies = new Map<number, string>();
  return {
    link: (from, to) => {
      const copy = copies.size === 0 ? undefined : copies.get(lstatSync(from).ino);
      try {
        linkSync(copy ?? from, to);
      } catch (error) {
        if (copy === undefined && errorCode(error) === 'EMLINK') most = lstatSync(from).nlink;
        throw error;
      }
    },
    found: () => most !== undefined,
    renew: (tree) => {
      if (most === undefined) return;
      for (const [inode, { names, links }] of namesByInode(tree, most)) {
        const [first, ...others] = names;
        // There must be room for the names of the next attempt in addition to those that exist.
        if (first === undefined || links + names.length < most) continue;
        if (!copyInPlace(first)) continue;
        copies.set(inode, first);
        for (const name of others) replaceByLink(first, name);
      }
    },
  };
}

/** Files that may not be able to get as many names again: those with more than half of the names that are possible. */
function namesByInode(tree: string, most: number): Map<number, { readonly names: string[]; readonly links: number }> {
  const found = new Map<number, { readonly names: string[]; readonly links: number }>();
  const pending = [tree];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const entry of entriesOf(directory)) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) pending.push(path);
      if (!entry.isFile()) continue;
      const { ino, nlink } = lstatSync(path);
      if (nlink * 2 < most) continue;
      const known = found.get(ino);
      if (known === undefined) found.set(ino, { names: [path], links: nlink });
      else known.names.push(path);
    }
  }
  return found;
}

/** Uses cp(1), because Node does not copy xattrs, in which `fake_super` keeps owners, modes and ACLs. */
function copyInPlace(path: string): boolean {
  const beside = `${path}.offsite-copy`;
  const copied = spawnSync('cp', ['--preserve=all', '--no-dereference', '--', path, beside], {
    stdio: 'ignore',
    env: CHILD_ENVIRONMENT,
    cwd: '/',
  });
  if (copied.status !== 0) return false;
  renameSync(beside, path);
  return true;
}

function replaceByLink(copy: string, name: string): void {
  const beside = `${name}.offsite-copy`;
  linkSync(copy, beside);
  renameSync(beside, name);
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
