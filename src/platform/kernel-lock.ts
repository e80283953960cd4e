import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { readFile, stat, type FileHandle } from 'node:fs/promises';
import { openRegularFile } from './regular-file.ts';

/** An exclusive lock that the kernel frees when this process ends, however it ends. */
export interface KernelLock {
  /** The locked file, for a note on who holds it. */
  readonly file: FileHandle;
  /** Frees the lock. The file stays: removing it would let two processes lock two files of one name. */
  release(): Promise<void>;
}

/** One flock(2) in /proc/locks (proc(5)): `1: FLOCK  ADVISORY  WRITE 4711 fe:00:263424 0 EOF`; the inode comes last of the three. */
const HELD = /^\d+: FLOCK +\S+ +WRITE \d+ [\da-f]+:[\da-f]+:(\d+) /gm;

/**
 * Whether somebody holds a lock at this moment, without touching it: as the kernel lists it. The device is not compared, since on
 * some file systems (btrfs) stat(2) names another.
 */
export async function isLocked(path: string): Promise<boolean> {
  try {
    const { ino } = await stat(path, { bigint: true });
    const listed = await readFile('/proc/locks', 'utf8');
    return [...listed.matchAll(HELD)].some(([, inode]) => inode === String(ino));
  } catch {
    return false; // no such lock, or a /proc that does not tell
  }
}

/**
 * Takes a lock without waiting.
 *
 * Node has no flock(2): flock(1) locks our own open file description, which it inherits as descriptor 3 (facts.md#locks).
 * @param path the lock file; made with mode 0600 if missing
 * @returns the lock, or undefined when another process holds it
 * @throws UnfitFileError when no file lies there
 * @throws Error when the file cannot be opened or flock(1) cannot be started
 */
export async function tryLock(path: string): Promise<KernelLock | undefined> {
  const file = await openRegularFile(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const locker = spawn('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', file.fd] });
    const [exitCode] = (await once(locker, 'exit')) as [number | null];
    if (exitCode === 0) return { file, release: () => file.close() };
    await file.close();
    if (exitCode === 1) return undefined;
    throw new Error(`Cannot lock ${path}: flock(1) failed.`);
  } catch (error) {
    await file.close().catch(() => undefined); // already closed above, or never usable
    throw error;
  }
}
