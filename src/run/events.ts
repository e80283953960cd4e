import type { SnapshotId } from '../shared/snapshot-id.ts';
import type { VerifyMode } from '../shared/verify-mode.ts';
import type { RunRecord } from '../state/run-record.ts';
import type { FileSystemsBelow } from './source/file-systems.ts';
import type { NotSent } from './source/not-sent.ts';
import type { Difference } from '../verify/comparison.ts';

/** The steps of an attempt (docs/architecture.md). */
export type Step = 'connect' | 'push' | 'verify' | 'canary' | 'seal';

/** What happens in a run, as it happens; `--json` prints one event per line. */
export type RunEvent =
  | { readonly event: 'run-started' }
  | { readonly event: 'preview-started' }
  | { readonly event: 'verify-started' }
  | {
      readonly event: 'source-read';
      readonly files: number;
      readonly bytes: number;
      /** Other file systems below the source. */
      readonly fileSystems: FileSystemsBelow;
      /** What no snapshot contains. */
      readonly notSent: NotSent;
    }
  | {
      readonly event: 'attempt-started';
      readonly attempt: number;
      readonly snapshot: SnapshotId;
      readonly bases: readonly SnapshotId[];
      /** Whether a basis under another name is looked for. */
      readonly fuzzy: boolean;
    }
  | { readonly event: 'step-started'; readonly step: Exclude<Step, 'verify'> }
  /** `changed`: only what was sent is read. */
  | { readonly event: 'step-started'; readonly step: 'verify'; readonly mode: VerifyMode }
  | {
      readonly event: 'progress';
      readonly step: 'push';
      readonly files: number;
      readonly totalFiles: number;
      readonly bytes: number;
      readonly totalBytes: number;
    }
  | { readonly event: 'progress'; readonly step: 'verify'; readonly bytes: number; readonly totalBytes: number }
  | { readonly event: 'waiting'; readonly reason: string; readonly ms: number }
  | {
      readonly event: 'attempt-failed';
      readonly attempt: number;
      readonly outcome: string;
      readonly reason: string;
      readonly retryInMs: number | null;
    }
  | { readonly event: 'difference'; readonly difference: Difference }
  | { readonly event: 'run-finished'; readonly record: RunRecord };

/** What an event belongs to. */
export interface RunScope {
  readonly run: string;
  readonly job: string;
  readonly target: string;
}

/** Takes the events of a run. Must not throw. */
export type Observe = (event: RunEvent) => void;

/** Takes the events of several runs, which may go on at the same time. Must not throw. */
export type ObserveRuns = (event: RunEvent, scope: RunScope) => void;
