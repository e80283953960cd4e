import { lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessEnd, RunProcess } from '../../src/platform/process.ts';
import { isLeftBehind, writerMark } from '../../src/platform/writer-mark.ts';

/** Bytes in which find(1) counts the blocks of a file. */
const BLOCK = 512;

/** What removing some directories would really free. */
export interface Freed {
  /** Bytes on the disk of all inodes whose last link would go. */
  readonly bytes: number;
  readonly inodes: number;
  /**
   * False when a directory could not be entered (`metadata: plain` keeps their modes); the figures are a minimum then.
   */
  readonly complete: boolean;
}

/**
 * Counts what removing directories would free: an inode goes only with its last link, so a file that a kept snapshot
 * shares frees nothing.
 *
 * find(1) and sort(1) do the work. sort keeps what exceeds its buffer in a file, so memory does not grow with the
 * number of files.
 * @param directory the directory that contains the names; all on one file system
 * @param names directories (or files) in it
 * @param scratch directory for temporary files, on any file system; what cannot be written there goes into that of the
 * system
 */
export async function measureFreed(
  directory: string,
  names: readonly string[],
  scratch: string,
  runProcess: RunProcess,
  signal?: AbortSignal,
): Promise<Freed> {
  if (names.length === 0) return { bytes: 0, inodes: 0, complete: true };
  const temporary = await makeTemporary(scratch);
  try {
    const shared = join(temporary, 'shared');
    const tally = createTally();
    const common = { cwd: directory, env: TOOL_ENVIRONMENT, ...(signal ? { signal } : {}) };
    const found = await runProcess({
      ...common,
      program: 'find',
      args: [...names.map((name) => `./${name}`), ...PRINT_BLOCKS, '-o', '-fprintf', shared, '%i %n %b\n'],
      onStdoutLine: tally.whole,
    });
    const complete = !wasKeptOut(found);
    if (complete) mustEndWell('find', found);
    const sorted = await runProcess({
      ...common,
      program: 'sort',
      args: ['--numeric-sort', '--buffer-size=16M', '--parallel=1', `--temporary-directory=${temporary}`, shared],
      onStdoutLine: tally.link,
    });
    mustEndWell('sort', sorted);
    return { ...tally.freed(), complete };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * A directory of our own in `scratch`, or else in the system's temporary directory: people ask for this when a disk is
 * full.
 */
async function makeTemporary(scratch: string): Promise<string> {
  const name = `freed-${writerMark()}-`;
  try {
    await mkdir(scratch, { recursive: true, mode: 0o700 });
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

/** The environment of find and sort: only what they need. */
export const TOOL_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

// Directories and files with one link are certain to go, so only their blocks are printed. The rest goes into a file.
const PRINT_BLOCKS = ['-xdev', '(', '-type', 'd', '-o', '-links', '1', ')', '-printf', '%b\n'];

function createTally() {
  let blocks = 0;
  let inodes = 0;
  let current = { inode: '', links: 0, blocks: 0, seen: 0 };
  const close = () => {
    if (current.seen > 0 && current.seen === current.links) {
      blocks += current.blocks;
      inodes += 1;
    }
  };
  return {
    whole: (line: string) => {
      blocks += Number(line);
      inodes += 1;
    },
    /** Lines of the same inode are adjacent. */
    link: (line: string) => {
      const [inode = '', links = '', size = ''] = line.split(' ');
      if (inode !== current.inode) {
        close();
        current = { inode, links: Number(links), blocks: Number(size), seen: 0 };
      }
      current.seen += 1;
    },
    freed: () => {
      close();
      current = { inode: '', links: 0, blocks: 0, seen: 0 };
      return { bytes: blocks * BLOCK, inodes };
    },
  };
}

function wasKeptOut(end: ProcessEnd): boolean {
  return end.kind === 'exited' && end.code === 1 && /: Permission denied$/m.test(end.stderrTail);
}

function mustEndWell(program: string, end: ProcessEnd): void {
  if (end.kind === 'exited' && end.code === 0) return;
  const why =
    end.kind === 'not-started' ? end.cause.message : end.kind === 'exited' ? `exit ${end.code}` : `it ${end.kind}`;
  const said = end.kind === 'not-started' ? '' : end.stderrTail;
  throw new Error(`${program} could not count what removal frees (${why}): ${said}`);
}
