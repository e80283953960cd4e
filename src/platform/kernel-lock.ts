import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { openRegularFile } from './regular-file.ts';

/**
 * An exclusive lock that the kernel frees when the last process ends that has the file open, however it ends: nothing has to be cleaned
 * up after a crash.
 */
export interface KernelLock {
  /** The locked file, for a note on who holds it; a child that inherits its descriptor holds the lock too. */
  readonly file: FileHandle;
  /** Lets go here. The file stays: removing it would let two processes lock two files of one name. */
  release(): Promise<void>;
}

/** How to take a lock. */
export interface LockOptions {
  /** What lies at the path; default: a file, which is made with mode 0600 if missing. */
  readonly kind?: 'file' | 'directory';
  /** Milliseconds to wait for whoever holds it; default: none. */
  readonly waitMs?: number;
  /** Aborting it ends the waiting. */
  readonly signal?: AbortSignal;
  /** Environment of flock(1); default: this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Exit code that flock(1) is told to give when somebody else holds the lock. */
const HELD_BY_ANOTHER = 75;

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
 * Takes a lock. Node has no flock(2): flock(1) locks our own open file, which it inherits as descriptor 3 (facts.md#locks).
 * @returns undefined when it was not to be had in time, or the waiting was aborted
 * @throws UnfitFileError when no file lies there, though one belongs there
 * @throws Error when it cannot be opened, is a symbolic link, or flock(1) is missing
 */
export async function takeLock(path: string, options: LockOptions = {}): Promise<KernelLock | undefined> {
  const { kind = 'file', waitMs = 0, signal, env } = options;
  const file = await openToLock(path, kind);
  let locked = false;
  try {
    const exitCode = await callFlock(file.fd, waitMs, signal, env);
    locked = exitCode === 0;
    if (locked) return { file, release: () => file.close() };
    if (exitCode === HELD_BY_ANOTHER || signal?.aborted) return undefined;
    throw new Error(`Cannot lock ${path}: flock(1) ended with ${exitCode ?? 'a signal'}.`);
  } finally {
    if (!locked) await file.close();
  }
}

function openToLock(path: string, kind: 'file' | 'directory'): Promise<FileHandle> {
  const { O_RDWR, O_CREAT, O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  return kind === 'file'
    ? openRegularFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
    : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

async function callFlock(
  fd: number,
  waitMs: number,
  signal: AbortSignal | undefined,
  env: LockOptions['env'],
): Promise<number | null> {
  const waiting = waitMs === 0 ? ['--nonblock'] : ['--timeout', (waitMs / 1000).toFixed(3)];
  const locker = spawn('flock', ['--exclusive', ...waiting, '--conflict-exit-code', `${HELD_BY_ANOTHER}`, '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
    ...(env === undefined ? {} : { env }),
  });
  const stop = () => void locker.kill();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  try {
    const [exitCode] = (await once(locker, 'exit')) as [number | null];
    return exitCode;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
