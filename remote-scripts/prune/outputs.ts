import type { Freshness } from '../../src/shared/schedule.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { Hold } from '../retention/holds.ts';
import type { DamageEntry } from '../store/damage.ts';
import type { DrillData } from '../store/drill-record.ts';
import type { Freed } from './freed.ts';
import type { Oddity } from './inventory.ts';
import type { Forecast } from './space.ts';

/** What `offsite-prune` prints with `--json`; see remote-scripts/commands/json-output.ts. */
export interface PruneOutputs {
  /** What a run has decided and done, or with `--dry-run` would do. */
  readonly 'offsite-prune HOST --json': PruneReport;
  /** What the policy would keep. */
  readonly 'offsite-prune HOST --simulate --json': SimulationReport;
  /** How every job stands. */
  readonly 'offsite-prune status --json': StandingReport;
  /** How the jobs of a host stand, and where nobody would be told. */
  readonly 'offsite-prune check --json': StandingReport & { readonly silences: readonly string[] };
}

export interface PruneReport {
  readonly version: 1;
  readonly host: string;
  readonly at: string;
  readonly dryRun: boolean;
  readonly jobs: readonly PlannedJob[];
  /** Jobs that could not be examined. */
  readonly faults: readonly JobFaultData[];
  /** Missing in a dry run. */
  readonly done?: {
    /** Snapshots and leftovers that were moved into the trash, by job. */
    readonly removed: Readonly<Record<string, readonly string[]>>;
    /** Jobs that a session kept locked. */
    readonly locked: readonly string[];
    /** Entries of the trash that were deleted, those of earlier runs too. */
    readonly deleted: number;
    /** What could not be done, in words. */
    readonly failures: readonly string[];
  };
}

/** What is to be done in one job, and why. */
export interface PlannedJob {
  readonly job: string;
  readonly policy: PolicyData;
  readonly snapshots: readonly {
    readonly id: SnapshotId;
    /** `quarantine`: it is kept, counts nowhere, and somebody must look at it. */
    readonly action: 'keep' | 'remove' | 'quarantine';
    readonly reasons: readonly string[];
    readonly received: string | null;
    /** What shows when it arrived: the gate's receipt, or the birth time of its seal here. */
    readonly receivedBy: 'receipt' | 'birth-time';
    readonly bytes: number;
    readonly files: number;
  }[];
  /** Attempts without a seal, and what a run of prune that was killed has left. */
  readonly leftovers: readonly {
    readonly name: string;
    readonly kind: 'partial' | 'frozen' | 'unsealed' | 'seal' | 'manifest' | 'temporary';
    readonly since: string | null;
    readonly action: 'keep' | 'remove';
    readonly reason: string;
  }[];
  readonly oddities: readonly Oddity[];
  /** If there is any, no snapshot is removed. */
  readonly holds: readonly Hold[];
  readonly pins: JobPinsData;
  /** Holds that an administrator has overruled for this run. */
  readonly released: readonly Hold[];
  /** What releases the holds, for `--release`; null if nothing does. */
  readonly release: string | null;
  readonly removes: { readonly snapshots: readonly SnapshotId[]; readonly leftovers: readonly string[] };
  readonly frees: Freed;
}

/** What is kept: counts, and durations in milliseconds. */
export interface PolicyData {
  readonly last: number;
  readonly within: number;
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly quarterly: number;
  readonly yearly: number;
  readonly minAge: number;
}

export interface SimulationReport {
  readonly version: 1;
  readonly host: string;
  readonly jobs: readonly {
    readonly job: string;
    /** What says how often snapshots arrive; null if nothing does. `seen`, `simulated`: milliseconds between two. */
    readonly arrivals:
      | { readonly by: 'schedule'; readonly schedule: string; readonly timezone: string }
      | { readonly by: 'usual'; readonly seen: number; readonly simulated: number }
      | null;
    /** The end of each day; null if nothing says how often snapshots arrive. */
    readonly days: readonly SimulatedDayData[] | null;
  }[];
}

export interface SimulatedDayData {
  readonly at: string;
  readonly arrived: number;
  /** Snapshots of the schedule that the gate would not let in. */
  readonly turnedAway: number;
  readonly removed: number;
  readonly held: number;
  /** The oldest snapshot that is kept; null if there is none. */
  readonly oldest: SnapshotId | null;
}

export interface StandingReport {
  readonly version: 1;
  readonly at: string;
  readonly hosts: readonly HostStanding[];
}

export interface HostStanding {
  readonly host: string;
  readonly lastPrune: string | null;
  /** Jobs that could not be examined. */
  readonly faults: readonly JobFaultData[];
  /** `freeInodes` is null on file systems that do not count them. */
  readonly space: { readonly totalBytes: number; readonly freeBytes: number; readonly freeInodes: number | null };
  /** When nothing more will be let in; null if that cannot be told. */
  readonly fullIn: Forecast | null;
  readonly jobs: readonly JobStanding[];
}

/** How one job stands. */
export interface JobStanding {
  readonly job: string;
  readonly state: 'ok' | 'stale' | 'damaged' | 'look';
  readonly remarks: readonly string[];
  readonly lastSealed: SnapshotId | null;
  /** When that arrived. */
  readonly received: string | null;
  readonly bytes: number | null;
  /** How many there are. */
  readonly snapshots: number;
  readonly quarantined: readonly SnapshotId[];
  readonly holds: readonly Hold[];
  readonly pins: JobPinsData;
  /** Bytes on the disk of all its snapshots; null if that was never measured. */
  readonly stored: number | null;
  readonly damage: {
    readonly files: readonly Omit<DamageEntry, 'inode'>[];
    /** Damaged files that found no place in the record. */
    readonly omitted: number;
    /** Why it is not known what is damaged; null if it is. */
    readonly unknown: string | null;
  };
  readonly drill: {
    /** Whether any are to be made, and there is something to make them with. */
    readonly expected: boolean;
    /** The last one with the newest snapshot of its day. */
    readonly last: DrillData | null;
    readonly failed: readonly DrillData[];
    /** Milliseconds since one was due; null if none is. */
    readonly overdueBy: number | null;
  };
  readonly scrub: {
    readonly ranAt: string | null;
    /** When it last had read everything. */
    readonly finishedAt: string | null;
    /** How much of the present cycle is done, from 0 to 1. */
    readonly done: number | null;
  };
  /** Null if nothing says when a snapshot is due. */
  readonly freshness: {
    readonly state: Freshness['state'];
    readonly lastDue: string | null;
    readonly nextDue: string | null;
    /** From then on it is overdue, unless a newer snapshot arrives. */
    readonly deadline: string | null;
    readonly overdueBy: number;
  } | null;
}

/** A job that could not be examined, and so is in no list of jobs. */
export interface JobFaultData {
  readonly job: string;
  readonly reason: string;
}

/** The pins of one job. */
export interface JobPinsData {
  readonly holding: readonly PinData[];
  /** Those whose last day is over. */
  readonly ended: readonly PinData[];
  /** Those whose snapshot is not there. */
  readonly lost: readonly PinData[];
}

/** An administrator's order to keep a snapshot. */
export interface PinData {
  readonly id: SnapshotId;
  readonly why: string;
  /** The last day on which it holds; null: until it is removed. */
  readonly until: string | null;
  /** When it was set or changed. */
  readonly since: string | null;
}
