import { spawn } from 'node:child_process';
import { endGroup, goneWithin } from '../../src/platform/process-group.ts';
import { CHILD_ENVIRONMENT } from '../store/environment.ts';

/** Within which bounds a program runs. */
export interface GroupBounds {
  /** Inherited by the program, which therefore holds the lock of the job as long as it lives; undefined for one that only reads. */
  readonly lockFd: number | undefined;
  /** Milliseconds after which the program and all its processes are ended. */
  readonly limitMs: number;
  /** Aborted when the gate itself has to end. */
  readonly signal: AbortSignal;
}

/** What is to be run. `Cut` is why it may be ended besides its bounds. */
export interface GroupSpec<Cut> {
  /** The program and its arguments, behind the options of setpriv(1). */
  readonly words: readonly string[];
  /** Variables in addition to those that every program gets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** `own`: the standard streams are the session's. `collected`: there is no input, and what is written is returned. */
  readonly streams: 'own' | 'collected';
  /** Open files that the program gets, numbered from {@link FIRST_FD} on. */
  readonly descriptors?: readonly number[];
  /** Starts an interval that looks at the program, and may end it with a reason. */
  readonly watch?: (pid: number, cutShort: (why: Cut) => void) => NodeJS.Timeout;
}

/** How a program ended. */
export type GroupEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'stopped' }
  /** It ended by itself, but one of its processes did not, and was ended. */
  | { readonly kind: 'lingered' };

/** The end of a program, and what it wrote if that was collected. */
export interface GroupResult<Cut> {
  readonly end: GroupEnd | Cut;
  readonly stdout: string;
  readonly stderr: string;
}

/** The number of the first of a program's descriptors; 3 is the lock. */
export const FIRST_FD = 4;

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_AFTER = 5000;

/** Milliseconds that the other processes of a group have to end, once its leader has ended. */
const LINGER = 5000;

/**
 * Runs a program to its end, as the leader of a process group. A limit ends every process of the group, and the leader gets SIGTERM from
 * the kernel when the gate is killed. When this function returns, no process of the group can write any more, unless the kernel itself holds
 * one (a disk that does not answer); the program has then not ended well.
 * @throws Error when setpriv cannot be started
 */
export async function runInGroup<Cut = never>(spec: GroupSpec<Cut>, bounds: GroupBounds): Promise<GroupResult<Cut>> {
  const streams =
    spec.streams === 'own' ? (['inherit', 'inherit', 'inherit'] as const) : (['ignore', 'pipe', 'pipe'] as const);
  const child = spawn('setpriv', ['--pdeathsig=TERM', '--no-new-privs', ...spec.words], {
    stdio: [...streams, bounds.lockFd ?? 'ignore', ...(spec.descriptors ?? [])],
    env: { ...CHILD_ENVIRONMENT, ...spec.environment },
    cwd: '/',
    detached: true,
  });
  const { pid } = child;
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => (written[name] += text));
  const closed = new Promise((resolve) => child.once('close', resolve));
  let cut: GroupEnd | Cut | undefined;
  let groupEnds: Promise<void> | undefined;
  const cutShort = (why: GroupEnd | Cut) => {
    cut ??= why;
    groupEnds ??= endGroup(pid, KILL_AFTER);
  };
  // Node counts timers in 31 bits; a longer one would fire at once.
  const limit = Math.max(0, Math.min(bounds.limitMs, 2 ** 31 - 1));
  const timer = setTimeout(() => cutShort({ kind: 'too-long' }), limit);
  const onAbort = () => cutShort({ kind: 'stopped' });
  bounds.signal.addEventListener('abort', onAbort, { once: true });
  if (bounds.signal.aborted) onAbort();
  const watch = pid === undefined ? undefined : spec.watch?.(pid, cutShort);
  try {
    const end = await new Promise<GroupEnd>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        resolve(signal === null ? { kind: 'exited', code: code ?? 1 } : { kind: 'signalled', signal });
      });
    });
    // A process that writes still would write into a tree that the gate links into, freezes or seals.
    if (pid !== undefined && !(await goneWithin(pid, LINGER))) cutShort({ kind: 'lingered' });
    await groupEnds;
    if (cut !== undefined) return { end: cut, ...written };
    await closed;
    return { end, ...written };
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    bounds.signal.removeEventListener('abort', onAbort);
  }
}
