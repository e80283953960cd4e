import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectories } from '../../src/platform/files.ts';
import type { ProcessEnd, RunProcess } from '../../src/platform/process.ts';
import { isLeftBehind, writerMark } from '../../src/platform/writer-mark.ts';

/** Bytes in which find(1) counts the blocks of a file. */
export const BLOCK = 512;

/** The environment of find and sort: only what they need. */
export const TOOL_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * Runs something that needs a directory for temporary files, and removes that directory.
 * @param scratch where to make it, on any file system; what cannot be written there goes into that of the system,
 * because people count when a disk is full
 */
export async function withTemporary<T>(scratch: string, work: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = await makeTemporary(scratch);
  try {
    return await work(temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function makeTemporary(scratch: string): Promise<string> {
  const name = `freed-${writerMark()}-`;
  try {
    await makeDirectories(scratch);
    await clearLeftovers(scratch);
    return await mkdtemp(join(scratch, name));
  } catch {
    return mkdtemp(join(tmpdir(), `offsite-${name}`));
  }
}

/** Removes what killed counts have left, but not the files of one that is running now. */
async function clearLeftovers(scratch: string): Promise<void> {
  for (const name of await readdir(scratch)) {
    const mark = /^freed-(?:(.*)-)?[^-]+$/.exec(name);
    if (mark === null) continue;
    const path = join(scratch, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined || !isLeftBehind(mark[1] ?? '', stats.mtimeMs)) continue;
    await rm(path, { recursive: true, force: true });
  }
}

/** What find(1) and sort(1) need to run. */
export interface Tools {
  readonly runProcess: RunProcess;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Walks directories with find(1).
 * @param directory where it runs; `args` name what is in it
 * @returns false when a directory could not be entered (`metadata: plain` keeps their modes), and something is missing
 * @throws Error when it failed for another reason
 */
export async function walk(
  directory: string,
  args: readonly string[],
  { runProcess, signal }: Tools,
  onStdoutLine: (line: string) => void = () => undefined,
): Promise<boolean> {
  const end = await runProcess({ ...run(directory, signal), program: 'find', args: [...args], onStdoutLine });
  const keptOut = end.kind === 'exited' && end.code === 1 && /: Permission denied$/m.test(end.stderrTail);
  if (!keptOut) mustEndWell('find', end);
  return !keptOut;
}

/**
 * Sorts files by the number with which their lines begin. sort(1) keeps what exceeds its buffer in a file, so memory does
 * not grow with the number of lines.
 */
export async function sortNumbers(
  temporary: string,
  files: readonly string[],
  { runProcess, signal }: Tools,
  onStdoutLine: (line: string) => void,
): Promise<void> {
  const options = ['--numeric-sort', '--buffer-size=16M', '--parallel=1', `--temporary-directory=${temporary}`];
  const sorted = await runProcess({
    ...run(temporary, signal),
    program: 'sort',
    args: [...options, '--', ...files],
    onStdoutLine,
  });
  mustEndWell('sort', sorted);
}

function run(cwd: string, signal: AbortSignal | undefined) {
  return { cwd, env: TOOL_ENVIRONMENT, ...(signal ? { signal } : {}) };
}

function mustEndWell(program: string, end: ProcessEnd): void {
  if (end.kind === 'exited' && end.code === 0) return;
  const why =
    end.kind === 'not-started' ? end.cause.message : end.kind === 'exited' ? `exit ${end.code}` : `it ${end.kind}`;
  const said = end.kind === 'not-started' ? '' : end.stderrTail;
  throw new Error(`${program} could not count what is on the disk (${why}): ${said}`);
}
