import { closeSync, constants, openSync } from 'node:fs';
import { FIRST_FD, runInGroup, type GroupBounds, type GroupEnd, type GroupResult } from '../child-group.ts';
import { BAD_NOTES, SHARES, TREE_PROGRAM } from './tree-program.ts';

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
  | Exclude<GroupEnd, { kind: 'exited' }>;

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
export async function fillTree(spec: FillSpec, bounds: GroupBounds): Promise<Filled> {
  const { tree, basis, notes, most, damage } = spec;
  const number = basis === undefined ? '' : `${FIRST_FD + 1}`;
  const directories = [tree, ...(basis === undefined ? [] : [basis])].map(openDirectory);
  try {
    const result = await run(
      ['fill', `${FIRST_FD}`, number, notes ?? '', `${most}`, damage?.record ?? '', damage?.id ?? ''],
      directories,
      bounds,
    );
    const { end, stderr } = result;
    if (end.kind !== 'exited') return end;
    if (end.code === SHARES) return { kind: 'shares', names: stderr.trim() };
    if (end.code === BAD_NOTES) return { kind: 'bad-notes', reason: stderr.trim() };
    const { linked = 0, copied = 0 } = toldBy(result);
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
export async function unshareTree(tree: string, bounds: GroupBounds): Promise<boolean> {
  const fd = openDirectory(tree);
  try {
    const result = await run(['unshare', `${FIRST_FD}`], [fd], bounds);
    if (result.end.kind === 'too-long' || result.end.kind === 'stopped') return false;
    toldBy(result);
    return true;
  } finally {
    closeSync(fd);
  }
}

/** What the program tells. */
interface Told {
  readonly linked?: number;
  readonly copied?: number;
  readonly error?: string;
  readonly message?: string;
}

function run(
  words: readonly string[],
  descriptors: readonly number[],
  bounds: GroupBounds,
): Promise<GroupResult<never>> {
  const program = ['python3', '-I', '-c', TREE_PROGRAM];
  return runInGroup({ words: [...program, ...words], streams: 'collected', descriptors }, bounds);
}

/** @throws Error when the program did not come to its end, with `code` if a system call failed */
function toldBy({ end, stdout, stderr }: GroupResult<never>): Told {
  if (end.kind !== 'exited' || end.code !== 0) {
    const why = stderr.trim().split('\n').at(-1);
    throw new Error(`the tree could not be worked on: ${why || JSON.stringify(end)}`);
  }
  const told = JSON.parse(stdout) as Told;
  if (told.error === undefined) return told;
  throw Object.assign(new Error(told.message), { code: told.error });
}

function openDirectory(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}
