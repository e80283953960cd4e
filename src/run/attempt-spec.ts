import type { Clock } from '../platform/clock.ts';
import type { RunProcess } from '../platform/process.ts';
import type { Tree, Wire } from '../rsync/arguments.ts';
import type { SnapshotId } from '../shared/snapshot-id.ts';
import type { Connected } from '../ssh/connection.ts';
import type { VerificationFigures } from '../state/run-record.ts';
import type { Observe } from './events.ts';
import type { SourceSummary } from './source.ts';

/** One try to write one snapshot. */
export interface AttemptSpec {
  readonly wire: Wire;
  /** As {@link AttemptSpec.wire}, with a time-out that leaves room to read everything: for all that compares by checksum. */
  readonly verifyWire: Wire;
  readonly tree: Tree;
  /** Gives a connection to the target; the attempt closes it. */
  readonly connect: () => Promise<Connected>;
  readonly source: SourceSummary;
  readonly bases: readonly SnapshotId[];
  /** Copy what the bases hold instead of linking to it. */
  readonly copyBases: boolean;
  readonly bandwidthLimit: number | undefined;
  /** Whether a basis under another name is looked for. */
  readonly fuzzy: boolean;
  readonly busyTimeoutMs: number;
  /** `full`: read everything on both sides. `changed`: what this push sent. */
  readonly verifyMode: 'full' | 'changed';
  /** The bases are known to hold damage: link only what is equal by checksum. */
  readonly distrustBases: boolean;
  /** When what the bases hold was last known to be what the source held; undefined without a basis. */
  readonly basesGoodAt: Date | undefined;
  readonly rsyncVersion: string;
  /** Private directory of the run. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Told now and then how many bytes of the source are dealt with. */
  readonly onProgress?: (bytesDone: number) => void;
}

/** What an attempt needs of the outside world. */
export interface AttemptDeps {
  readonly runProcess: RunProcess;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string>>;
  readonly observe: Observe;
  /** Whether somebody watches as it goes: a bar on a terminal, or a program that reads the events. */
  readonly watched: boolean;
}

/** What a verification and its canary found good. */
export interface VerifiedPush {
  readonly kind: 'verified';
  readonly verification: VerificationFigures;
  /** When the comparison began. */
  readonly verifiedFrom: Date;
  readonly canary: 'checksum' | 'presence';
  /** What is no fault, and yet to be known. */
  readonly warning: string | undefined;
}

/** What a later verification knows of a sealed snapshot. */
export interface SealedContents {
  readonly verifiedFrom: Date;
  /** Packed by createManifest; undefined when the push did not name every file. */
  readonly packed: Buffer | undefined;
}
