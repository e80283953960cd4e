import type { Clock } from '../../platform/clock.ts';
import type { RunProcess } from '../../platform/process.ts';
import type { PushOptions, TransferSettings, Tree, Wire } from '../../rsync/arguments.ts';
import type { VerifyMode } from '../../shared/verify-mode.ts';
import type { SnapshotId } from '../../shared/snapshot-id.ts';
import type { Connected } from '../../ssh/connection.ts';
import type { Observe } from '../events.ts';
import type { SourceSummary } from '../source/read-source.ts';

/** One try to write one snapshot. */
export interface AttemptSpec {
  readonly wire: Wire;
  /** As {@link AttemptSpec.wire}, with a time-out long enough to read everything: for sessions that compare by checksum. */
  readonly verifyWire: Wire;
  readonly tree: Tree;
  /** Gives a connection to the target; the attempt closes it. */
  readonly connect: () => Promise<Connected>;
  readonly source: SourceSummary;
  readonly bases: readonly SnapshotId[];
  /** What is done with what is unchanged in the bases (see PushOptions). */
  readonly unchanged: PushOptions['unchanged'];
  /** Those of the bases that may be the attempt that broke, in whose tree the gate goes on; empty: there is none. */
  readonly continues: readonly SnapshotId[];
  readonly transfer: TransferSettings;
  readonly busyTimeoutMs: number;
  /** What is compared after the push (see VERIFY_MODES). */
  readonly verifyMode: VerifyMode;
  /** The bases may be damaged: link only what is equal by checksum. */
  readonly distrustBases: boolean;
  /** When the bases were last known to be equal to the source; undefined without a basis. */
  readonly basesGoodAt: Date | undefined;
  readonly rsyncVersion: string;
  /** Private directory of the run. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Called from time to time with the number of bytes of the source that have been handled. */
  readonly onProgress?: (bytesDone: number) => void;
}

/** What an attempt needs from outside. */
export interface AttemptDeps {
  readonly runProcess: RunProcess;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string>>;
  readonly observe: Observe;
  /** Whether somebody watches the progress: a bar on a terminal, or a program that reads the events. */
  readonly watched: boolean;
}

/** What a later verification knows about a sealed snapshot. */
export interface SealedContents {
  readonly verifiedFrom: Date;
  /** Packed by createManifest; undefined when the push did not name every file. */
  readonly packed: Buffer | undefined;
}
