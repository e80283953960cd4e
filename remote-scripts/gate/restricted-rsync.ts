import { spawn } from 'node:child_process';
import { endGroup, goneWithin } from '../../src/platform/process-group.ts';
import { CHILD_ENVIRONMENT } from '../store/environment.ts';
import { freeSpace } from '../store/job-directory.ts';
import { createProcessLook } from './process-look.ts';
import { createJudge, type Objection, type SessionBounds } from './session-watch.ts';

/** What rrsync has to run, and within which bounds. */
export interface RestrictedRun {
  /** The rebuilt command, passed to rrsync as sshd would pass it. */
  readonly command: string;
  /** The directory to which rrsync confines it. */
  readonly root: string;
  /** rrsync refuses `--delete` even in a dry run (facts.md#deletion), so a verification needs this. */
  readonly allowDelete: boolean;
  /** Inherited by rsync, which therefore holds the lock as long as it lives. */
  readonly lockFd: number;
  /** Milliseconds after which rsync and all its processes are ended. */
  readonly limitMs: number;
  /** Checked once a second. */
  readonly bounds: SessionBounds;
  /** Largest file that may be written, in bytes; the kernel ends rsync above it. */
  readonly largestFile?: number;
  /** Aborted when the gate itself has to end. */
  readonly signal: AbortSignal;
}

/** How rsync ended. */
export type RestrictedEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'too-long' }
  /** rsync ended by itself, but one of its processes did not, and was ended. */
  | { readonly kind: 'lingered' }
  | Objection
  | { readonly kind: 'stopped' };

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_AFTER = 5000;

/** Milliseconds that the other processes of a session have to end, once rsync itself has ended. */
const LINGER = 5000;

/**
 * Runs rrsync with the session's own standard streams, which belong to rsync's protocol: the gate reads and writes none.
 *
 * rrsync leads a process group, so that a limit ends every process of it, and gets SIGTERM from the kernel when the
 * gate is killed: no session outlives its wall clock. When this function returns, no process of the group can write any more, unless the
 * kernel itself holds one (a disk that does not answer); the session has then not ended well.
 * @throws Error when rrsync cannot be started
 */
export async function runRestrictedRsync(run: RestrictedRun): Promise<RestrictedEnd> {
  const child = spawn('setpriv', argumentsFor(run), {
    stdio: ['inherit', 'inherit', 'inherit', run.lockFd],
    env: { ...CHILD_ENVIRONMENT, SSH_ORIGINAL_COMMAND: run.command },
    cwd: '/',
    detached: true,
  });
  let cut: RestrictedEnd | undefined;
  let groupEnds: Promise<void> | undefined;
  const cutShort = (why: RestrictedEnd) => {
    cut ??= why;
    groupEnds ??= endGroup(child.pid, KILL_AFTER);
  };
  // Node counts timers in 31 bits; a longer one would fire at once.
  const timer = setTimeout(() => cutShort({ kind: 'too-long' }), Math.min(run.limitMs, 2 ** 31 - 1));
  const onAbort = () => cutShort({ kind: 'stopped' });
  run.signal.addEventListener('abort', onAbort, { once: true });
  if (run.signal.aborted) onAbort();
  const watch = child.pid === undefined ? undefined : watchSession(child.pid, run, cutShort);
  try {
    const end = await new Promise<RestrictedEnd>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        resolve(signal === null ? { kind: 'exited', code: code ?? 1 } : { kind: 'signalled', signal });
      });
    });
    // A process that writes still would write into a tree that the gate links into, or freezes.
    if (child.pid !== undefined && !(await goneWithin(child.pid, LINGER))) cutShort({ kind: 'lingered' });
    await groupEnds;
    return cut ?? end;
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    run.signal.removeEventListener('abort', onAbort);
  }
}

/** Milliseconds between two looks at a session. */
const LOOK_EVERY = 1000;

function watchSession(
  pid: number,
  { root, bounds }: RestrictedRun,
  object: (objection: Objection) => void,
): NodeJS.Timeout {
  const lookAtProcesses = createProcessLook(pid);
  const judge = createJudge(bounds);
  let looking = false;
  const look = async (): Promise<void> => {
    const objection = judge({ at: performance.now(), processes: lookAtProcesses(), ...(await freeSpace(root)) });
    if (objection !== undefined) object(objection);
  };
  return setInterval(() => {
    if (looking) return; // a disk hangs, but the wall clock still counts
    looking = true;
    look()
      .catch(() => undefined) // one check is skipped
      .finally(() => (looking = false));
  }, LOOK_EVERY);
}

function argumentsFor({ root, allowDelete, largestFile }: RestrictedRun): string[] {
  return [
    '--pdeathsig=TERM',
    '--no-new-privs',
    ...(largestFile === undefined ? [] : ['prlimit', `--fsize=${largestFile}`]),
    'rrsync',
    '-wo',
    '-munge',
    // It would lock the whole root for all jobs, and lose the lock when it is killed (facts.md#what-a-killed-session-leaves).
    '-no-lock',
    ...(allowDelete ? [] : ['-no-del']),
    root,
  ];
}
