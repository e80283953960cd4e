import { stat } from 'node:fs/promises';
import { errorCode, errorMessage } from '../../platform/files.ts';
import { mayBeDump } from '../../dumps/names.ts';
import type { RunProcess } from '../../platform/process.ts';
import { judgeSession } from '../../rsync/exit.ts';
import { decodeName } from '../../rsync/itemized.ts';
import { listSource } from '../../rsync/listing.ts';
import type { CanaryCandidate } from '../../verify/canary.ts';
import { createManifest } from '../../state/manifest.ts';
import { createNameTable } from './name-table.ts';
import { surveySource, type Survey, type SurveyWatch } from './survey.ts';
import { createView, type View } from './three-views.ts';
import { watchGroups, type FalseLinks } from './false-groups.ts';
import type { Inode } from './inodes.ts';
import { watchFileSystems, type FileSystemsBelow } from './file-systems.ts';
import { watchNotSent, type NotSent } from './not-sent.ts';
import type { LongestPath } from '../attempt/long-paths.ts';
import { countNames, type NameCounts } from './new-names.ts';

/** What one walk of the source found, as rsync interprets the excludes. */
export interface SourceSummary {
  /** Regular files and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** All that was walked, by kinds. */
  readonly view: View;
  readonly largestFile: number;
  /** mtime of the newest regular file that is not dated in the future; undefined when there is none. */
  readonly newest: Date | undefined;
  /** Regular files that are dated in the future, which do not count as the newest. */
  readonly futureFiles: number;
  /** Number of regular files whose mtime lies before `oldBefore`, which should be linked to the basis. */
  readonly oldFiles: number;
  /** The smallest files with content, smallest first. */
  readonly candidates: readonly CanaryCandidate[];
  readonly fileSystems: FileSystemsBelow;
  readonly notSent: NotSent;
  /** The longest path of all entries; undefined if none is long enough to matter. */
  readonly longestPath?: LongestPath | undefined;
  readonly names: NameCounts;
  /** No ctime is later (milliseconds since 1970, with a fraction); undefined if nobody looked. */
  readonly newestChangeMs?: number | undefined;
  /** Regular files that may be dumps by their names, as rsync wrote them. */
  readonly dumps: readonly string[];
  /** What differs from the last sealed snapshot; undefined if that was not asked for. */
  readonly survey?: Survey | undefined;
}

/** The summary, or why the source cannot be read. */
export type SourceReading =
  | { readonly kind: 'read'; readonly summary: SourceSummary }
  | { readonly kind: 'unreadable'; readonly reason: string; readonly advice?: string }
  | { readonly kind: 'no-rsync'; readonly reason: string }
  | { readonly kind: 'aborted' };

/** What to walk. */
export interface SourceSpec {
  readonly source: string;
  readonly exclude: readonly string[];
  readonly oneFileSystem: boolean;
  /** Examine every entry for what no snapshot contains (see watchNotSent). */
  readonly closely: boolean;
  /** Whether systemd has started us, so that we may not see what is really there. */
  readonly inUnit: boolean;
  readonly oldBefore: Date | undefined;
  /** Look at what was touched since: milliseconds since 1970, as ctimes tell. */
  readonly touchedSince?: number | undefined;
  /** Survey what differs from a snapshot. */
  readonly basis?: SurveyedBasis | undefined;
  /** A file dated later does not count as the newest: it could hide for years that no new files arrive. */
  readonly notAfter: Date;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Milliseconds without any progress after which the walk is ended. */
  readonly stallMs: number;
}

/** The snapshot with which a source is compared. */
export interface SurveyedBasis {
  /** About how many entries it has. */
  readonly files: number;
  /** Calls its argument with the name of each entry, and with what is known of it. @returns whether there is such a list */
  readonly entries: (onEntry: (name: string, facts: string) => void) => Promise<boolean>;
  /** What was touched earlier is as it was when that snapshot was made: milliseconds since 1970. */
  readonly since: number;
}

/** How many candidates for the canary are kept, in case some change before their turn. */
const CANDIDATES = 5;

/** Longest name that a canary may have: it also has to fit below another directory. */
const LONGEST_CANDIDATE = 2000;

/** From this number of characters on, the length of a name is checked; rsync writes up to five for a byte that is not ASCII. */
const LONG = 2000;

/** A walk has no connection that could be lost. */
const ENDED_HERE =
  'Something on this host ended rsync while it listed the source: too little memory (journalctl -k), or somebody killed it. Then run again.';

const NAME_A_DIRECTORY = 'Name the directory in which it lies as source, and leave out the rest with exclude.';
const NOT_THERE =
  'Look whether the local backup job has run and what belongs there is mounted, or correct source in the configuration.';
const UNREADABLE =
  'Run this as a user who can read all of it, such as root, or leave it out with exclude. --force does not send it.';

