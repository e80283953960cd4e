import { spawnSync } from 'node:child_process';
import { linkSync, lstatSync, readdirSync, renameSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../src/platform/files.ts';
import { CHILD_ENVIRONMENT } from './environment.ts';

/*
 * A file system bounds the names of one file: ext4 to 65,000, counted over all snapshots that share it. Where a link does not
 * fit any more, rsync copies a file with one name, but gives up in the middle of a file with several (-H). So the attempt that
 * broke there is searched for all files whose names would not fit once more, and gets a copy of each: it is the basis of
 * the next push, which links to the copies. Nothing is sent again, and nothing of a sealed snapshot is touched.
 */

/** Links between two trees of one file system, and what becomes of those that do not fit. */
export interface Crowd {
  /** Links, to a copy where there is one. @throws NodeJS.ErrnoException */
  link(from: string, to: string): void;
  /** Whether a link did not fit. */
  found(): boolean;
  /** Replaces the names of a tree whose file has no room for as many again by links to a copy. */
  renew(tree: string): void;
}

/** Begins with no copies. */
export function createCrowd(): Crowd {
  /** Names that a file can have here, as a full one has shown. */
  let most: number | undefined;
  /** Copies by the inode that they are of. */
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
        // Room is for those of the next attempt beside all that there are.
        if (first === undefined || links + names.length < most) continue;
        if (!copyInPlace(first)) continue;
        copies.set(inode, first);
        for (const name of others) replaceByLink(first, name);
      }
    },
  };
}

/** Files that may have no room for as many names again: only of which more than half are taken. */
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

/** Node copies no xattrs, in which `fake_super` keeps owners, modes and ACLs. */
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
