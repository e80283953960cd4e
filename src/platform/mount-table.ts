import { readFile } from 'node:fs/promises';

/** One mount, as this process sees it. Paths are bytes, one character each (latin1): a name need not be UTF-8. */
export interface Mount {
  readonly id: string;
  readonly parent: string;
  /** Directory of the file system that is shown; `/` is all of it. */
  readonly root: string;
  /** Where it is shown. */
  readonly point: string;
  /** Whether its mounts are passed on to others (`shared:`), or come from others (`master:`). */
  readonly shared: boolean;
  readonly follows: boolean;
  /** `ext4`, `tmpfs`, … */
  readonly type: string;
}

/**
 * Reads the mounts of this process, without those that are covered by another one at the same place.
 * @throws NodeJS.ErrnoException when /proc is missing
 */
export async function readMountTable(): Promise<Mount[]> {
  return parseMountTable(await readFile('/proc/self/mountinfo', 'latin1'));
}

/** Reads the text of /proc/PID/mountinfo (proc_pid_mountinfo(5)), as latin1. */
export function parseMountTable(text: string): Mount[] {
  const mounts = text.split('\n').flatMap((line) => parseLine(line) ?? []);
  const covered = new Set(mounts.map(({ parent, point }) => `${parent} ${point}`));
  return mounts.filter(({ id, point }) => !covered.has(`${id} ${point}`));
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`; there may be any number of fields before the hyphen. */
function parseLine(line: string): Mount | undefined {
  const fields = line.split(' ');
  const [id, parent, , root, point] = fields;
  const hyphen = fields.indexOf('-', 6);
  const type = hyphen === -1 ? undefined : fields[hyphen + 1];
  if (id === undefined || parent === undefined || root === undefined || point === undefined || type === undefined) {
    return undefined;
  }
  const flags = fields.slice(6, hyphen);
  return {
    id,
    parent,
    root: unescape(root),
    point: unescape(point),
    shared: flags.some((flag) => flag.startsWith('shared:')),
    follows: flags.some((flag) => flag.startsWith('master:')),
    type,
  };
}

/** Blank, tab, line feed and backslash come as `\ooo` (octal). */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
