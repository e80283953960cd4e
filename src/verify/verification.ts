import type { RunProcess } from '../platform/process.ts';
import { checkArguments, type CheckOptions, type Tree, type Wire } from '../rsync/arguments.ts';
import { displayName, type Item } from '../rsync/itemized.ts';
import { describeReadErrors, type UnreadableFile } from '../rsync/read-errors.ts';
import { runSession, type SessionResult } from '../rsync/session.ts';
import { findClamped } from './clamped-times.ts';
import { createComparer, type Comparison, type Difference, type Witnesses } from './comparison.ts';
import { formatCount } from '../shared/units.ts';
import { isUnlinked, WORST_FIRST, type DifferenceKind } from './difference.ts';
import { readThrough, type ReadThrough } from './read-through.ts';

/** A finished comparison, or how the session failed. */
export type Verified =
  | {
      readonly kind: 'compared';
      readonly comparison: Comparison;
      readonly verdict: ComparisonVerdict;
      /** The checksum both sides used. */
      readonly algorithm: string;
      /** What the session saw of the source. */
      readonly seen: Pick<SessionResult, 'source' | 'skippedSpecial' | 'stats'>;
    }
  | { readonly kind: 'session-failed'; readonly session: SessionResult }
  /** Files of the source itself could not be read; the comparison says nothing about them. */
  | { readonly kind: 'source-unread'; readonly outcome: 'incomplete' | 'internal-error'; readonly reason: string }
  /** Both sides were compared, but we were stopped before this side had been read in full. */
  | { readonly kind: 'interrupted' };

/** What a comparison means for the snapshot as a whole. */
export type ComparisonVerdict = 'intact' | 'drift' | 'corruption';

