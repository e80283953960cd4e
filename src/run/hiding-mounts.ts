import { posix } from 'node:path';
import type { Mount } from '../platform/mount-table.ts';

/** A mount in the source, or over it. */
export interface MountBelow {
  /** Path below the source, one character a byte; empty: it stands over the source itself. */
  readonly name: string;
  /** What of a systemd unit has put it there in place of what this machine has; undefined: it belongs to the machine. */
  readonly hides: string | undefined;
}

/**
 * Finds the mounts that stand in the source, and tells those by which the own systemd unit hides what is really there.
 *
 * The mounts of the machine itself cannot be compared with: from a sandbox, nobody may look at them. So a mount is known
 * by what systemd mounts (measured with 252). What `BindPaths=` shows was chosen by somebody, and counts as the machine's.
 * @param source absolute, without symbolic links, one character a byte
 * @param inUnit whether systemd has started us (`INVOCATION_ID`)
 */
export function mountsBelow(table: readonly Mount[], source: string, inUnit: boolean): MountBelow[] {
  const top = table.find(({ point }) => point === '/');
  // The mounts of a unit's own namespace follow those of the machine (`master:`), but for those that it made itself.
  // With MountFlags=private none follows any, and what is its own cannot be told: then it is better to be loud.
  const own = (mount: Mount) => !mount.follows && (top?.follows === true || (inUnit && top?.shared === false));
  return table.flatMap((mount) => {
    const name = posix.relative(source, mount.point);
    if (name === '..' || name.startsWith('../')) return [];
    return [{ name, hides: settingBehind(mount, own(mount)) }];
  });
}

function settingBehind({ root, type }: Mount, own: boolean): string | undefined {
  // It lies in /run, so its path in that file system begins with what comes after it.
  if (/(^|\/)systemd\/inaccessible(\/|$)/.test(root)) return 'ProtectHome=, InaccessiblePaths= or the like';
  if (/(^|\/)systemd-private-[0-9a-f]{32}-[^/]+\/tmp$/.test(root)) return 'PrivateTmp=';
  if ((type === 'tmpfs' || type === 'ramfs') && own)
    return 'ProtectHome=tmpfs, TemporaryFileSystem=, PrivateDevices= or the like';
  return undefined;
}
