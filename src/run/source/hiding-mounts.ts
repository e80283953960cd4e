import { posix } from 'node:path';
import type { Mount } from '../../platform/mount-table.ts';

/** A mount in the source, or over it. */
export interface MountBelow {
  /** Path below the source, one character per byte; empty: it covers the source itself. */
  readonly name: string;
  /** What of a systemd unit has put it there in place of what this machine has; undefined: it belongs to the machine. */
  readonly hides: string | undefined;
}

/**
 * Finds the mounts in the source, and identifies those with which our systemd unit hides what is really there.
 *
 * A sandboxed process cannot see the mounts of the machine itself, so it cannot compare with them. Instead, a mount is recognised by
 * what systemd mounts (measured with 252). What `BindPaths=` shows was chosen deliberately, and counts as the machine's.
 * @param source absolute, without symbolic links, one character per byte
 * @param inUnit whether systemd has started us (`INVOCATION_ID`)
 */
export function mountsBelow(table: readonly Mount[], source: string, inUnit: boolean): MountBelow[] {
  const top = table.find(({ point }) => point === '/');
  // In a unit's namespace, all mounts follow those of the machine (`master:`) except those that the unit made itself.
  // With MountFlags=private none of them does, so they cannot be told apart. In that case it is better to object.
  const own = (mount: Mount) => !mount.follows && (top?.follows === true || (inUnit && top?.shared === false));
  return table.flatMap((mount) => {
    const name = posix.relative(source, mount.point);
    if (name === '..' || name.startsWith('../')) return [];
    return [{ name, hides: settingBehind(mount, own(mount)) }];
  });
}

function settingBehind({ root, type }: Mount, own: boolean): string | undefined {
  // It lies in /run, so its path within that file system begins after `/run`.
  if (/(^|\/)systemd\/inaccessible(\/|$)/.test(root)) return 'ProtectHome=, InaccessiblePaths= or the like';
  if (/(^|\/)systemd-private-[0-9a-f]{32}-[^/]+\/tmp$/.test(root)) return 'PrivateTmp=';
  if ((type === 'tmpfs' || type === 'ramfs') && own)
    return 'ProtectHome=tmpfs, TemporaryFileSystem=, PrivateDevices= or the like';
  return undefined;
}