/** What to verify. */
export interface VerifySpec {
  readonly wire: Wire;
  readonly tree: Tree;
  /** The basis for distinguishing damage from drift. */
  readonly witnesses: Witnesses;
  /** What to compare; default: everything of everything. */
  readonly part?: Pick<CheckOptions, 'only' | 'list' | 'depth'>;
  /** The names of the files that were pushed just now, if they are known: they then need not be listed again to be read. */
  readonly files?: (() => AsyncIterable<readonly string[]>) | undefined;
  /** Called from time to time with the number of bytes of the source that have been read for the comparison. */
  readonly onRead?: ((bytes: number) => void) | undefined;
  /** A private directory that does not exist yet. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * Reads both sides and compares checksums (a dry run: nothing is written on either side). If everything is compared, this side is also
 * read separately, because rsync's checksums do not show what it could not read (see readThrough). If only some files are compared, they
 * have just been sent, and rsync reported read errors then; names, sizes and times need no reading.
 */
export async function verifySnapshot(spec: VerifySpec, run: RunProcess): Promise<Verified> {
  const { only, list, depth } = spec.part ?? {};
  if (only !== undefined || list !== undefined || depth === 'names') return compareSides(spec, run);
  const enough = new AbortController();
  const { source, exclude } = spec.tree;
  const { stallMs } = spec.wire;
  const signal = AbortSignal.any([spec.signal, enough.signal]);
  const everyFile = { source, exclude, environment: spec.environment, signal, stallMs };
  const reading = readThrough({ ...everyFile, files: spec.files?.() }, run);
  const compared = await compareSides(spec, run);
  if (compared.kind !== 'compared') enough.abort();
  let read = await reading;
  // These names were not all that there is.
  if (compared.kind === 'compared' && spec.files !== undefined && !hasReadAll(read, compared)) {
    read = await readThrough(everyFile, run);
  }
  if (compared.kind !== 'compared') return compared;
  switch (read.kind) {
    case 'read':
      return read.unreadable.length === 0 ? compared : judgeUnread(compared, read.unreadable, spec.wire.metadata);
    case 'failed':
      return { kind: 'source-unread', outcome: read.outcome, reason: `the source was not read: ${read.reason}` };
    case 'aborted':
      return { kind: 'interrupted' };
    default:
      return read satisfies never;
  }
}

/** Whether as many files were read as the comparison saw. */
function hasReadAll(read: ReadThrough, { seen }: Extract<Verified, { kind: 'compared' }>): boolean {
  return read.kind === 'read' && read.gone === 0 && read.files === seen.source.regularFiles;
}

/** Compares both sides, and once more without hard links where some are missing there: else nothing would be known of what those hold. */
async function compareSides(spec: VerifySpec, run: RunProcess): Promise<Verified> {
  const seen = { unlinked: false };
  const compared = await compareOnce(spec, run, (item) => (seen.unlinked ||= isUnlinked(item)));
  if (compared.kind !== 'compared' || !seen.unlinked) return compared;
  const wire = { ...spec.wire, hardLinks: false };
  const each = await compareOnce({ ...spec, wire }, run);
  return each.kind === 'compared' ? both(each, compared, wire.metadata) : each;
}

async function compareOnce(spec: VerifySpec, run: RunProcess, onItem?: (item: Item) => void): Promise<Verified> {
  const comparer = createComparer(spec.tree.source, spec.witnesses);
  // rrsync -no-del refuses --delete even in a dry run (facts.md#deletion). With a list, everything else would count as extra.
  const { part = {} } = spec;
  const extras = spec.wire.secondary === 'gate' && part.only === undefined && part.list === undefined;
  const session = await runSession(
    {
      args: checkArguments(spec.wire, spec.tree, { extras, ...part }),
      mode: 'check',
      environment: spec.environment,
      signal: spec.signal,
      stallMs: spec.wire.stallMs,
      onRead: part.depth === 'names' ? undefined : spec.onRead,
      onItem: (item) => {
        if (isUnseenLink(item, spec)) return;
        comparer.add(item);
        onItem?.(item);
      },
    },
    run,
  );
  if (session.verdict.kind !== 'ok') return { kind: 'session-failed', session };
  const undecided = comparer.undecided();
  const clamped = undecided.length === 0 ? undefined : await findClamped(spec, undecided, run);
  if (clamped?.kind === 'session-failed') return clamped;
  const comparison = comparer.result(clamped?.kept);
  const verdict = judgeComparison(comparison, spec.wire.metadata);
  return { kind: 'compared', comparison, verdict, algorithm: session.checksum, seen: session };
}

/**
 * Whether a symbolic link is only said to be missing because this comparison cannot see it: with fake_super it is stored as a file, and a
 * session without owners and modes does not know that. The names on the list, which are compared in full, have every symbolic link.
 */
function isUnseenLink({ kind, isNew }: Item, { wire, part }: VerifySpec): boolean {
  const full = (part?.depth ?? 'full') === 'full';
  return !full && wire.metadata === 'fake_super' && kind === 'symlink' && isNew;
}

/** Kinds that say nothing of what else differs in an entry. */
const PARTIAL: readonly DifferenceKind[] = ['clamped', 'unlinked'];

/** Two comparisons of one snapshot as one: what the second found of the same entries is left out. */
export function both(
  first: Extract<Verified, { kind: 'compared' }>,
  second: Extract<Verified, { kind: 'compared' }>,
  metadata: Wire['metadata'],
): Extract<Verified, { kind: 'compared' }> {
  const before = first.comparison.differences;
  const judged = new Set(before.flatMap(({ kind, name }) => (PARTIAL.includes(kind) ? [] : [name])));
  const told = new Set(before.map(({ kind, name }) => `${kind} ${name}`));
  const more = without(second.comparison, ({ kind, name }) => judged.has(name) || told.has(`${kind} ${name}`));
  const counts = { ...first.comparison.counts };
  for (const kind of Object.keys(counts) as DifferenceKind[]) counts[kind] += more.counts[kind];
  const comparison: Comparison = {
    counts,
    differences: [...first.comparison.differences, ...more.differences],
    snapshotMissing: first.comparison.snapshotMissing || more.snapshotMissing,
    unread: [...first.comparison.unread, ...more.unread],
  };
  const algorithm = first.algorithm === '' ? second.algorithm : first.algorithm;
  return { ...first, comparison, algorithm, verdict: judgeComparison(comparison, metadata) };
}

/** The result stays valid for files that can be read; nothing is known about the others. */
function judgeUnread(
  compared: Extract<Verified, { kind: 'compared' }>,
  unreadable: readonly UnreadableFile[],
  metadata: Wire['metadata'],
): Verified {
  const names = new Set(unreadable.map(({ name }) => displayName(name)));
  const rest = without(compared.comparison, ({ name }) => names.has(name));
  const comparison = { ...rest, unread: unreadable };
  if (judgeComparison(comparison, metadata) === 'corruption') return { ...compared, comparison, verdict: 'corruption' };
  return { kind: 'source-unread', outcome: 'incomplete', reason: describeReadErrors(unreadable) };
}

/** A comparison without some differences. If all of a kind that are known by name go, those that were only counted go too. */
function without(comparison: Comparison, goes: (difference: Difference) => boolean): Comparison {
  const differences = comparison.differences.filter((difference) => !goes(difference));
  const counts = { ...comparison.counts };
  for (const kind of Object.keys(counts) as DifferenceKind[]) {
    const before = comparison.differences.filter((difference) => difference.kind === kind).length;
    const after = differences.filter((difference) => difference.kind === kind).length;
    counts[kind] = after === 0 && before > 0 ? 0 : counts[kind] - (before - after);
  }
  return { ...comparison, counts, differences };
}

/**
 * Interprets the counts. Hard links that are missing are left to the caller: the bytes are right (see {@link compareSides}).
 * @param metadata file systems with `plain` may be unable to keep modes and times, so such differences are no fault there
 */
export function judgeComparison(comparison: Comparison, metadata: Wire['metadata']): ComparisonVerdict {
  const { corruption, missing, metadata: changedMetadata, drift, unseen, extra } = comparison.counts;
  if (corruption + missing > 0 || comparison.snapshotMissing) return 'corruption';
  if (changedMetadata > 0 && metadata === 'fake_super') return 'corruption';
  return drift + unseen + extra > 0 ? 'drift' : 'intact';
}

/** What a run says about times that the secondary cannot hold; undefined if there are none. */
export function clampedWarning({ counts, differences }: Comparison): string | undefined {
  const [first] = differences.filter(({ kind }) => kind === 'clamped');
  if (first === undefined) return undefined;
  const which = `${first.name}: ${first.what}${counts.clamped > 1 ? '; …' : ''}`;
  // People see only the first 300 characters, and names can be long.
  return `The secondary’s file system cannot hold the time of ${formatCount(counts.clamped, 'entry', 'entries')}; everything else about them is stored correctly. Give them another date with touch, or each run stores these files again (${which})`;
}

/** What a run says about hard links that the secondary has not kept although it was told of all of them; undefined if there are none. */
export function unlinkedWarning({ counts, differences }: Comparison): string | undefined {
  const first = differences.find(({ kind }) => kind === 'unlinked');
  if (first === undefined) return undefined;
  const which = `${first.name}${counts.unlinked > 1 ? ', …' : ''}`;
  return `The secondary has not kept ${formatCount(counts.unlinked, 'hard link')} (${which}): it holds copies. Every byte of them was compared. A restore takes more space, and gives files of their own`;
}

/** The differences in one line: `3 corrupt, 1 missing (db.sql: content; …)`. */
export function summariseComparison({ counts, differences, snapshotMissing, unread }: Comparison): string {
  if (snapshotMissing) return 'nothing of this snapshot is on the secondary';
  const words: readonly (readonly [number, string])[] = [
    [counts.corruption, 'corrupt'],
    [counts.missing, 'missing'],
    [counts.metadata, 'with other metadata'],
    [counts.unlinked, 'no longer linked to their other names'],
    [counts.drift, 'changed in the source since'],
    [counts.unseen, 'with other content but the same size and time'],
    [counts.extra, 'only on the secondary'],
    [counts.clamped, 'with a time that the secondary cannot hold'],
  ];
  const told = words.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  const worst = [...differences].sort((a, b) => WORST_FIRST.indexOf(a.kind) - WORST_FIRST.indexOf(b.kind));
  const examples = worst.slice(0, 3).map(({ name, what }) => `${name}: ${what}`);
  const more = differences.length > examples.length ? '; …' : '';
  const beside = unread.length === 0 ? '' : `; and ${describeReadErrors(unread)}`;
  return `${told.join(', ')} (${examples.join('; ')}${more})${beside}`;
}
