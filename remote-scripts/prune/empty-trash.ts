import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessEnd, RunProcess } from '../../src/platform/process.ts';
import { TOOL_ENVIRONMENT } from './scratch.ts';
import { mountWithin } from './places.ts';

/** How far emptying the trash has come. */
export interface TrashProgress {
  readonly name: string;
  readonly number: number;
  readonly of: number;
}

/** What deleting needs. */
export interface TrashDeps {
  readonly runProcess: RunProcess;
  readonly onProgress?: (progress: TrashProgress) => void;
  readonly mountPoints: readonly string[];
  readonly signal?: AbortSignal;
}

/** The result of emptying the trash. */
export interface EmptiedTrash {
  readonly deleted: number;
  /** What could not be deleted, and why. */
  readonly failures: readonly TrashFailure[];
}

/** An entry of the trash that could not be deleted. */
interface TrashFailure {
  readonly name: string;
  readonly reason: string;
}

/** Entries of the trash that are deleted together: half a hundred snapshots with their seals. */
const BATCH = 100;

/** Number of processes that delete at once: on one disk and two processors, two need two thirds of the time of one. */
const LANES = 2;

/** Milliseconds between two looks at how far rm has come. */
const LOOK_EVERY = 500;

/**
 * Deletes everything in the trash, including what an earlier run left there. Dying at any moment is harmless: the next
 * run continues.
 */
export async function emptyTrash(trash: string, deps: TrashDeps): Promise<EmptiedTrash> {
  const names = (await readdir(trash)).sort();
  const failures: TrashFailure[] = [];
  let deleted = 0;
  for (let start = 0; start < names.length && !deps.signal?.aborted; start += BATCH) {
    const batch = names.slice(start, start + BATCH);
    const tell = createTeller(batch, start, names.length, deps);
    const done = await deleteBatch(trash, batch, tell, deps);
    failures.push(...done.failures);
    deleted += done.deleted;
  }
  return { deleted, failures };
}

/**
 * Deletes many entries with few processes, and then one by one what those could not delete. Starting a process for each
 * entry, half of them only seals, would take longer than removing many a snapshot.
 */
async function deleteBatch(
  trash: string,
  names: readonly string[],
  tell: Teller,
  deps: TrashDeps,
): Promise<EmptiedTrash> {
  const failures: TrashFailure[] = [];
  const going: string[] = [];
  for (const name of names) {
    const mount = mountWithin(join(trash, name), deps.mountPoints);
    if (mount === undefined) going.push(name);
    else failures.push({ name, reason: `${mount} is a mount point in it` });
  }
  if (going.length > 0 && (await removeAll(trash, going, tell, deps))) {
    tell(names.at(-1));
    return { deleted: going.length, failures };
  }
  // Either rm failed on one of them, or we were stopped. Deleting them one by one shows which, and why.
  const left = await stillThere(trash, going).catch(() => going); // on a failing disk, rm reports each of them
  let deleted = going.length - left.length;
  for (const name of left) {
    tell(name);
    const failure = await deleteOne(trash, name, deps);
    if (failure === undefined) deleted += 1;
    else failures.push({ name, reason: failure });
    if (deps.signal?.aborted) return { deleted, failures };
  }
  tell(names.at(-1));
  return { deleted, failures };
}

/** Runs rm on several entries, in order, and reports progress. @returns whether all are gone */
async function removeAll(trash: string, names: readonly string[], tell: Teller, deps: TrashDeps): Promise<boolean> {
  tell(names[0]);
  // Looks behind the last one that is gone, because one that rm could not delete may still be before it.
  const look = async () => {
    const left = new Set(await stillThere(trash, names));
    tell(names[names.findLastIndex((name) => !left.has(name)) + 1]);
  };
  // If the trash cannot be read, rm reports it.
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_EVERY);
  try {
    const ends = await Promise.all(lanesOf(names).map((lane) => removeTrees(trash, lane, deps)));
    return ends.every(endedWell);
  } finally {
    clearInterval(timer);
  }
}

/** Deals entries out two by two, so that a snapshot and its seal, which comes next, stay together. */
function lanesOf(names: readonly string[]): string[][] {
  return Array.from({ length: LANES }, (_, lane) =>
    names.filter((_name, index) => Math.floor(index / 2) % LANES === lane),
  ).filter((names) => names.length > 0);
}

async function stillThere(trash: string, names: readonly string[]): Promise<string[]> {
  const present = new Set(await readdir(trash));
  return names.filter((name) => present.has(name));
}

/**
 * Reports that an entry has its turn, and before that all previous ones that were not reported yet. Never reports one
 * twice.
 */
type Teller = (name: string | undefined) => void;

function createTeller(names: readonly string[], before: number, total: number, { onProgress }: TrashDeps): Teller {
  let told = 0;
  return (current) => {
    const turn = current === undefined ? -1 : names.indexOf(current);
    for (; told <= turn; told += 1) onProgress?.({ name: names[told] ?? '', number: before + told + 1, of: total });
  };
}

/** What is reported for the entry at which deletion was stopped. */
const INTERRUPTED = 'interrupted; the next run continues';

/** Deletes one entry. @returns why it could not be deleted, if so */
async function deleteOne(trash: string, name: string, deps: TrashDeps): Promise<string | undefined> {
  if (deps.signal?.aborted) return INTERRUPTED;
  if (await removeFile(join(trash, name))) return undefined;
  const first = await removeTrees(trash, [name], deps);
  if (endedWell(first)) return undefined;
  if (deps.signal?.aborted) return INTERRUPTED;
  // rm cannot go into a directory without permissions, which a snapshot under `metadata: plain` may hold
  // (facts.md#deleting-deep-trees). Only now, because searching for them takes as long as the deletion itself.
  await deps.runProcess({
    ...toolSpec(trash, deps),
    program: 'find',
    args: [`./${name}`, '-xdev', '-type', 'd', '!', '-perm', '-700', '-execdir', 'chmod', 'u+rwx', '{}', ';'],
  });
  const second = await removeTrees(trash, [name], deps);
  return endedWell(second) ? undefined : whyOf(second);
}

/** Removes one entry that is not a directory. @returns false when it is one, or cannot be removed */
async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch {
    return false; // EISDIR; rm reports anything else more clearly
  }
}

async function removeTrees(trash: string, names: readonly string[], deps: TrashDeps): Promise<ProcessEnd> {
  return deps.runProcess({
    ...toolSpec(trash, deps),
    program: 'rm',
    args: ['-rf', '--one-file-system', '--', ...names.map((name) => `./${name}`)],
  });
}

function toolSpec(cwd: string, { signal }: TrashDeps) {
  return { cwd, env: TOOL_ENVIRONMENT, ...(signal ? { signal } : {}) };
}

function endedWell(end: ProcessEnd): boolean {
  return end.kind === 'exited' && end.code === 0;
}

function whyOf(end: ProcessEnd): string {
  if (end.kind === 'not-started') return end.cause.message;
  return end.stderrTail.split('\n')[0] || `rm ${end.kind}`;
}
