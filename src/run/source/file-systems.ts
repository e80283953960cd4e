import { lstatSync, statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { leavesOut } from '../../config/left-out.ts';
import type { JobSettings } from '../../config/settings.ts';
import { readMountTable } from '../../platform/mount-table.ts';
import { decodeName, displayName } from '../../rsync/itemized.ts';
import { mountsBelow, type MountBelow } from './hiding-mounts.ts';

/** Other file systems below the source, by path below it as rsync writes names. */
export interface FileSystemsBelow {
  readonly sent: readonly string[];
  /** `one_file_system: true`: the directories on which they are mounted are sent, but not their content. */
  readonly leftOut: readonly string[];
}

/** Watches the walk of the source. */
export interface FileSystemWatch {
  /** Takes every entry of the walk: its name as rsync wrote it. */
  readonly onEntry: (name: string, isDirectory: boolean) => void;
  /** The result, once the walk is over. */
  end(): WatchEnd;
}

/** What was found, or why this walk does not show what is on this machine. */
export type WatchEnd =
  | { readonly kind: 'seen'; readonly fileSystems: FileSystemsBelow }
  | { readonly kind: 'wrong'; readonly reason: string; readonly advice: string };

/** Each is a separate file system wherever systemd runs, so a walk of one file system never enters it. */
const KERNEL_PLACES = /^\/(dev|proc|sys|run)(\/|$)/;

/**
 * Begins to watch a walk of a source.
 * @param inUnit whether systemd has started us
 * @throws NodeJS.ErrnoException when the source, or the mount table, cannot be read
 */
export async function watchFileSystems(
  { source, exclude, oneFileSystem }: Pick<JobSettings, 'source' | 'exclude' | 'oneFileSystem'>,
  inUnit: boolean,
): Promise<FileSystemWatch> {
  const real = Buffer.from(await realpath(source, 'buffer')).toString('latin1');
  const mounts = mountsBelow(await readMountTable(), real, inUnit).filter(
    ({ name }) => !oneFileSystem || !KERNEL_PLACES.test(`${real === '/' ? '' : real}/${name}`),
  );
  const byName = new Map(mounts.map((mount) => [mount.name, mount]));
  const { dev } = statSync(source);
  const hidden: { name: string; mount: MountBelow }[] = [];
  const sent: string[] = [];
  const leftOut: string[] = [];

  const onEntry = (name: string, isDirectory: boolean): void => {
    const mount = byName.size === 0 ? undefined : byName.get(keyOf(name));
    // Its content is not wanted; only the empty directory is sent.
    if (mount?.hides !== undefined && !leavesOut(exclude, displayName(name))) hidden.push({ name, mount });
    if (name === '.') return;
    if (oneFileSystem) {
      // By device and not by the mount table: for rsync a subvolume is a separate file system, but it is no mount.
      if (isDirectory && isElsewhere(source, name, dev)) leftOut.push(name);
    } else if (mount !== undefined && isDirectory) sent.push(name);
  };

  return {
    onEntry,
    end: () => {
      if (hidden.length > 0) return { kind: 'wrong', reason: hiddenReason(source, hidden), advice: SHOW_IT };
      const unspeakable = leftOut.find((name) => !isText(name));
      if (unspeakable !== undefined) {
        return {
          kind: 'wrong',
          reason: `${displayName(unspeakable)} in the source is another file system with a name that is not UTF-8: it cannot be left out by that name`,
          advice: 'Mount it elsewhere, or exclude it with wildcards in place of the bytes that are not UTF-8.',
        };
      }
      return { kind: 'seen', fileSystems: { sent, leftOut } };
    },
  };
}

/**
 * The patterns that push and verification exclude. With one_file_system, the directories that the walk left out are excluded by name,
 * and `-x` is not used for two reasons: rsync would pass it on to the secondary, where the gate's grammar does not have it; and a mount
 * that comes or goes in between would make walk, push and verification see different trees.
 */
export function excludesOf(job: Pick<JobSettings, 'exclude'>, { leftOut }: FileSystemsBelow): string[] {
  return [
    ...job.exclude,
    ...leftOut.map(
      (name) =>
        `/${decodeName(name)
          .toString()
          .replace(/[\\*?[]/g, '\\$&')}/*`,
    ),
  ];
}

const SHOW_IT =
  'Write the units again ("offsite-rsync units" makes them show the source), or remove that setting from your own unit, or exclude the path.';

/** Number of names that a line of the log shows. */
const SHOWN = 10;

/** Messages about other file systems below the source; none if there are none. */
export function describeFileSystems({ sent, leftOut }: FileSystemsBelow): string[] {
  const lines: string[] = [];
  if (sent.length > 0) lines.push(`other file systems below the source are sent too: ${named(sent)}`);
  if (leftOut.length > 0)
    lines.push(`other file systems below the source are left out (one_file_system): ${named(leftOut)}`);
  return lines;
}

function hiddenReason(source: string, hidden: readonly { name: string; mount: MountBelow }[]): string {
  const settings = [...new Set(hidden.map(({ mount }) => mount.hides))].join('; ');
  const names = hidden.map(({ name }) => name);
  const what = names[0] === '.' ? 'it' : named(names);
  return (
    `the systemd unit of this run hides what is really there: of the source ${source}, ${what} is covered by ${settings}. ` +
    'What would be sent is not what is on this machine'
  );
}

function named(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return `${names.slice(0, SHOWN).map(displayName).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The key of a mount: `.` is the source itself. */
function keyOf(name: string): string {
  return name === '.' ? '' : decodeName(name).toString('latin1');
}

function isText(name: string): boolean {
  const bytes = decodeName(name);
  return Buffer.from(bytes.toString()).equals(bytes);
}

function isElsewhere(source: string, name: string, device: number): boolean {
  try {
    return lstatSync(Buffer.concat([Buffer.from(`${source}/`), decodeName(name)])).dev !== device;
  } catch {
    // It has disappeared: the push will report what it finds.
    return false;
  }
}
