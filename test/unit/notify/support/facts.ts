import type { ProblemFacts, RunFacts } from '../../../../src/notify/facts.ts';
import { parseSnapshotId, type SnapshotId } from '../../../../src/shared/snapshot-id.ts';

export const AT = new Date('2026-11-23T04:15:00Z');

export function snapshot(id: string): SnapshotId {
  return parseSnapshotId(id)!;
}

/** A failed run, unless `change` says otherwise. */
export function runFacts(change: Partial<RunFacts> = {}): RunFacts {
  return {
    kind: 'run',
    event: 'failure',
    at: AT,
    host: 'db1',
    job: 'postgres',
    target: 'vault',
    outcome: 'connection-lost',
    failures: 1,
    reason: 'ssh: the line broke',
    notProtectedSince: new Date('2026-11-22T02:15:00Z'),
    lastSealed: snapshot('2026-11-22T021500Z'),
    ...change,
  };
}

/** Something that is wrong on the secondary, unless `change` says otherwise. */
export function problemFacts(change: Partial<ProblemFacts> = {}): ProblemFacts {
  return {
    kind: 'problem',
    event: 'failure',
    at: AT,
    host: 'vault',
    problem: 'prune of db1/postgres is on hold',
    advice: 'Look at the newest snapshot, then: offsite-prune --release',
    ...change,
  };
}
