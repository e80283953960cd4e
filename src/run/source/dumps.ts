import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkEnds, type DumpFinding } from '../../dumps/check-ends.ts';
import { checkWhole } from '../../dumps/check-whole.ts';
import type { RunProcess } from '../../platform/process.ts';
import type { DumpCheck } from '../../shared/dump-checks.ts';
import { formatCount } from '../../shared/units.ts';
import { decodeName, displayName } from '../../rsync/itemized.ts';
import { createExaminedDumps, type ExaminedDumps } from './examined-dumps.ts';
import type { SourceSummary } from './read-source.ts';

/** Which dumps of a source are examined, and how closely. */
export interface DumpSpec {
  readonly source: string;
  readonly checks: readonly DumpCheck[];
  /** What was touched until then was examined before it was sent: milliseconds since 1970; undefined: nothing was. */
  readonly since: number | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds without any progress after which a program that reads a dump is ended. */
  readonly stallMs: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Default: nothing was examined before. */
  readonly examined?: ExaminedDumps | undefined;
}

/** What the examination says. */
export interface DumpReport {
  /** Dumps that are not whole, in words; empty when there are none. */
  readonly objections: readonly string[];
  /** What could not be checked. */
  readonly unchecked: readonly string[];
}

/** Files that are looked at, at most: somewhat under a second. */
const MOST_FILES = 10_000;

/** Files that are opened at the same time. */
const AT_ONCE = 8;

/** Dumps that one objection names. */
const MOST_NAMED = 10;

/**
 * Examines the dumps of a source that are new since the last sealed snapshot.
 * @throws the reason of the signal, when it is aborted
 */
export async function checkDumps(
  { dumps, survey }: Pick<SourceSummary, 'dumps' | 'survey'>,
  spec: DumpSpec,
  run: RunProcess,
): Promise<DumpReport> {
  if (spec.checks.length === 0 || dumps.length === 0) return { objections: [], unchecked: [] };
  const changed = survey?.list && new Set(survey.list.names);
  const young = await touchedSince(changed === undefined ? dumps : dumps.filter((name) => changed.has(name)), spec);
  const found = new Map<string, DumpFinding>();
  const whole = spec.checks.includes('full');
  const { signal, stallMs, environment, examined = createExaminedDumps() } = spec;
  const deps = { run, environment, limits: { signal, stallMs } };
  // Sorted by name, as the walk lists them: of dumps with dates, the newest come last.
  await forEach(young.slice(-MOST_FILES), { atOnce: whole ? 1 : AT_ONCE, signal }, async (name) => {
    const path = pathOf(spec, name);
    const examine = async () => (whole ? checkWhole(path, name, deps) : (await checkEnds(path, name)).finding);
    found.set(name, await examined.find(path, whole ? 'whole' : 'ends', examine));
  });
  signal.throwIfAborted();
  const left = young.length - MOST_FILES;
  const skipped = `${formatCount(left, 'file')} with names of dumps were not checked: one run checks ${MOST_FILES}`;
  return { objections: objectionsTo(found), unchecked: [...uncheckedOf(found), ...(left > 0 ? [skipped] : [])] };
}

function objectionsTo(found: ReadonlyMap<string, DumpFinding>): string[] {
  const broken = [...found].flatMap(([name, finding]) => (finding.kind === 'broken' ? [named(name, finding)] : []));
  if (broken.length === 0) return [];
  const what = broken.length === 1 ? 'a dump is not whole' : `${broken.length} dumps are not whole`;
  return [
    `${what}: is one still being written, or was it broken off? (guard.check: [] turns this check off)${listOf(broken)}`,
  ];
}

function uncheckedOf(found: ReadonlyMap<string, DumpFinding>): string[] {
  const left = [...found].flatMap(([name, finding]) => (finding.kind === 'unchecked' ? [named(name, finding)] : []));
  return left.length === 0
    ? []
    : [`${formatCount(left.length, 'dump')} not read as a whole (guard.check: [full])${listOf(left)}`];
}

function named(name: string, { reason }: { readonly reason: string }): string {
  return `${displayName(name)}: ${reason}`;
}

function listOf(lines: readonly string[]): string {
  const shown = lines.toSorted().slice(0, MOST_NAMED);
  const more = lines.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].map((line) => `\n  ${line}`).join('');
}

/**
 * Milliseconds by which two readings of one ctime may differ. What was touched last when the snapshot was made is not new: it was examined
 * then, and somebody may have sent it in spite of that.
 */
const ROUNDING = 0.01;

/** Those of some files whose inodes were touched after a moment: their content may be new, whatever their times say. */
async function touchedSince(names: readonly string[], spec: DumpSpec): Promise<readonly string[]> {
  const { since } = spec;
  if (since === undefined) return names;
  const young: string[] = [];
  await forEach(names, { atOnce: AT_ONCE, signal: spec.signal }, async (name) => {
    const stats = await lstat(pathOf(spec, name)).catch(() => undefined);
    if (stats !== undefined && stats.ctimeMs > since + ROUNDING) young.push(name);
  });
  return young;
}

function pathOf({ source }: DumpSpec, name: string): Buffer {
  return Buffer.concat([Buffer.from(join(source, '/')), decodeName(name)]);
}

/** Does something with each name, a few at a time. @throws the reason of the signal, when it is aborted */
async function forEach(
  names: readonly string[],
  { atOnce, signal }: { readonly atOnce: number; readonly signal: AbortSignal },
  act: (name: string) => Promise<void>,
): Promise<void> {
  const left = names.values();
  const work = async () => {
    for (const name of left) {
      signal.throwIfAborted();
      await act(name);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
