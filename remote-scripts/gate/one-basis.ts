import { lstatSync, mkdirSync, readdirSync, renameSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { createCrowd, type Crowd } from './crowded-inodes.ts';

/*
 * A session gets one basis at most. With a second one, rsync's receiver keeps its number (1) in a field that it later
 * reads as the index of a file, and index 1 is a name that the client chose; with one basis it is 0, where an
 * incremental list has nothing (see docs/security.md, "What rsync's receiver is not trusted with"). So if a push may
 * link to the last sealed snapshot and to a broken attempt, the attempt is filled up with links to what only the
 * snapshot has, and serves as both. This is done under the job's lock, before rsync talks to the client. If it is
 * interrupted, it does no harm and can be repeated.
 */

/**
 * Links into a broken attempt what the sealed snapshot has and the attempt lacks. What cannot be linked (a directory that may not be
 * written to, a full disk) is left out: it is then sent. Where files have as many names as the file system allows, the
 * attempt gets copies of them: see crowded-inodes.ts.
 * @param sealed directory of the snapshot
 * @param attempt directory of the attempt
 */
export function fillUp(attempt: string, sealed: string): void {
  const crowded = createCrowd();
  link(attempt, sealed, crowded);
  if (!crowded.found()) return;
  crowded.renew(attempt);
  link(attempt, sealed, crowded); // what could not get one more name is linked to the copy
}

function link(attempt: string, sealed: string, crowd: Crowd): void {
  for (const entry of entriesOf(sealed)) {
    const from = join(sealed, entry.name);
    const to = join(attempt, entry.name);
    const there = lstatSync(to, { throwIfNoEntry: false });
    if (entry.isDirectory()) {
      if (there !== undefined ? there.isDirectory() : tried(() => mkdirSync(to, { mode: 0o700 })))
        link(to, from, crowd);
    } else if (there === undefined) {
      tried(() => crowd.link(from, to));
    } else if (entry.isFile() && there.isFile() && there.mtimeMs === 0) {
      // A file that was cut short (rsync dates it 1970): the whole older one is the better basis.
      const beside = `${to}.offsite-link`;
      if (tried(() => crowd.link(from, beside))) tried(() => renameSync(beside, to));
    }
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function tried(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
