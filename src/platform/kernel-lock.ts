import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { openRegularFile } from './regular-file.ts';

/**
 * An exclusive lock that the kernel frees when the last process that has the file open ends, in whatever way. So nothing has to be
 * cleaned up after a crash.
 */
export interface KernelLock {
  /** The locked file, for a note on who holds it; a child that inherits its descriptor holds the lock too. */
  readonly file: FileHandle;
  /** Releases the lock. The file stays: if it were removed, two processes could lock two different files of the same name. */
  release(): Promise<void>;
}

/** How to take a lock. */
export interface LockOptions {
  /** What is to be locked; default: a file, which is created with mode 0600 if missing. */
  readonly kind?: 'file' | 'directory';
  /** Milliseconds to wait if another process holds the lock; default: none. */
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
 * Whether a process holds a lock at this moment. It reads the kernel's list and does not touch the lock. The device is not compared,
 * because on some file systems (btrfs) stat(2) reports another one.
 */
export async function isLocked(path: string): Promise<boolean> {
  try {
    const { ino } = await stat(path, { bigint: true });
    const listed = await readFile('/proc/locks', 'utf8');
    return [...listed.matchAll(HELD)].some(([, inode]) => inode === String(ino));
  } catch {
    return false; // no such lock, or no usable /proc
  }
}

/**
 * Takes a lock. Node has no flock(2): flock(1) locks our own open file, which it inherits as descriptor 3 (facts.md#locks).
 * @returns undefined when another process held it for the whole time, or the waiting was aborted
 * @throws UnfitFileError when a file belongs there and the path is something else
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
