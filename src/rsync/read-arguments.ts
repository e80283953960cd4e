import { STORED_FORMAT } from './stored-item.ts';

/** What is read of a snapshot, and how rsync reaches it. */
export interface ReadScope {
  /** Options that belong to the source of the snapshots. */
  readonly options: readonly string[];
  /** The operand of the snapshot. */
  readonly operand: string;
  /** File of patterns of what is wanted (see scopePatterns); undefined: everything. */
  readonly only: string | undefined;
  /** Patterns of what is left out in any case. */
  readonly exclude: readonly string[];
}

/** How a snapshot is fetched. */
export interface FetchOptions {
  /** Directories for interrupted files, and for files that have not arrived whole yet; undefined: where they belong. */
  readonly partial: string | undefined;
  readonly temporary: string | undefined;
  /** Fetch what differs by checksum, and not only by size and time. */
  readonly checksum: boolean;
  /** Only tell what would be fetched. */
  readonly dryRun: boolean;
}

/** Otherwise a time counts as the same in the same second, and stays as it is. The other side is not told. */
const NANOSECONDS = '--modify-window=-1';

/** No snapshot of ours has devices, FIFOs or sockets: who names some wants us to make them. */
const NO_DEVICES = '--no-D';

/** Where one file is wanted, a link in its place, or in that of a directory above it, is not made. */
const NO_LINKS = '--no-links';

/** Arguments of a session that only tells what a snapshot holds. @param empty path of an empty directory */
export function contentsArguments(scope: ReadScope, empty: string): string[] {
  return sessionArguments(scope, ['--dry-run', '-ii'], empty);
}

/** Arguments of a session that brings a snapshot into a directory. */
export function fetchArguments(
  scope: ReadScope,
  to: string,
  { partial, temporary, checksum, dryRun }: FetchOptions,
): string[] {
  const options = [
    '--sparse',
    NANOSECONDS,
    ...(partial === undefined ? [] : [`--partial-dir=${partial}`]),
    ...(temporary === undefined ? [] : [`--temp-dir=${temporary}`]),
    ...(checksum ? ['--checksum'] : []),
    dryRun ? '--dry-run' : '--info=progress2',
    '-i',
  ];
  return sessionArguments(scope, options, to);
}

/** Arguments of a session that brings files which their user can read, whatever their modes were. */
export function legibleArguments(scope: ReadScope, to: string): string[] {
  return sessionArguments(scope, [NO_LINKS, '--sparse', '--chmod=Du+rwx,Fu+r'], to);
}

/** Arguments of a session that compares a directory with a snapshot. @param content whether contents are compared, by checksum */
export function compareArguments(scope: ReadScope, to: string, { content }: { readonly content: boolean }): string[] {
  return sessionArguments(scope, ['--dry-run', ...(content ? ['--checksum'] : []), NANOSECONDS, '-i'], to);
}

/** Arguments of a session that fetches one file beside the snapshots. */
export function fileArguments(options: readonly string[], operand: string, to: string): string[] {
  return [...options, '--no-recursive', NO_LINKS, NO_DEVICES, operand, to];
}

function sessionArguments(scope: ReadScope, own: readonly string[], to: string): string[] {
  const { options, operand, only, exclude } = scope;
  return [
    ...options,
    NO_DEVICES,
    ...own,
    `--out-format=${STORED_FORMAT}`,
    '--stats',
    '--no-human-readable',
    ...exclude.map((pattern) => `--exclude=${pattern}`),
    ...(only === undefined ? [] : ['--from0', `--include-from=${only}`, '--exclude=*']),
    operand,
    to.endsWith('/') ? to : `${to}/`,
  ];
}
