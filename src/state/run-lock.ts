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
 * Takes the lock of one job and target, so that one run at a time writes there.
 * @param name distinguishes locks; a file of that name stands in `directory`
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
    // A full disk takes only the note: the lock itself is the kernel's.
  }
  return { kind: 'locked', release: () => lock.release() };
}

/**
 * The run that holds a lock at this moment. The lock itself is not touched: whoever took it to look would turn a run away that
 * begins just then.
 * @returns undefined when none does, or it cannot be told
 */
export async function readRunningRun(directory: string, name: string): Promise<LockHolder | undefined> {
  const path = join(directory, `${name}.lock`);
  if (!(await isLocked(path))) return undefined;
  const holder = await readHolder(path);
  // A run that has only just begun has not written its note yet; what stands there is of the one before.
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

/** Bytes of the note of who holds a lock, at most. */
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
