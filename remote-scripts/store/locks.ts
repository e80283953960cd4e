import { lstatSync } from 'node:fs';
import { takeLock as takeKernelLock, type KernelLock, type LockOptions } from '../../src/platform/kernel-lock.ts';
import { CHILD_ENVIRONMENT } from './environment.ts';
import type { HostPlaces, JobPaths, StatePlaces } from './places.ts';

/*
 * The locks on the secondary. Each is the kernel's (flock(2)), so it ends with its holder.
 *
 *   lock         held by                            while
 *   gateLock     a session, its rsync; prune        names in the job's directory change
 *   jobLock      prune                              the same; under a plain rrsync it is the host's root, which rrsync locks
 *   hostLock     a run of prune; pin, unpin         it runs; pins are changed
 *   memoryLock   prune, run and freshness check     people are told, and that is remembered
 *   drillLock    a run of offsite-drill             it runs: its scratch directory is its own
 *   whileLocked  a program of the gate's            it runs, during a session or after it
 */

/** A lock, with the kind of file that is locked. */
export interface StoreLock {
  readonly path: string;
  readonly kind: 'file' | 'directory';
}

/** The lock of a session of the gate. */
export function gateLock({ lock }: Pick<JobPaths, 'lock'>): StoreLock {
  return { path: lock, kind: 'file' };
}

/**
 * The lock that keeps writers away from a job, with the gate or a plain rrsync (facts.md#its-own-lock).
 * @param job paths of the job
 */
export function jobLock(
  secondary: 'gate' | 'rrsync',
  { root }: Pick<HostPlaces, 'root'>,
  job: Pick<JobPaths, 'lock'>,
): StoreLock {
  switch (secondary) {
    case 'gate':
      return gateLock(job);
    case 'rrsync':
      return { path: root, kind: 'directory' };
    default:
      return secondary satisfies never;
  }
}

/**
 * Locks the directory itself, because without free inodes no lock file could be created, and prune is what frees them.
 */
export function hostLock({ state }: Pick<StatePlaces, 'state'>): StoreLock {
  return { path: state, kind: 'directory' };
}

/** The freshness check and a run of prune may run at the same time. Each must see what the other has told people. */
export function memoryLock({ memoryLock: path }: Pick<StatePlaces, 'memoryLock'>): StoreLock {
  return { path, kind: 'file' };
}

/** A drill of a host that takes long must not meet the next one. */
export function drillLock({ drillLock: path }: Pick<StatePlaces, 'drillLock'>): StoreLock {
  return { path, kind: 'file' };
}

/**
 * Takes a lock.
 * @returns undefined when another process held it for the whole time, or the waiting was aborted
 * @throws UnfitFileError when a file belongs there and the path is something else
 */
export function takeLock(
  { path, kind }: StoreLock,
  wait: Pick<LockOptions, 'waitMs' | 'signal'> = {},
): Promise<KernelLock | undefined> {
  return takeKernelLock(path, { kind, env: CHILD_ENVIRONMENT, ...wait });
}

/**
 * The command that runs another while it holds a lock. The lock file must be {@link fitsFile}.
 * @param held what to do if another process holds it
 */
export function whileLocked(
  path: string,
  words: readonly string[],
  held: 'wait' | 'give-up',
): { readonly program: string; readonly args: string[] } {
  return { program: 'flock', args: [...(held === 'wait' ? [] : ['--nonblock']), '--no-fork', path, ...words] };
}

/**
 * Whether a program can open a path as a file; opening a named pipe would wait for ever. If nothing is there, the file
 * is created.
 */
export function fitsFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() !== false;
}
