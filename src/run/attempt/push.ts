import { writeFile } from 'node:fs/promises';
import { pushArguments, type PushOptions } from '../../rsync/arguments.ts';
import { decodeName, type Item } from '../../rsync/itemized.ts';
import { escapePattern } from '../../rsync/patterns.ts';
import { runSession, type SessionResult } from '../../rsync/session.ts';
import { FILLED_LINE, type FilledFigures } from '../../shared/gate-words.ts';
import { formatCount } from '../../shared/units.ts';
import { createManifest } from '../../state/manifest.ts';
import type { SnapshotId } from '../../shared/snapshot-id.ts';
import type { TransferFigures } from '../../state/run-record.ts';
import type { SourceSummary } from '../source/read-source.ts';
import type { PushList } from '../source/survey.ts';
import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';
import { wrongSecondary } from './session.ts';
import { createProgressReporter, looksIntoFiles } from './progress.ts';

/** A push that has ended, in whatever way. */
export interface Pushed {
  readonly session: SessionResult;
  readonly figures: TransferFigures;
  /** Whether the secondary has stored anything of the attempt. */
  readonly wrote: boolean;
  /** A file on the secondary could not take as many links as needed. The attempt is a basis nevertheless, because it shows which file. */
  readonly crowded: boolean;
  /** Bytes of the source that were handled: sent or linked. */
  readonly bytesDone: number;
  /** rsync wrote into a directory that already existed, which must never be sealed (design.md#the-wire). */
  readonly intoExisting: boolean;
  /** What answered is not what the configuration says, so nothing was sent. */
  readonly wrong: string | undefined;
  /** Whether any file was found in a basis. */
  readonly basisSeen: boolean;
  /** Compressed list of all entries that were named; undefined if not every file was, or nothing was sent. */
  readonly manifest: Buffer | undefined;
  /** Files whose content was sent; undefined when they are too many, or one too long, to be listed. */
  readonly sentNames: readonly string[] | undefined;
  /** What was looked at; undefined: everything. */
  readonly list: PushPlan['list'];
}

/** More sent files than this are verified by a full pass, because filter rules cost one comparison per file and rule. */
const LISTED_FILES = 5000;

/**
 * Longest name that is listed, in characters. rsync ignores a pattern of 4096 bytes or more and exits with 0, so the file would not be
 * verified. A pattern may be twice as long as its name.
 */
const LONGEST_LISTED = 2000;

/** How to push. */
export interface PushPlan extends Omit<PushOptions, 'progress' | 'list'> {
  /** What to look at, and the file that holds those names; undefined: everything. */
  readonly list: (PushList & { readonly file: string }) | undefined;
}

/** What a push needs to know about an attempt. */
type PushSpec = Pick<AttemptSpec, 'wire' | 'verifyWire' | 'tree' | 'source' | 'signal' | 'onProgress'> &
  Partial<Pick<AttemptSpec, 'continues'>>;

