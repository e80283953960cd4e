import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunProcess } from '../platform/process.ts';
import type { SnapshotSource } from '../read/snapshot-source.ts';
import { scopePatterns } from '../rsync/patterns.ts';
import type { ReadScope } from '../rsync/read-arguments.ts';
import { runSession, type SessionResult } from '../rsync/session.ts';
import { parseStoredItem, type StoredItem } from '../rsync/stored-item.ts';
import { interruptionOf, type Failure } from '../run/failure.ts';
import type { ListedSnapshot } from '../shared/store-listing.ts';

/** One snapshot, and where it is read from. */
export interface Stored {
  readonly source: SnapshotSource;
  readonly job: string;
  readonly snapshot: ListedSnapshot;
}

/** What reading needs from outside. */
export interface ReadDeps {
  readonly runProcess: RunProcess;
  readonly signal: AbortSignal;
  /** A private directory for files of the session. */
  readonly scratch: string;
}

/** How a session that reads has ended. */
export interface ReadEnd {
  /** Undefined: everything went well. */
  readonly failure: Failure | undefined;
  readonly stats: SessionResult['stats'];
  /** What rsync said of single entries, in its words. */
  readonly troubles: readonly string[];
}

/** Complaints that are kept. */
const KEPT = 1000;

/** What is told while a session goes on. */
export interface ReadHooks {
  readonly onItem?: (item: StoredItem) => void;
  readonly onProgress?: (bytes: number) => void;
  /** Called with the bytes that rsync has read here. */
  readonly onRead?: (bytes: number) => void;
}

/** Runs one session that reads from a source of snapshots, and says in the words of a reader how it ended. */
export async function readFrom(
  { environment, stallMs }: Pick<SnapshotSource, 'environment' | 'stallMs'>,
  args: readonly string[],
  { onItem, onProgress, onRead }: ReadHooks,
  { runProcess, signal }: Pick<ReadDeps, 'runProcess' | 'signal'>,
): Promise<ReadEnd> {
  const troubles: string[] = [];
  const { verdict, stats } = await runSession(
    {
      args,
      mode: 'check',
      environment,
      signal,
      stallMs,
      onOtherLine: (line) => {
        const item = parseStoredItem(line);
        if (item !== undefined) onItem?.(item);
      },
      ...(onProgress && { onProgress }),
      onRead,
      onStderrLine: (line) => {
        if (isOfEntry(line) && troubles.length < KEPT) troubles.push(line.replace(/^rsync: /, ''));
      },
    },
    runProcess,
  );
  return { failure: failureOf(verdict, troubles, signal), stats, troubles };
}

function isOfEntry(line: string): boolean {
  return /^rsync: \[|^file has vanished|^WARNING: .* failed verification|^cannot delete|^could not make way/.test(line);
}

/** In a session that reads, these processes of rsync write on this host. */
const HERE = /^\[(?:[Rr]eceiver|generator)[^\]]*\] /;

/** What to do; the advice of the outcomes is for runs. */
const ADVICE = {
  again: 'Type the same command again: it goes on where it stopped.',
  incomplete:
    'Everything else is there. Type the same command again to try once more, or take what is named from another snapshot.',
} as const;

function failureOf(
  verdict: SessionResult['verdict'],
  troubles: readonly string[],
  signal: AbortSignal,
): Failure | undefined {
  switch (verdict.kind) {
    case 'ok':
      return undefined;
    case 'aborted':
      return { ...interruptionOf(signal), advice: ADVICE.again };
    case 'busy':
      return { outcome: 'refused', reason: verdict.reason };
    case 'failed':
      break;
    default:
      return verdict satisfies never;
  }
  const full = troubles.find((line) => HERE.test(line) && /No space left on device|Disk quota exceeded/.test(line));
  if (full !== undefined) {
    return {
      outcome: 'no-space-here',
      reason: `no space left here: ${full.replace(HERE, '')}`,
      advice: `Free space there. ${ADVICE.again}`,
    };
  }
  const { outcome, reason, advice } = verdict;
  if (outcome === 'incomplete') return { outcome, reason, advice: advice ?? ADVICE.incomplete };
  // What a push finds full or closed is on the secondary; here it is this host.
  const [first] = troubles.filter((line) => HERE.test(line));
  if (first !== undefined && (outcome === 'refused' || outcome === 'secondary-full')) {
    return {
      outcome: 'incomplete',
      reason: `not everything could be written here: ${first.replace(HERE, '')}`,
      advice: ADVICE.incomplete,
    };
  }
  return {
    outcome,
    reason,
    advice: advice ?? (outcome === 'connection-lost' ? `Check the line. ${ADVICE.again}` : undefined),
  };
}

/**
 * What of a snapshot is read.
 * @param names see {@link parseNames}; empty for everything
 * @param exclude patterns of what is left out
 */
export async function scopeOf(
  { source, job, snapshot }: Stored,
  names: readonly Buffer[],
  exclude: readonly string[],
  { scratch }: Pick<ReadDeps, 'scratch'>,
): Promise<ReadScope> {
  const { options } = source;
  const operand = source.place(job, snapshot);
  if (names.length === 0) return { options, operand, only: undefined, exclude };
  const only = join(scratch, 'names');
  await writeFile(only, scopePatterns(names), { mode: 0o600 });
  return { options, operand, only, exclude };
}
