import type { RunProcess } from '../../platform/process.ts';
import { createRecordStream } from '../../platform/record-stream.ts';
import { decodeName, displayName } from '../../rsync/itemized.ts';
import { listSource, type ListedEntry, type ListingSpec } from '../../rsync/listing.ts';
import { oneFile, parseInode, type Inode } from './inodes.ts';

/**
 * Why the hard links of a source are not reliable: some FUSE and union file systems give one inode number to several files, and
 * `rsync -H` then stores them as one file, with the content of the first.
 */
export type FalseLinks =
  | { readonly kind: 'false-group'; readonly names: readonly [string, string] }
  | { readonly kind: 'not-looked'; readonly why: string };

/** Watches the walk of the source. */
export interface GroupWatch {
  readonly onEntry: (entry: ListedEntry) => void;
  /** The result, once the walk is over; undefined if all names that share a number belong to one file. */
  end(): Promise<FalseLinks | undefined>;
}

/** Somebody else who looks at what find(1) prints. */
export interface Also {
  /** Milliseconds since 1970. */
  readonly touchedSince: number;
  readonly onInode: (inode: Inode) => void;
}

/** Number of groups that are remembered. A file system that reuses numbers does so everywhere, not only after so many groups. */
const MOST_GROUPS = 200_000;

/** Inode numbers that are checked again: a single false one is enough. */
const MOST_SUSPECTS = 20;

/** What find(1) prints for each name: see parseInode. */
const FORMAT = String.raw`%D %i %n %y %s %T@ %C@ %p\0`;

/**
 * Watches a walk for different files that share an inode number. find(1) examines each name that rsync lists, in a separate process
 * beside the walk, because a file system that hangs must not block ours (facts.md#inode-numbers-that-are-given-twice).
 * @param also who else wants to see names: those of files with several, and those of `Also.touchedSince`
 */
export function watchGroups(spec: ListingSpec, run: RunProcess, also?: Also): GroupWatch {
  const known = new Map<string, Pick<Inode, 'facts' | 'links'> & { names: number }>();
  const suspects = new Set<string>();
  const onInode = (inode: Inode) => {
    also?.onInode(inode);
    const { number, facts, links } = inode;
    if (links < 2 || facts.startsWith('d')) return;
    const before = known.get(number);
    if (before === undefined) {
      if (known.size < MOST_GROUPS) known.set(number, { facts, links, names: 1 });
      return;
    }
    before.names += 1;
    if ((before.facts !== facts || before.names > links) && suspects.size < MOST_SUSPECTS) suspects.add(number);
  };
  const look = beginLook(spec, run, onInode, also?.touchedSince);
  return {
    onEntry: look.add,
    end: async () => {
      const why = await look.end();
      if (why !== undefined) return { kind: 'not-looked', why };
      return suspects.size === 0 ? undefined : lookAgain(spec, run, suspects);
    },
  };
}

/** How often names that disagree are checked: somebody may be writing to the file in between. */
const LOOKS = 3;

async function lookAgain(
  spec: ListingSpec,
  run: RunProcess,
  suspects: ReadonlySet<string>,
): Promise<FalseLinks | undefined> {
  let found: FalseLinks | undefined;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const groups = new Map<string, Inode[]>([...suspects].map((number) => [number, []]));
    const look = beginLook(spec, run, (inode) => groups.get(inode.number)?.push(inode));
    await listSource(spec, run, look.add);
    const why = await look.end();
    if (why !== undefined) return { kind: 'not-looked', why };
    const names = [...groups.values()].map(oneFile).find((not) => not !== undefined);
    if (names === undefined) return undefined;
    found = { kind: 'false-group', names: [displayName(names[0]), displayName(names[1])] };
  }
  return found;
}

/** Names of files with several; with `since` also of files touched since then, and all symbolic links, whose names rsync shows badly. */
function wanted(since: number | undefined): string[] {
  if (since === undefined) return ['!', '-type', 'd', '-links', '+1'];
  // find(1) means "later than".
  const touched = ['-newerct', `@${((since - 1) / 1000).toFixed(3)}`];
  return ['(', '!', '-type', 'd', '-links', '+1', '-o', '-type', 'l', '-o', ...touched, ')'];
}

const HERE = Buffer.from('./');

function beginLook(
  { source, environment, signal, stallMs }: ListingSpec,
  run: RunProcess,
  onInode: (inode: Inode) => void,
  touchedSince?: number,
): { add: (entry: ListedEntry) => void; end: () => Promise<string | undefined> } {
  const names = createRecordStream();
  const ended = run({
    program: 'find',
    args: ['-files0-from', '-', '-maxdepth', '0', ...wanted(touchedSince), '-printf', FORMAT],
    cwd: source,
    env: environment,
    signal,
    stallMs,
    input: names.stream,
    stdoutRecords: 'nul',
    onStdoutLine: (line) => {
      const inode = parseInode(line);
      if (inode !== undefined) onInode(inode);
    },
  });
  const add = (name: string) => names.add(HERE, decodeName(name));
  return {
    add: ({ kind, name }) => {
      if (kind === 'directory' && touchedSince === undefined) return;
      add(name);
      // A symbolic link is listed with its target, and both may contain an arrow. Of all possible names only the right one exists.
      if (kind === 'symlink') for (const { index } of name.matchAll(/ -> /g)) add(name.slice(0, index));
    },
    end: async () => {
      names.end();
      const end = await ended;
      if (end.kind === 'not-started') return 'find is not installed';
      if (end.kind !== 'exited') return 'the look at inode numbers was ended';
      return end.stderrTail.includes('files0-from') ? 'find is older than 4.9' : undefined; // 1: some are gone meanwhile
    },
  };
}
