import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from '../../support/processes.ts';

/** A file system of the test's own, mounted from a file (needs root). */
export interface SmallDisk {
  /** Where it is mounted. The directory is empty, except for what mkfs makes. */
  readonly place: string;
  stop(): Promise<void>;
}

/** Makes an ext4 of 64 MiB. @param options further options of mkfs.ext4 */
export async function mountExt4(...options: string[]): Promise<SmallDisk> {
  const directory = await mkdtemp(join(tmpdir(), 'offsite-ext4-'));
  await chmod(directory, 0o755);
  const [image, place] = [join(directory, 'image'), join(directory, 'disk')];
  await mkdir(place);
  must('truncate', '--size=64M', image);
  must('mkfs.ext4', '-q', ...options, image);
  must('mount', '-o', 'loop', image, place);
  return {
    place,
    stop: async () => {
      must('umount', place);
      await rm(directory, { recursive: true });
    },
  };
}

/** Mounts a tmpfs over an existing directory: a file system that can hold every time that the kernel knows. */
export function mountMemory(place: string): { stop(): void } {
  must('mount', '-t', 'tmpfs', '-o', 'size=64m,mode=0755', 'tmpfs', place);
  return { stop: () => must('umount', place) };
}