/** Walks the source once, as a stream: it answers all questions in one walk, in bounded memory. */
export async function readSource(spec: SourceSpec, run: RunProcess): Promise<SourceReading> {
  const refusal = await notADirectory(spec.source);
  if (refusal !== undefined) return { kind: 'unreadable', ...refusal };
  const counter = createView();
  const watch = await watchFileSystems(spec, spec.inUnit);
  const unsent = watchNotSent(spec, run);
  const survey = spec.basis && (await beginSurvey(spec.basis));
  const touched = watchTouched(spec.touchedSince, survey);
  const groups = watchGroups(spec, run, touched);
  let files = 0;
  let bytes = 0;
  let largestFile = 0;
  let newestMs = -Infinity;
  let futureFiles = 0;
  let oldFiles = 0;
  const oldBeforeMs = spec.oldBefore?.getTime() ?? -Infinity;
  const notAfterMs = spec.notAfter.getTime();
  const candidates: CanaryCandidate[] = [];
  const names = countNames(spec.oldBefore);
  const dumps: string[] = [];
  let last: string | undefined;
  let longestPath: LongestPath | undefined;
  const end = await listSource(spec, run, (entry) => {
    const { kind, size, mtimeMs, name } = entry;
    last = name;
    counter.add(kind);
    unsent.onEntry(entry);
    groups.onEntry(entry);
    survey?.onEntry(entry);
    if (name.length > LONG) longestPath = longerPath(longestPath, name);
    watch.onEntry(name, kind === 'directory');
    if (kind !== 'file') return;
    files += 1;
    bytes += size;
    names.add({ name, size, mtimeMs });
    if (size > largestFile) largestFile = size;
    if (mtimeMs > notAfterMs) futureFiles += 1;
    else if (mtimeMs > newestMs) newestMs = mtimeMs;
    if (mtimeMs < oldBeforeMs) oldFiles += 1;
    if (mayBeDump(name)) dumps.push(name);
    if (size > 0 && name.length <= LONGEST_CANDIDATE) keepSmallest(candidates, { name, size });
  });
  const [unsentEntries, falseLinks] = await Promise.all([unsent.end(), groups.end()]);
  const verdict = judgeSession(end, last);
  switch (verdict.kind) {
    case 'aborted':
      return { kind: 'aborted' };
    case 'busy':
      return { kind: 'unreadable', reason: verdict.reason };
    case 'failed':
      return verdict.outcome === 'usage'
        ? { kind: 'no-rsync', reason: verdict.reason }
        : {
            kind: 'unreadable',
            reason: `the source ${spec.source} cannot be read in full: ${verdict.reason}`,
            ...(verdict.outcome === 'incomplete' && { advice: UNREADABLE }),
            ...(verdict.outcome === 'connection-lost' && end.kind !== 'stalled' && { advice: ENDED_HERE }),
          };
    case 'ok': {
      const watched = watch.end();
      if (watched.kind === 'wrong') return { ...watched, kind: 'unreadable' };
      const { fileSystems } = watched;
      const newest = newestMs === -Infinity ? undefined : new Date(newestMs);
      return {
        kind: 'read',
        summary: {
          files,
          bytes,
          view: counter.view(),
          largestFile,
          newest,
          futureFiles,
          oldFiles,
          candidates,
          fileSystems,
          notSent: { ...unsentEntries, falseLinks },
          longestPath,
          names: names.end(),
          newestChangeMs: touched?.newest(),
          dumps,
          survey: survey && (await endSurvey(survey, spec.basis, falseLinks)),
        },
      };
    }
    default:
      return verdict satisfies never;
  }
}

/** Looks at what was touched since a moment, for the survey too. */
function watchTouched(since: number | undefined, survey: SurveyWatch | undefined) {
  if (since === undefined) return undefined;
  // If nothing was touched since, the newest ctime is earlier.
  let newest = since;
  const onInode = (inode: Inode) => {
    // The source itself may have been mounted or moved here only now.
    if (inode.ctimeMs > newest && inode.name !== '.') newest = inode.ctimeMs;
    survey?.onInode(inode);
  };
  return { touchedSince: since, onInode, newest: () => newest };
}

async function beginSurvey({ files, entries, since }: SurveyedBasis): Promise<SurveyWatch> {
  const table = createNameTable(files);
  const whole = await entries((name, facts) => !name.endsWith('/') && table.add(name, facts));
  return surveySource({ table, whole }, since, createManifest());
}

function endSurvey(watch: SurveyWatch, { entries }: SurveyedBasis, found: FalseLinks | undefined): Promise<Survey> {
  return watch.end(entries, found === undefined ? 'right' : found.kind === 'not-looked' ? 'unknown' : 'false');
}

function longerPath(before: LongestPath | undefined, name: string): LongestPath {
  const bytes = decodeName(name).length;
  return before !== undefined && before.bytes >= bytes ? before : { name, bytes };
}

/** Why the source cannot be walked at all, and what to do; --force does not help. */
async function notADirectory(source: string): Promise<{ reason: string; advice?: string } | undefined> {
  try {
    if ((await stat(source)).isDirectory()) return undefined;
    return { reason: `the source ${source} is not a directory`, advice: NAME_A_DIRECTORY };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { reason: `the source ${source} does not exist`, advice: NOT_THERE };
    return { reason: `the source ${source} cannot be read: ${errorMessage(error)}`, advice: UNREADABLE };
  }
}

function keepSmallest(candidates: CanaryCandidate[], candidate: CanaryCandidate): void {
  const last = candidates.at(-1);
  if (candidates.length >= CANDIDATES && last && last.size <= candidate.size) return;
  const at = candidates.findIndex(({ size }) => size > candidate.size);
  candidates.splice(at === -1 ? candidates.length : at, 0, candidate);
  if (candidates.length > CANDIDATES) candidates.pop();
}
