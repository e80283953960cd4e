import type { SnapshotId } from '../shared/snapshot-id.ts';
import { CHECK_FORMAT, PUSH_FORMAT } from './itemized.ts';

/** What every session with one target has in common. */
export interface Wire {
  /** The remote shell, as rsync's `-e` wants it: words without spaces in them. */
  readonly remoteShell: readonly string[];
  /** The ssh alias that stands for the endpoint. */
  readonly alias: string;
  readonly secondary: 'gate' | 'rrsync';
  readonly metadata: 'fake_super' | 'plain';
  /** Whether hard links are preserved (`-H`). Not if the source gives one inode number to several files. */
  readonly hardLinks: boolean;
  readonly compress: boolean;
  /** Seconds without any data after which rsync gives up, on both hosts. */
  readonly timeoutSeconds: number;
  /** Milliseconds after which a session in which nothing moves is ended: keepalives satisfy rsync's own time-out. */
  readonly stallMs: number;
}

/** One tree to send or compare. */
export interface Tree {
  /** Absolute path of the source directory. */
  readonly source: string;
  readonly job: string;
  readonly id: SnapshotId;
  /** rsync exclude patterns. */
  readonly exclude: readonly string[];
}

/**
 * What is the same for every push of a job to a target. An option of a job that goes to rsync as the file has it needs a field here, under
 * the same name as in the settings, and its line in {@link pushArguments}. Nothing in between names it (run/plan.ts).
 */
export interface TransferSettings {
  /** Bytes a second; undefined for no limit. */
  readonly bandwidthLimit: number | undefined;
  /** Look for a basis under another name, for each file whose name the bases do not have. */
  readonly fuzzy: boolean;
}

/** What differs between the pushes of a job. */
export interface PushOptions {
  readonly transfer: TransferSettings;
  /** Earlier snapshots, best first: the last sealed one before a broken attempt (facts.md#order-of-bases). */
  readonly bases: readonly SnapshotId[];
  /**
   * What is done with what is unchanged there. `compare`: rsync leaves it out, and the gate links it afterwards. Without a gate, rsync links
   * to it itself, or copies where the file system allows no more links.
   */
  readonly unchanged: 'compare' | 'link' | 'copy';
  /** Which names belong to one file is told in notes, and not by `-H`. */
  readonly linksInNotes: boolean;
  /** Look only at the names in this file, each ended by a NUL; undefined: at everything. */
  readonly list: string | undefined;
  /** File of names that do not come along with the top level of a list, as patterns, each ended by a NUL. */
  readonly aside?: string;
  /** Only report what would be sent. */
  readonly dryRun: boolean;
  /** Compare with the bases by checksum instead of by size and mtime, because they may be damaged. */
  readonly checksum: boolean;
  /**
   * Report progress within a file too. That costs a second line for each file sent, and for 50,000 files a third of a second of rsync's
   * time and of ours. Without it, each item shows the progress once its file is sent.
   */
  readonly progress: boolean;
}

/** Arguments of a push (design.md#the-wire). The options that `metadata` stands for are the same in {@link checkArguments}. */
export function pushArguments(wire: Wire, tree: Tree, options: PushOptions): string[] {
  const { bandwidthLimit, fuzzy } = options.transfer;
  return [
    ...metadataOptions(options.linksInNotes ? { ...wire, hardLinks: false } : wire),
    ...(options.list === undefined ? [] : listOptions(options.list)),
    ...(options.dryRun ? ['--dry-run'] : []),
    ...(options.checksum ? ['--checksum'] : []),
    '--partial',
    ...(fuzzy ? ['-yy'] : []),
    ...(wire.compress ? ['--compress'] : []),
    // Twice: unchanged files are named too, as linked (h) or, where linking failed, copied (c). facts.md#link-dest-that-links-nothing.
    '-ii',
    `--out-format=${PUSH_FORMAT}`,
    '--stats',
    '--no-human-readable',
    ...(options.progress ? ['--info=progress2'] : []),
    '--debug=PROTO,NSTR',
    ...(bandwidthLimit === undefined ? [] : [`--bwlimit=${kibibytes(bandwidthLimit)}`]),
    // On a plain rrsync secondary nothing else creates the job's directory (the gate creates it itself), and nothing else refuses an id
    // that exists (lost state, a cloned primary). So no existing file is touched there: nothing that older snapshots share can change
    // before we notice and stop.
    ...(wire.secondary === 'rrsync' ? ['--mkpath', '--ignore-existing'] : []),
    ...options.bases.map((id) => `--${options.unchanged}-dest=/${tree.job}/${id}/`),
    ...excludes(tree.exclude),
    ...(options.aside === undefined ? [] : [`--exclude-from=${options.aside}`]),
    ...connection(wire),
    ...ends(wire, tree),
  ];
}

