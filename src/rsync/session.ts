import type { RunProcess } from '../platform/process.ts';
import { answeredBy, type Secondary } from './answered-by.ts';
import type { SessionVerdict } from './exit.ts';
import { judgeSession } from './exit.ts';
import type { Item } from './itemized.ts';
import { readOutputLine, type EntryCounts, type TransferStats } from './output.ts';
import { readErrorIn, type UnreadableFile } from './read-errors.ts';

/** One rsync session with the secondary. */
export interface SessionSpec {
  readonly args: readonly string[];
  /** `push`: items carry the bytes they took on the wire. */
  readonly mode: 'push' | 'check';
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Milliseconds without any progress after which the session is ended. */
  readonly stallMs: number;
  /** Called for each itemised line as it arrives; nothing is kept. */
  readonly onItem?: (item: Item) => void;
  /** Called with the bytes transferred so far, if `--info=progress2` was requested. */
  readonly onProgress?: (bytes: number) => void;
  /** Called from time to time with the number of bytes that rsync has read on this side: files, and little from the other side. */
  readonly onRead?: ((bytes: number) => void) | undefined;
  /** Called for each line of standard output that has another meaning. */
  readonly onOtherLine?: (line: string) => void;
  /** Called for each line of standard error as it arrives. */
  readonly onStderrLine?: (line: string) => void;
  /** Called when rsync creates the destination directory, which it reports before the first item. */
  readonly onDestinationCreated?: () => void;
}

/** What a session reported, apart from its items. */
export interface SessionResult {
  readonly verdict: SessionVerdict;
  readonly stats: TransferStats;
  /** What rsync saw of the source. */
  readonly source: EntryCounts;
  /** Whether rsync created the destination directory, so it did not exist before. */
  readonly createdDestination: boolean;
  /** Protocol number that the other rsync offered; 0 when the session did not get that far. */
  readonly remoteProtocol: number;
  /** Checksum that both sides agreed on; empty when the session did not get that far. */
  readonly checksum: string;
  /** Devices, FIFOs and sockets: they are not stored (facts.md#special-files). */
  readonly skippedSpecial: number;
  /** The first files on this side that could not be read in full, however the session ended. */
  readonly readErrors: readonly UnreadableFile[];
  /** What answered, if its output shows that; undefined if not. */
  readonly answeredBy: Secondary | undefined;
}

/** Read errors that are kept. */
const KEPT_ERRORS = 1000;

/** Runs rsync once and returns what it reported. It never throws, whatever rsync does. */
export async function runSession(spec: SessionSpec, run: RunProcess): Promise<SessionResult> {
  const stats: Record<keyof TransferStats, number> = {
    totalBytes: 0,
    transferredFiles: 0,
    transferredBytes: 0,
    literalBytes: 0,
    matchedBytes: 0,
    sentBytes: 0,
    receivedBytes: 0,
  };
  let createdDestination = false;
  let remoteProtocol = 0;
  let checksum = '';
  let skippedSpecial = 0;
  let source: EntryCounts = { regularFiles: 0, directories: 0, symlinks: 0, specials: 0 };
  let last: string | undefined;
  const readErrors: UnreadableFile[] = [];
  const end = await run({
    program: 'rsync',
    args: spec.args,
    env: spec.environment,
    signal: spec.signal,
    stallMs: spec.stallMs,
    ...(spec.onRead === undefined ? {} : { onRead: spec.onRead }),
    onStderrLine: (line) => {
      spec.onStderrLine?.(line);
      const error = readErrorIn(line);
      const known = error === undefined || readErrors.some(({ name }) => name === error.name); // it tries twice
      if (!known && readErrors.length < KEPT_ERRORS) readErrors.push(error);
    },
    onStdoutLine: (line) => {
      const event = readOutputLine(line, spec.mode === 'push');
      switch (event.kind) {
        case 'item':
          last = event.item.name;
          spec.onItem?.(event.item);
          break;
        case 'progress':
          spec.onProgress?.(event.bytes);
          break;
        case 'counts':
          source = event.counts;
          break;
        case 'stat':
          stats[event.key] = event.value;
          break;
        case 'protocol':
          remoteProtocol = event.remote;
          break;
        case 'checksum':
          checksum = event.algorithm;
          break;
        case 'created-destination':
          createdDestination = true;
          spec.onDestinationCreated?.();
          break;
        case 'skipped':
          skippedSpecial += 1;
          break;
        case 'other':
          spec.onOtherLine?.(line);
          break;
        default:
          event satisfies never;
      }
    },
  });
  return {
    verdict: judgeSession(end, last),
    stats,
    source,
    createdDestination,
    remoteProtocol,
    checksum,
    skippedSpecial,
    readErrors,
    answeredBy: end.kind === 'exited' ? answeredBy(end.stderrTail) : undefined,
  };
}
