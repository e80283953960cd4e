import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory, writeFileAtomic } from '../platform/files.ts';
import { jobFile } from './job-file.ts';

/**
 * A note that stored content was found corrupt, or may be corrupt because size and time do not tell. rsync links by size and mtime, so
 * the next snapshot would inherit the damage. While the note exists, a push compares by checksum and sends what differs. It is a file of
 * its own so that a verification can write it while a run holds the state.
 */
export async function noteDistrust(stateDirectory: string, job: string, target: string, now: Date): Promise<void> {
  await makePrivateDirectory(join(stateDirectory, 'jobs'));
  await writeFileAtomic(noteFile(stateDirectory, job, target), `${now.toISOString()}\n`);
}

/** Whether the note exists. */
export async function isDistrusted(stateDirectory: string, job: string, target: string): Promise<boolean> {
  return access(noteFile(stateDirectory, job, target)).then(
    () => true,
    () => false,
  );
}

/** Removes the note, once a snapshot that was compared by checksum is sealed. */
export async function clearDistrust(stateDirectory: string, job: string, target: string): Promise<void> {
  await rm(noteFile(stateDirectory, job, target), { force: true });
}

function noteFile(stateDirectory: string, job: string, target: string): string {
  return jobFile(stateDirectory, job, target, 'distrusted');
}
