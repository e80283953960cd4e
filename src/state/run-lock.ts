import { join } from 'node:path';
import { errorCode, makePrivateDirectory } from '../platform/files.ts';
import { isLocked, takeLock } from '../platform/kernel-lock.ts';
import { readRegularFile } from '../platform/regular-file.ts';

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** The outcome of taking a lock. `holder` is undefined while the other process has not yet written its note. */
export type Locked =
  | { readonly kind: 'locked'; release(): Promise<void> }
  | { readonly kind: 'held'; readonly holder: LockHolder | undefined };

/**
 * Takes the lock of one job and target, so that only one run at a time writes there.
 * @param name name of the lock, and of its file in `directory`
 * @throws Error when the directory or file cannot be made
 */
export async function takeRunLock(directory: string, name: string, now: Date): Promise<Locked> {
  await makePrivateDirectory(directory);
  const path = join(directory, `${name}.lock`);
  const lock = await takeLock(path);
  if (!lock) return { kind: 'held', holder: await readHolder(path) };
  const note = JSON.stringify({ pid: process.pid, since: now.toISOString() } satisfies LockHolder);
  try {
    await lock.file.truncate(0);
    await lock.file.write(`${note}\n`, 0);
  } catch {
    // A full disk only prevents the note; the lock itself is held by the kernel.
  }
  return { kind: 'locked', release: () => lock.release() };
}

/**
 * The run that holds a lock at this moment. This does not take the lock, because that would turn away a run that begins at the same
 * moment.
 * @returns undefined when no run holds it, or that cannot be determined
 */
export async function readRunningRun(directory: string, name: string): Promise<LockHolder | undefined> {
  const path = join(directory, `${name}.lock`);
  if (!(await isLocked(path))) return undefined;
  const holder = await readHolder(path);
  // A run that has only just begun has not written its note yet; the file still contains the note of the previous one.
  return holder !== undefined && isAlive(holder.pid) ? holder : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** Largest size in bytes of the note that says who holds a lock. */
const LARGEST_NOTE = 4096;

async function readHolder(path: string): Promise<LockHolder | undefined> {
  try {
    const note: unknown = JSON.parse(await readRegularFile(path, LARGEST_NOTE));
    if (typeof note !== 'object' || note === null || !('pid' in note) || !('since' in note)) return undefined;
    return typeof note.pid === 'number' && typeof note.since === 'string'
      ? { pid: note.pid, since: note.since }
      : undefined;
  } catch {
    return undefined;
  }
}
