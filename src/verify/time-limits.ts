import type { Item } from '../rsync/itemized.ts';
import { secondsOf } from '../rsync/mtime.ts';

/** Times that a file system can hold, in seconds since 1970. For any other time the kernel stores the nearest one (Linux 5.4 and later). */
interface TimeLimits {
  readonly earliest: number;
  readonly latest: number;
}

/** By file system: facts.md#times-that-a-file-system-cannot-hold. */
const FILE_SYSTEMS: Readonly<Record<string, TimeLimits>> = {
  'ext4 with inodes of 128 bytes, ext2, XFS without bigtime': { earliest: -(2 ** 31), latest: 2 ** 31 - 1 },
  'NFS 3': { earliest: 0, latest: 2 ** 32 - 1 },
  'ext4 with inodes of 256 bytes': { earliest: -(2 ** 31), latest: 15_032_385_535 }, // 2446-05-10
  'XFS with bigtime': { earliest: -(2 ** 31), latest: 16_299_260_424 }, // 2486-07-02
};

const EARLIEST = distinct(Object.values(FILE_SYSTEMS).map(({ earliest }) => earliest));
const LATEST = distinct(Object.values(FILE_SYSTEMS).map(({ latest }) => latest));

function distinct(limits: readonly number[]): number[] {
  return [...new Set(limits)].sort((a, b) => a - b);
}

/**
 * The times that a file system may have stored instead of an mtime.
 * @param mtime seconds since 1970
 * @returns times in seconds since 1970; none where every file system of the table holds that mtime
 */
export function keptInstead(mtime: number): readonly number[] {
  return [...EARLIEST.filter((limit) => mtime < limit), ...LATEST.filter((limit) => mtime > limit)];
}

/** Whether only the mtime of an entry differs, and some file system cannot hold that mtime. */
export function mayBeClamped({ action, isExtra, kind, differs, mtime }: Item): boolean {
  const stored = kind === 'file' || kind === 'directory' || kind === 'symlink';
  // A further name of a file, which is linked instead, differs in more than its time.
  return !isExtra && action !== 'linked' && stored && differs === 't' && keptInstead(secondsOf(mtime)).length > 0;
}

/** What happened to the mtime of an entry, in words. @param kept seconds since 1970 */
export function describeClamped({ mtime }: Item, kept: number): string {
  const seconds = secondsOf(mtime);
  return `mtime ${Number.isFinite(seconds) ? isoTime(seconds) : mtime}, kept as ${isoTime(kept)}`;
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
