import type { RestoreDifference } from '../../restore/compare.ts';
import type { ChangedEntry, DiffEntry } from '../../restore/diff.ts';
import type { Planned, Restored, RestorePosition, RestoreStep } from '../../restore/restore.ts';
import { failureCode } from '../../run/failure.ts';
import { OUTCOMES, type Outcome } from '../../shared/outcome.ts';
import type { SnapshotId } from '../../shared/snapshot-id.ts';

/** Why a command that reads what is stored could not do what was asked. */
export interface ReadFailure {
  readonly job: string;
  readonly outcome: Outcome;
  readonly exitCode: number;
  readonly reason: string;
  /** What to do. */
  readonly advice: string;
}

/** What happens in a restore, as it happens; its report comes last. */
export type RestoreEvent = { readonly time: string; readonly job: string; readonly snapshot: SnapshotId } & (
  | { readonly event: 'step-started'; readonly step: RestoreStep }
  | ({ readonly event: 'progress'; readonly step: RestoreStep } & RestorePosition)
);

/** How a restore has ended. Names are as rsync writes them, with its escapes. */
export interface RestoreReport {
  readonly job: string;
  /** Where the snapshot was read from. */
  readonly source: string;
  readonly snapshot: SnapshotId;
  /** Where it was restored to. */
  readonly path: string;
  readonly dryRun: boolean;
  /** Whether it went on where an earlier one had stopped. */
  readonly resumed: boolean;
  readonly outcome: Outcome;
  readonly exitCode: number;
  /** Both null when all is well. */
  readonly reason: string | null;
  readonly advice: string | null;
  /** Regular files that were wanted, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Bytes on the wire. */
  readonly receivedBytes: number;
  readonly durationMs: number;
  /** By what contents were proved: the manifest, or what is stored now; null if it did not come to that. */
  readonly provedBy: 'manifest' | 'checksum' | null;
  /** Files that are not as they were when the snapshot was sealed. */
  readonly damaged: readonly string[];
  /** What is not as it is in the snapshot. */
  readonly different: readonly RestoreDifference[];
  /** Entries that could not be read again, because their modes close them to this user. */
  readonly unread: number;
  /** Entries of an owner or group that only root can give. */
  readonly otherOwners: number;
  /** Entries that were left out, because a restore keeps its own files under their name (`.offsite-restore`). */
  readonly leftOut: number;
  /** A directory in the destination with which the same command goes on; null if none was left. */
  readonly left: string | null;
  /** What rsync said of single entries. */
  readonly troubles: readonly string[];
  /** In a dry run: what would be written. */
  readonly planned?: readonly Planned[];
}

/** What changed from one snapshot to another. */
export interface DiffReport {
  readonly job: string;
  readonly source: string;
  readonly from: SnapshotId;
  readonly to: SnapshotId;
  readonly new: readonly DiffEntry[];
  readonly gone: readonly DiffEntry[];
  readonly changed: readonly ChangedEntry[];
}

/** The report of a restore. @param took milliseconds */
export function reportOf(
  job: string,
  source: string,
  dryRun: boolean,
  took: number,
  restored: Restored,
  left: string | undefined,
): RestoreReport {
  const { snapshot, path, resumed, extent, received, failure, troubles, proof, planned } = restored;
  return {
    ...{ job, source, snapshot, path, dryRun, resumed },
    outcome: failure?.outcome ?? 'done',
    exitCode: failure === undefined ? 0 : failureCode(failure),
    reason: failure?.reason ?? null,
    advice: failure === undefined ? null : (failure.advice ?? OUTCOMES[failure.outcome].advice),
    ...{ files: extent.files, bytes: extent.bytes, receivedBytes: received, durationMs: Math.round(took) },
    provedBy: proof?.by ?? null,
    damaged: proof?.manifest?.damaged ?? [],
    different: proof?.comparison.different ?? [],
    unread: unreadIn(restored),
    otherOwners: extent.foreign,
    leftOut: extent.leftOut,
    left: left ?? null,
    troubles,
    ...(dryRun ? { planned } : {}),
  };
}

/** Entries that could not be read again. */
export function unreadIn({ proof }: Restored): number {
  return Math.max(proof?.manifest?.unread ?? 0, proof?.comparison.unread ?? 0);
}
