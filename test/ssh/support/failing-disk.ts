import { mkdtemp, open, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from '../../support/processes.ts';

/** A file system on a disk of its own, parts of which can be made unreadable. */
export interface FailingDisk {
  /** From `offset` of this file on, the disk gives an input/output error, as a broken one does. */
  fail(file: string, offset: number): Promise<void>;
  /** Everything can be read again. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

const MIB = 1024 * 1024;
const SIZE = 32 * MIB;
const BLOCK = 4096;

/**
 * Mounts such a disk (needs root): a loop device without the page cache in between, whose backing file is cut short.
 * What is beyond its end cannot be read then, and the kernel reports EIO. (Not every kernel has the device-mapper's
 * `error` target.) Write what is to fail last, because everything behind it fails as well.
 * @param place an existing directory
 */
export async function mountFailingDisk(place: string): Promise<FailingDisk> {
  const directory = await mkdtemp(join(tmpdir(), 'offsite-disk-'));
  const image = join(directory, 'image');
  await (await open(image, 'w', 0o600)).close();
  await truncate(image, SIZE);
  // No journal: it would be in the middle of the disk, and fail as well.
  must('mkfs.ext4', '-q', '-F', '-b', String(BLOCK), '-O', '^has_journal', image);
  const device = must('losetup', '--find', '--show', '--direct-io=on', image).trim();
  must('mount', device, place);
  let cut: { readonly from: number; readonly bytes: Buffer } | undefined;
  const heal = async () => {
    if (cut === undefined) return;
    const file = await open(image, 'r+');
    await file.write(cut.bytes, 0, cut.bytes.length, cut.from);
    await file.close();
    cut = undefined;
  };
  return {
    fail: async (path, offset) => {
      must('sync', '--file-system', path);
      const from = physical(path, Math.floor(offset / BLOCK));
      const bytes = Buffer.alloc((await stat(image)).size - from);
      const file = await open(image, 'r');
      await file.read(bytes, 0, bytes.length, from);
      await file.close();
      cut = { from, bytes };
      await truncate(image, from);
      // What is cached could still be read.
      must('dd', `if=${path}`, 'iflag=nocache', 'count=0', 'status=none');
    },
    heal,
    stop: async () => {
      await heal();
      must('umount', place);
      must('losetup', '--detach', device);
      await rm(directory, { recursive: true });
    },
  };
}

/** Where a block of a file is on the disk, in bytes. */
function physical(path: string, block: number): number {
  for (const line of must('filefrag', '-v', `-b${BLOCK}`, path).split('\n')) {
    const [, first, last, start] = (/^\s*\d+:\s*(\d+)\.\.\s*(\d+):\s*(\d+)\.\./.exec(line) ?? []).map(Number);
    if (first === undefined || last === undefined || start === undefined) continue;
    if (block >= first && block <= last) return (start + block - first) * BLOCK;
  }
  throw new Error(`block ${block} of ${path} is not on the disk`);
}
