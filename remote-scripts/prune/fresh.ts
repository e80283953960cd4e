import { join } from 'node:path';
import { BLOCK, sortNumbers, walk, withTemporary, type Tools } from './scratch.ts';

/** How much of a snapshot is its own, in bytes on the disk. */
export interface Fresh {
  /** Of all its files. */
  readonly total: number;
  /** Of those that it does not share with the snapshot before it. */
  readonly fresh: number;
}

/**
 * Measures a snapshot by its inodes, whatever its sender said. find(1) and sort(1) do the work, so memory does not grow
 * with the number of files.
 * @param directory the job's directory
 * @param name the snapshot
 * @param before the snapshot that arrived before it; undefined if there is none, and then all is fresh
 * @param scratch directory for temporary files, see {@link withTemporary}
 * @throws Error when it cannot be walked, because it was moved away meanwhile for example
 */
export async function measureFresh(
  directory: string,
  name: string,
  before: string | undefined,
  scratch: string,
  tools: Tools,
): Promise<Fresh> {
  return withTemporary(scratch, async (temporary) => {
    const lists = { own: join(temporary, 'own'), before: join(temporary, 'before') };
    const tally = createTally();
    const files = ['-xdev', '-type', 'f'];
    // A file with one link is certain to be shared with nothing, and most of what is fresh has only one.
    const single = ['(', '-links', '1', '-printf', '%b\n', '-o', '-fprintf', lists.own, '%i %b\n', ')'];
    await walk(directory, [`./${name}`, ...files, ...single], tools, tally.single);
    const linked = ['-links', '+1', '-fprintf', lists.before, '%i\n'];
    if (before !== undefined) await walk(directory, [`./${before}`, ...files, ...linked], tools);
    await sortNumbers(temporary, before === undefined ? [lists.own] : [lists.own, lists.before], tools, tally.linked);
    return tally.sums();
  });
}

function createTally() {
  const blocks = { total: 0, fresh: 0 };
  let current: { inode: string; own: number | undefined; before: boolean } | undefined;
  const close = () => {
    const own = current?.own ?? 0;
    blocks.total += own;
    if (current?.before === false) blocks.fresh += own;
    current = undefined;
  };
  return {
    single: (line: string) => {
      blocks.total += Number(line);
      blocks.fresh += Number(line);
    },
    /** Lines of the same inode are adjacent; only those of the snapshot itself have the number of its blocks. */
    linked: (line: string) => {
      const [inode = '', own] = line.split(' ');
      if (current?.inode !== inode) {
        close();
        current = { inode, own: undefined, before: false };
      }
      if (own === undefined) current.before = true;
      else current.own = Number(own);
    },
    sums: (): Fresh => {
      close();
      return { total: blocks.total * BLOCK, fresh: blocks.fresh * BLOCK };
    },
  };
}
