import { join } from 'node:path';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { GateSettings } from './settings.ts';
import { INODE_RECORDS } from '../store/change-notes.ts';

/** Where everything of one job lies. */
export interface JobPaths {
  /** `<root>/<host>/<job>`: snapshots and seals, the root of rrsync. */
  readonly snapshots: string;
  /** Whoever changes names in `snapshots` holds this lock; prune does too. */
  readonly lock: string;
  /** What the inodes of sealed snapshots were; see shared-inodes.ts. */
  readonly records: string;
  /** Attempts, one JSON object a line. */
  readonly ledger: string;
  /** rrsync's root while a seal is received; emptied for each. */
  readonly incoming: string;
  /** Seals that were accepted and are being placed; see sealing.ts. */
  readonly accepted: string;
  /** Exists while it is uncertain whether unsealed data is on the disk; see unflushed.ts. */
  readonly unflushed: string;
  /** Held while pushed data is flushed ahead of time, for all jobs of the host. No job can have this name. */
  readonly flushLock: string;
}

/** The paths of a configured job. */
export function jobPaths({ hostRoot, hostState }: GateSettings, job: string): JobPaths {
  return {
    snapshots: join(hostRoot, job),
    lock: join(hostState, `${job}.lock`),
    records: join(hostState, INODE_RECORDS, job),
    ledger: join(hostState, `${job}.attempts.jsonl`),
    incoming: join(hostState, 'spool', job, 'incoming'),
    accepted: join(hostState, 'spool', job, 'accepted'),
    unflushed: join(hostState, `${job}.unflushed`),
    flushLock: join(hostState, '.flush.lock'),
  };
}

/** The directory of a snapshot while it is written. */
export function partialName(id: SnapshotId): string {
  return `${id}.partial`;
}

/** The directory of an attempt that ended without a seal. */
export function frozenName(id: SnapshotId): string {
  return `${id}.frozen`;
}
