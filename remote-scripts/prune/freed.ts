import { join } from 'node:path';
import type { RunProcess } from '../../src/platform/process.ts';
import { BLOCK, sortNumbers, walk, withTemporary } from './scratch.ts';

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
 * find(1) and sort(1) do the work, so memory does not grow with the number of files.
 * @param directory the directory that contains the names; all on one file system
 * @param names directories (or files) in it
 * @param scratch directory for temporary files, see {@link withTemporary}
 */
export async function measureFreed(
  directory: string,
  names: readonly string[],
  scratch: string,
  runProcess: RunProcess,
  signal?: AbortSignal,
): Promise<Freed> {
  if (names.length === 0) return { bytes: 0, inodes: 0, complete: true };
  return withTemporary(scratch, async (temporary) => {
    const shared = join(temporary, 'shared');
    const tally = createTally();
    const tools = { runProcess, signal };
    const args = [...names.map((name) => `./${name}`), ...PRINT_BLOCKS, '-o', '-fprintf', shared, '%i %n %b\n'];
    const complete = await walk(directory, args, tools, tally.whole);
    await sortNumbers(temporary, [shared], tools, tally.link);
    return { ...tally.freed(), complete };
  });
}

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