/** Sends the source into a fresh directory. */
export async function push(spec: PushSpec, options: PushPlan, deps: AttemptDeps): Promise<Pushed> {
  const { list } = options;
  const tally = { newFiles: 0, changedFiles: 0, linkedFiles: 0, linkedBytes: 0, copiedFiles: 0 };
  const seen = { basis: false, anything: false, created: false, existing: false, noGate: false };
  const sent: { names: string[] | undefined; bytes: number } = { names: [], bytes: 0 };
  /** What is not on the list is as good as there. */
  const aside =
    list === undefined
      ? { files: 0, bytes: 0 }
      : { files: spec.source.files - list.files, bytes: spec.source.bytes - list.bytes };
  const done = { ...aside };
  const manifest = options.dryRun ? undefined : (list?.manifest ?? createManifest());
  let filled: FilledFigures | undefined;
  const stop = new AbortController();
  const report = createProgressReporter(spec, deps);
  const reach = (sentBytes: number): void => {
    // What lies at the top comes along with a list, also where it is not on it.
    done.bytes = Math.max(done.bytes, Math.min(spec.source.bytes, aside.bytes + sentBytes + tally.linkedBytes));
    // A dry run sends nothing; its items show what would be sent.
    const files = list === undefined ? done.files : Math.min(spec.source.files, done.files);
    if (!options.dryRun) report(files, done.bytes);
  };

  const onItem = (item: Item): void => {
    seen.anything = true;
    // The gate creates the directory itself, so it is new. Plain rrsync would write into an existing one.
    if (!seen.created && !options.dryRun && spec.wire.secondary === 'rrsync') {
      seen.existing = true;
      stop.abort();
    }
    if (!item.isNew && item.name !== './') seen.basis = true;
    manifest?.add(item);
    if (item.kind !== 'file') return;
    done.files += 1;
    if (item.action === 'sent') {
      if (item.isNew) tally.newFiles += 1;
      else tally.changedFiles += 1;
      const fits = item.name.length <= LONGEST_LISTED;
      if (fits && sent.names && sent.names.length < LISTED_FILES) sent.names.push(item.name);
      else sent.names = undefined;
      sent.bytes += item.size;
    } else if ((item.action === 'linked' || item.action === 'unchanged') && !item.isNew) {
      tally.linkedFiles += 1;
      tally.linkedBytes += item.size;
    } else if (item.action === 'created' && item.differs === '') {
      tally.copiedFiles += 1; // equal to the basis, and yet not linked: facts.md#link-dest-that-links-nothing
      tally.linkedBytes += item.size;
    }
    reach(sent.bytes);
  };
  // Before it goes on in the tree of an attempt, the gate looks through all of it, and says nothing meanwhile.
  const wire = options.checksum || (spec.continues ?? []).length > 0 ? spec.verifyWire : spec.wire;
  const session = await runSession(
    {
      args: pushArguments(wire, spec.tree, {
        ...options,
        list: list?.file,
        progress: deps.watched || looksIntoFiles(spec.source),
      }),
      mode: 'push',
      environment: deps.environment,
      signal: AbortSignal.any([spec.signal, stop.signal]),
      stallMs: wire.stallMs,
      onItem,
      onStderrLine: (line) => (filled ??= FILLED_LINE.read(line)),
      onDestinationCreated: () => {
        seen.created = true;
        // The gate creates that directory itself, so something else has answered. Nothing has been sent yet.
        if (options.dryRun || spec.wire.secondary !== 'gate') return;
        seen.noGate = true;
        stop.abort();
      },
      onProgress: reach,
    },
    deps.runProcess,
  );
  // A session that was turned away is repeated with the same list.
  const listed = session.verdict.kind === 'busy' ? undefined : await manifest?.end();
  const copied = filled?.copied ?? 0;
  const crowded = session.verdict.kind === 'failed' && session.verdict.crowded === true;
  return {
    session,
    figures: {
      newFiles: tally.newFiles,
      changedFiles: tally.changedFiles,
      linkedFiles:
        (list === undefined ? tally.linkedFiles : spec.source.files - tally.newFiles - tally.changedFiles) - copied,
      copiedFiles: tally.copiedFiles + copied,
      sentBytes: session.stats.sentBytes,
      receivedBytes: session.stats.receivedBytes,
      literalBytes: session.stats.literalBytes,
      matchedBytes: session.stats.matchedBytes,
      basis: options.bases[0] ?? null,
    },
    wrote: (seen.anything || seen.created || crowded) && !options.dryRun,
    crowded,
    bytesDone: done.bytes,
    intoExisting: seen.existing,
    wrong: wrongSecondary(spec.wire, seen.noGate ? 'rrsync' : session.answeredBy),
    basisSeen: seen.basis || (filled?.linked ?? 0) > 0 || session.stats.matchedBytes > 0,
    sentNames: sent.names,
    list,
    manifest: list !== undefined || done.files >= session.source.regularFiles ? listed : undefined,
  };
}

/**
 * How many regular files a basis should have as they are. A file that is older than the basis may be new to it all the same: it was moved
 * here, or the source is another directory. Only a list of the basis tells.
 */
export function inBasis({ files, oldFiles, survey }: Pick<SourceSummary, 'files' | 'oldFiles' | 'survey'>): number {
  return survey?.list === undefined ? oldFiles : files - survey.list.files;
}

/**
 * Whether deduplication was lost although rsync succeeded: rsync does not report a basis that it could not use
 * (facts.md#anchored-link-dest and facts.md#link-dest-that-links-nothing).
 * @param missed the basis that the secondary does not have
 * @param expected number of regular files that the basis should have as they are
 * @returns a warning, or undefined
 */
export function linkingProblem(pushed: Pushed, expected: number, missed?: SnapshotId): string | undefined {
  const { copiedFiles } = pushed.figures;
  const basis = missed ?? pushed.figures.basis;
  if (basis === null) return undefined;
  if (copiedFiles > 0) {
    return `${formatCount(copiedFiles, 'unchanged file')} could not be linked to ${basis}, so that the secondary holds copies: owned by another account there, immutable, or with as many names as the file system allows. Deduplication is lost for what was copied.`;
  }
  if (missed !== undefined || (!pushed.basisSeen && expected > 0)) {
    return `Nothing of the basis ${basis} was found on the secondary, so everything was sent anew: it was removed there, or the wrapper ignores --link-dest (rrsync 3.4.2 to 3.4.4 does). Deduplication is lost.`;
  }
  return undefined;
}

/**
 * Writes the filter that limits a verification to certain files: NUL-separated include patterns of the files and of
 * the directories above them.
 */
export async function writeOnlyFilter(path: string, names: readonly string[]): Promise<void> {
  const patterns = new Map<string, Buffer>();
  for (const name of names) {
    const bytes = decodeName(name);
    for (let slash = bytes.indexOf(0x2f); slash !== -1; slash = bytes.indexOf(0x2f, slash + 1)) {
      const directory = bytes.subarray(0, slash + 1);
      patterns.set(directory.toString('latin1'), directory);
    }
    patterns.set(bytes.toString('latin1'), bytes);
  }
  await writePatterns(path, patterns.values());
}

/** Writes patterns that stand for these names and no others, each ended by a NUL. */
export async function writePatterns(path: string, names: Iterable<Buffer>): Promise<void> {
  const lines = [...names].map((bytes) => Buffer.concat([Buffer.from('/'), escapePattern(bytes), Buffer.of(0)]));
  await writeFile(path, Buffer.concat(lines), { mode: 0o600 });
}
