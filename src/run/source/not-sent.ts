import type { FalseLinks } from './false-groups.ts';
import type { RunProcess } from '../../platform/process.ts';
import { createRecordStream } from '../../platform/record-stream.ts';
import { decodeName } from '../../rsync/itemized.ts';
import type { ListedEntry } from '../../rsync/listing.ts';
import { formatCount, formatSize } from '../../shared/units.ts';

/** What a source contains and no snapshot does: counts of entries, and bytes. */
export interface NotSent {
  readonly devices: number;
  /** FIFOs and sockets. */
  readonly specials: number;
  /** What only a closer look shows; undefined if none was taken. */
  readonly closer: CloserLook | undefined;
  /** Why hard links are not preserved; undefined if they are. */
  readonly falseLinks?: FalseLinks | undefined;
}

/** What is not in a listing. */
export type CloserLook =
  | {
      readonly kind: 'seen';
      /** Number of entries with extended attributes other than ACLs, and the names of these attributes, most frequent first. */
      readonly attributed: number;
      readonly attributes: readonly string[];
      /** Files with holes, and the bytes in them, which are stored as zeros. */
      readonly sparse: number;
      readonly holes: number;
    }
  | { readonly kind: 'not-seen'; readonly why: string };

/** Watches the walk of the source. */
export interface NotSentWatch {
  readonly onEntry: (entry: ListedEntry) => void;
  /** The result, once the walk is over. */
  end(): Promise<Omit<NotSent, 'falseLinks'>>;
}

/** What {@link LOOK} prints. */
interface Found {
  readonly attributed: number;
  readonly names: Readonly<Record<string, number>>;
  readonly sparse: number;
  readonly holes: number;
}

/** Number of attribute names that are shown. */
const NAMED = 5;

/**
 * Begins to watch a walk.
 * @param closely also examine attributes and holes of every entry, which takes another third of a second for 50,000 of them
 */
export function watchNotSent(
  spec: {
    readonly source: string;
    readonly closely: boolean;
    readonly environment: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  },
  run: RunProcess,
): NotSentWatch {
  const count = { devices: 0, specials: 0 };
  const look = spec.closely ? beginLook(spec, run) : undefined;
  return {
    onEntry: ({ kind, name }) => {
      if (kind === 'device') count.devices += 1;
      else if (kind === 'special') count.specials += 1;
      // A symbolic link is listed with its target after the name. It cannot have user attributes.
      else if (kind !== 'symlink') look?.add(name);
    },
    end: async () => ({ ...count, closer: await look?.end() }),
  };
}

function beginLook(
  { source, environment, signal }: Parameters<typeof watchNotSent>[0],
  run: RunProcess,
): { add: (name: string) => void; end: () => Promise<CloserLook> } {
  const names = createRecordStream();
  let said = '';
  const ended = run({
    program: 'python3',
    args: ['-I', '-c', LOOK],
    cwd: source,
    env: environment,
    signal,
    input: names.stream,
    onStdoutLine: (line) => {
      said = line;
    },
  });
  return {
    add: (name) => names.add(decodeName(name)),
    end: async () => {
      names.end();
      const end = await ended;
      if (end.kind === 'not-started') return { kind: 'not-seen', why: 'python3 is not installed' };
      if (end.kind !== 'exited' || end.code !== 0) return { kind: 'not-seen', why: 'the look at them failed' };
      const { attributed, names: byName, sparse, holes } = JSON.parse(said) as Found;
      const attributes = Object.entries(byName)
        .sort(([, one], [, other]) => other - one)
        .map(([name]) => name);
      return { kind: 'seen', attributed, attributes, sparse, holes };
    },
  };
}

/** Describes what is not sent, one line each; none if everything is sent. */
export function describeNotSent({ devices, specials, closer, falseLinks }: NotSent): string[] {
  const lines: string[] = [];
  if (falseLinks !== undefined)
    lines.push(`hard links as such (each name is sent as a file of its own), because ${because(falseLinks)}`);
  if (devices > 0) lines.push(formatCount(devices, 'device node'));
  if (specials > 0) lines.push(formatCount(specials, 'FIFO or socket', 'FIFOs and sockets'));
  if (closer?.kind === 'not-seen') {
    return [...lines.map(asLine), `not looked for: extended attributes and holes, since ${closer.why}`];
  }
  if (closer !== undefined && closer.attributed > 0) {
    const more = closer.attributes.length > NAMED ? ', …' : '';
    const which = `${closer.attributes.slice(0, NAMED).join(', ')}${more}`;
    lines.push(`extended attributes of ${formatCount(closer.attributed, 'entry', 'entries')} (${which})`);
  }
  if (closer !== undefined && closer.sparse > 0) {
    lines.push(`holes of ${formatCount(closer.sparse, 'sparse file')} (${formatSize(closer.holes)}, stored as zeros)`);
  }
  return lines.map(asLine);
}

function because(falseLinks: FalseLinks): string {
  if (falseLinks.kind === 'not-looked') return `it could not be checked whether they are hard links: ${falseLinks.why}`;
  const [one, other] = falseLinks.names;
  return `${one} and ${other} have one inode number and are not one file; some FUSE and union file systems do that`;
}

function asLine(what: string): string {
  return `not sent: ${what}`;
}

// Node can read neither extended attributes nor holes. SELinux labels are left out, because its policy restores them (restorecon).
// rsync's `user.rsync.` counts: a source that is itself a store of snapshots keeps its owners there, and they are not sent. On a file
// system that compresses, a file can have fewer blocks than bytes without any hole, so lseek(2) decides.
const LOOK = `
import collections, json, os, stat, sys
names, attributed, sparse, holes = collections.Counter(), 0, 0, 0
def kept(name): return not name.startswith('system.') and name != 'security.selinux'
def holes_of(path, size):
    total, at = 0, 0
    with open(path, 'rb', opener=lambda p, f: os.open(p, f | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
        while at < size:
            start = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            if start >= size: break
            try: at = os.lseek(file.fileno(), start, os.SEEK_DATA)
            except OSError: at = size
            total += at - start
    return total
def look(path):
    global attributed, sparse, holes
    try:
        found = [name for name in os.listxattr(path, follow_symlinks=False) if kept(name)]
        if found: attributed += 1; names.update(found)
    except OSError: pass
    try:
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode) and status.st_blocks * 512 + 4096 <= status.st_size:
            bytes = holes_of(path, status.st_size)
            if bytes: sparse += 1; holes += bytes
    except OSError: pass
rest = b''
while True:
    piece = sys.stdin.buffer.read1(1 << 20)
    if not piece: break
    *paths, rest = (rest + piece).split(b'\\0')
    for path in paths: look(path)
print(json.dumps({'attributed': attributed, 'names': dict(names.most_common(50)), 'sparse': sparse, 'holes': holes}))
`;