/** Options for a checksum comparison. */
export interface CheckOptions {
  /** Also report what only the secondary has; plain `rrsync -no-del` refuses this (facts.md#deletion). */
  readonly extras: boolean;
  /** File of NUL-separated filter patterns that come before everything is excluded: compare only these. */
  readonly only?: string;
  /** File of names, each ended by a NUL: compare only these. The gate alone allows it. */
  readonly list?: string;
  /** What is compared of each entry; default: everything. The gate alone allows less. */
  readonly depth?: Depth;
}

/**
 * What is compared of an entry. `full`: everything that is stored of it. `content`: every byte, type, size and time. `names`: type, size and
 * time.
 */
export type Depth = 'full' | 'content' | 'names';

/** Arguments of the checksum dry run that is used for verification and canary. */
export function checkArguments(wire: Wire, tree: Tree, options: CheckOptions): string[] {
  const { depth = 'full', list } = options;
  return [
    ...(depth === 'full' ? metadataOptions(wire) : [`-rlt${wire.hardLinks ? 'H' : ''}`]),
    ...(list === undefined ? [] : listOptions(list)),
    '--dry-run',
    ...(depth === 'names' ? [] : ['--checksum']),
    '-i',
    `--out-format=${CHECK_FORMAT}`,
    '--stats',
    '--no-human-readable',
    '--debug=PROTO,NSTR',
    ...(options.extras ? ['--delete'] : []),
    ...excludes(tree.exclude),
    ...(options.only === undefined ? [] : ['--from0', `--include-from=${options.only}`, '--exclude=*']),
    ...connection(wire),
    ...ends(wire, tree),
  ];
}

/**
 * Arguments that put a seal beside its snapshot.
 * @param file absolute path of the local seal, named `<id>.sealed`
 * @param dryRun only try it; for plain rrsync alone, because the gate accepts no dry run of a seal
 */
export function sealArguments(
  wire: Wire,
  file: string,
  job: string,
  name: string,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): string[] {
  return [
    '--times',
    ...(dryRun ? ['--dry-run', '--mkpath'] : []),
    ...connection(wire),
    file,
    `${wire.alias}:${job}/${name}`,
  ];
}

/**
 * Arguments that put the notes of a push where the gate finds them.
 * @param file absolute path of the local file
 */
export function notesArguments(wire: Wire, file: string, job: string, name: string): string[] {
  return [
    '--times',
    ...(wire.compress ? ['--compress'] : []),
    ...connection(wire),
    file,
    `${wire.alias}:${job}/${name}`,
  ];
}

/** Arguments that list the source: every entry with type, size and mtime, after rsync's own interpretation of the excludes. */
export function listArguments(tree: Pick<Tree, 'source' | 'exclude'> & { readonly oneFileSystem?: boolean }): string[] {
  return [
    '--list-only',
    '--recursive',
    '--links',
    '--times',
    '--no-human-readable',
    ...(tree.oneFileSystem === true ? ['--one-file-system'] : []),
    ...excludes(tree.exclude),
    slashed(tree.source),
  ];
}

// A name that is gone by then is no error here; the comparison of everything notices it.
function listOptions(file: string): string[] {
  return ['--no-recursive', '--from0', `--files-from=${file}`, '--ignore-missing-args'];
}

function metadataOptions({ metadata, hardLinks }: Wire): string[] {
  const links = hardLinks ? 'H' : '';
  return metadata === 'fake_super'
    ? [`-a${links}A`, '--numeric-ids', '-M--fake-super']
    : // Owners and ACLs cannot be kept here, and a mode without owner bits would lock the account out of its own files.
      [`-rltpD${links}`, '--chmod=Du+rwx,Fu+rw'];
}

function connection(wire: Wire): string[] {
  return [`--timeout=${wire.timeoutSeconds}`, '-e', wire.remoteShell.join(' ')];
}

function ends(wire: Wire, tree: Tree): string[] {
  return [slashed(tree.source), `${wire.alias}:${tree.job}/${tree.id}/`];
}

// `--exclude=X` is one argument, so that a pattern that starts with a hyphen remains a pattern.
function excludes(patterns: readonly string[]): string[] {
  return patterns.map((pattern) => `--exclude=${pattern}`);
}

function slashed(directory: string): string {
  return directory.endsWith('/') ? directory : `${directory}/`;
}

/** Largest limit that the gate's grammar accepts, in KiB a second. No line is that fast. */
const LARGEST_LIMIT = 999_999_999;

// rsync(1): --bwlimit counts in units of 1024 bytes a second, and 0 means no limit.
function kibibytes(bytesPerSecond: number): number {
  return Math.min(LARGEST_LIMIT, Math.max(1, Math.round(bytesPerSecond / 1024)));
}
