import { spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { endGroup } from '../../../src/platform/process-group.ts';
import { CHILD_ENVIRONMENT } from '../../store/environment.ts';
import { BAD_NOTES, SHARES, TREE_PROGRAM } from './tree-program.ts';

/** Within which bounds the gate works on a tree. */
export interface TreeBounds {
  /** Inherited by the program, which therefore holds the lock of the job as long as it lives. */
  readonly lockFd: number;
  /** Milliseconds after which it is ended. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** What was done to a tree. */
export type Filled =
  | {
      readonly kind: 'filled';
      /** Names that were linked to the basis, or to another name of the same file. */
      readonly linked: number;
      /** Files that could not be linked and were copied. */
      readonly copied: number;
    }
  /** Files of the tree have names elsewhere, which our client cannot bring about. Some of them, readable. */
  | { readonly kind: 'shares'; readonly names: string }
  | { readonly kind: 'bad-notes'; readonly reason: string }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'stopped' };

/** What {@link fillTree} needs. */
export interface FillSpec {
  /** The tree that rsync has written. */
  readonly tree: string;
  /** The sealed snapshot whose files are linked; undefined if there is none. */
  readonly basis: string | undefined;
  /** Path of the client's notes; undefined if there are none. */
  readonly notes: string | undefined;
  /** Bytes that may be copied where files cannot be linked. */
  readonly most: number;
  /** Path of the record of what is damaged in the basis, and the id of that; undefined: nothing is. */
  readonly damage: { readonly record: string; readonly id: string } | undefined;
}

/**
 * Links into a tree what a sealed snapshot has and the tree lacks, except for what the notes name. From then on nothing may write into
 * the tree. If this is interrupted, the tree is incomplete and never sealed by an honest client, whose verification misses files.
 * @throws Error with the code of the system call that failed
 */
export async function fillTree(spec: FillSpec, bounds: TreeBounds): Promise<Filled> {
  const { tree, basis, notes, most, damage } = spec;
  const number = basis === undefined ? '' : `${FIRST_FD + 1}`;
  const directories = [tree, ...(basis === undefined ? [] : [basis])].map(openDirectory);
  try {
    const { end, stdout, stderr } = await run(
      ['fill', `${FIRST_FD}`, number, notes ?? '', `${most}`, damage?.record ?? '', damage?.id ?? ''],
      directories,
      bounds,
    );
    if (end === 'too-long' || end === 'stopped') return { kind: end };
    if (end === SHARES) return { kind: 'shares', names: stderr.trim() };
    if (end === BAD_NOTES) return { kind: 'bad-notes', reason: stderr.trim() };
    const { linked = 0, copied = 0 } = resultOf(end, stdout, stderr);
    return { kind: 'filled', linked, copied };
  } finally {
    for (const fd of directories) closeSync(fd);
  }
}

/**
 * Removes from an attempt every name of a file that has other names outside of it: what the gate itself has linked there. Then rsync
 * may go on in that tree, because nothing that it changes is seen elsewhere.
 * @returns whether the tree shares nothing now
 */
export async function unshareTree(tree: string, bounds: TreeBounds): Promise<boolean> {
  const fd = openDirectory(tree);
  try {
    const { end, stdout, stderr } = await run(['unshare', `${FIRST_FD}`], [fd], bounds);
    if (end === 'too-long' || end === 'stopped') return false;
    resultOf(end, stdout, stderr);
    return true;
  } finally {
    closeSync(fd);
  }
}

/** The number of the first open directory in the program; 3 is the lock. */
const FIRST_FD = 4;

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_AFTER = 2000;

interface Result {
  readonly linked?: number;
  readonly copied?: number;
  readonly error?: string;
  readonly message?: string;
}

interface End {
  readonly end: number | 'too-long' | 'stopped';
  readonly stdout: string;
  readonly stderr: string;
}

async function run(words: readonly string[], directories: readonly number[], bounds: TreeBounds): Promise<End> {
  const { lockFd, limitMs, signal } = bounds;
  const child = spawn(
    'setpriv',
    ['--pdeathsig=TERM', '--no-new-privs', 'python3', '-I', '-c', TREE_PROGRAM, ...words],
    {
      stdio: ['ignore', 'pipe', 'pipe', lockFd, ...directories],
      env: CHILD_ENVIRONMENT,
      cwd: '/',
      detached: true,
    },
  );
  let cut: 'too-long' | 'stopped' | undefined;
  let groupEnds: Promise<void> | undefined;
  const cutShort = (why: 'too-long' | 'stopped') => {
    cut ??= why;
    groupEnds ??= endGroup(child.pid, KILL_AFTER);
  };
  const onAbort = () => cutShort('stopped');
  const timer = setTimeout(() => cutShort('too-long'), Math.max(0, Math.min(limitMs, 2 ** 31 - 1)));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? -1));
    });
    await groupEnds;
    return { end: cut ?? code, stdout, stderr };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** @throws Error when the program did not come to its end, with `code` if a system call failed */
function resultOf(code: number, stdout: string, stderr: string): Result {
  if (code !== 0) throw new Error(`the tree could not be worked on: ${stderr.trim().split('\n').at(-1) ?? code}`);
  const result = JSON.parse(stdout) as Result;
  if (result.error === undefined) return result;
  throw Object.assign(new Error(result.message), { code: result.error });
}

function openDirectory(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}
