import { displayName } from './itemized.ts';

/** A file of the source that could not be read in full. */
export interface UnreadableFile {
  /** As rsync or tar named it: a path, with escapes. */
  readonly name: string;
  /** In the words of the C library: `Input/output error`. */
  readonly reason: string;
}

/**
 * `rsync: [sender] read errors mapping "/srv/db.dump": Input/output error (5)`: it has sent zeros for what it could not read, and
 * a wrong sum for the file, so that the other side notices. With `--partial` the other side keeps the file nevertheless.
 */
const READ_ERROR = /^rsync: \[sender\] read errors mapping "(.*)": (.*?)(?: \((\d+)\))?$/s;

/** ENODATA: the file ended too early. It was truncated while it was read; that is no fault of a disk. */
const CUT_SHORT = '61';

/**
 * Reads a line of the standard error of rsync's sender.
 * @returns the file that the disk or file server could not read; undefined if the line reports no such error
 */
export function readErrorIn(line: string): UnreadableFile | undefined {
  const [, name, reason = '', number] = READ_ERROR.exec(line) ?? [];
  return name === undefined || number === CUT_SHORT ? undefined : { name, reason };
}

/** Longest list of files in a reason. */
const NAMED_FILES = 5;

/**
 * Every other error (EIO, EREMOTEIO, ESTALE, EUCLEAN, EBADMSG …) points to a failing disk or an unreachable file
 * server.
 */
const NOT_OF_A_DISK = /^(?:Permission denied|Operation not permitted)$/;

/** The reason for ending a run because of such files, in one line. */
export function describeReadErrors(files: readonly UnreadableFile[]): string {
  const told = files.slice(0, NAMED_FILES).map(({ name, reason }) => `${displayName(name)}: ${reason}`);
  const more = files.length > NAMED_FILES ? `; and ${files.length - NAMED_FILES} more` : '';
  const failing = files.some(({ reason }) => !NOT_OF_A_DISK.test(reason))
    ? '. The disk or file system of this host is failing (its kernel log says more): save what can still be read, and restore the rest from the last sealed snapshot'
    : '';
  return `this host cannot read all of its own source: ${told.join('; ')}${more}${failing}`;
}
