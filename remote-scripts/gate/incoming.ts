import { constants, lstatSync } from 'node:fs';
import { lstat, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makePrivateDirectory } from '../../src/platform/files.ts';
import type { JobPaths } from '../store/places.ts';

/*
 * How one file arrives from a client: in a directory of its own, outside of the snapshots, which is rrsync's root meanwhile. What is sent
 * there is the client's choice.
 */

type Incoming = Pick<JobPaths, 'incoming'>;

/** Empties the directory into which rrsync will receive a file. */
export async function prepareIncoming(paths: Incoming): Promise<void> {
  await makePrivateDirectory(dirname(paths.incoming)); // before it is cleared: this reports what is in its place
  await clearIncoming(paths);
  await makePrivateDirectory(paths.incoming);
}

/** Milliseconds between two looks at what arrives. */
const LOOK_EVERY = 50;

/**
 * Watches what arrives in place of the file. If a client sends several files, rsync makes a directory of that name, and a
 * purpose-built client could fill the disk of the state directory with small files until the session's limit.
 * @returns a signal that is aborted as soon as there is a directory, and how to stop watching
 */
export function watchIncoming({ incoming }: Incoming, name: string): { signal: AbortSignal; stop: () => void } {
  const several = new AbortController();
  const timer = setInterval(() => {
    if (lstatSync(join(incoming, name), { throwIfNoEntry: false })?.isDirectory()) several.abort();
  }, LOOK_EVERY);
  return { signal: several.signal, stop: () => clearInterval(timer) };
}

async function clearIncoming({ incoming }: Incoming): Promise<void> {
  await rm(incoming, { recursive: true, force: true });
}

/** Removes what rsync received there. Where a disk has just become read-only, it stays for {@link prepareIncoming}: how the session ended is known by now. */
export async function leaveIncoming(paths: Incoming): Promise<void> {
  await clearIncoming(paths).catch(() => undefined);
}

/**
 * Looks at what was received.
 * @param most bytes that the file may have
 * @returns undefined if it is one file of that name; otherwise, in words, what it is
 */
export async function unfitIncoming({ incoming }: Incoming, name: string, most: number): Promise<string | undefined> {
  const names = await readdir(incoming);
  if (names.length !== 1 || names[0] !== name) return 'not one file of its name';
  const found = await lstat(join(incoming, name));
  if (!found.isFile() || found.nlink !== 1) return 'not a regular file';
  return found.size > most ? `larger than ${most} bytes` : undefined;
}

/** Reads what was received and is fit. */
export async function readIncoming({ incoming }: Incoming, name: string): Promise<string> {
  const file = await open(join(incoming, name), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
