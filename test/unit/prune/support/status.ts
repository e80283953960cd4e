import type { HostSettings } from '../../../../remote-scripts/config/settings.ts';
import type { StoredSnapshot } from '../../../../remote-scripts/prune/inventory.ts';
import { planJob, type PlanContext } from '../../../../remote-scripts/prune/plan.ts';
import type { HostStatus } from '../../../../remote-scripts/prune/report.ts';
import { snapshotIdOf } from '../../../../src/shared/snapshot-id.ts';

const DAY = 86_400_000;

/** Daily snapshots that arrived at this time of day; the newest one `age` days ago. */
function snapshotsOf(now: Date, count: number, age: number): StoredSnapshot[] {
  return Array.from({ length: count }, (_, index) => {
    const received = new Date(now.getTime() - (age + count - 1 - index) * DAY);
    return { id: snapshotIdOf(received), received, receivedBy: 'receipt' as const, bytes: 3 * 2 ** 30, files: 12_345 };
  });
}

/** A host of which everything is known: what was measured, scrubbed, pinned and remembered. */
export function fullStatus(host: HostSettings, now = new Date('2026-11-23T12:00:00Z')): HostStatus {
  const plans = [...host.jobs.values()].map((job) => {
    const snapshots = snapshotsOf(now, 30, 0.5);
    const [oldest] = snapshots;
    const today = Math.floor(now.getTime() / DAY);
    const days = Array.from({ length: 60 }, (_, index) => [today - index, { share: 0.02, fresh: 2 ** 28 }] as const);
    const since = new Date(now.getTime() - 60 * DAY);
    const context: PlanContext = {
      ...{ host, timezone: 'UTC', now, previousRun: new Date(now.getTime() - DAY), arrivals: undefined },
      ...{ accepted: new Set(), stored: { at: now, bytes: 40 * 2 ** 30 } },
      pins: { pins: [{ id: oldest!.id, why: 'before the migration', until: '2027-03-31', since }], damage: undefined },
      churn: { since, until: now, measured: 60, totals: [3 * 2 ** 30], days: new Map(days), outliers: [] },
      damage: { entries: [], omitted: 0, unknown: undefined, accepted: undefined },
      drills: [
        {
          ...{ id: snapshots.at(-1)!.id, which: 'newest', ok: true, whole: 3, broken: [], unchecked: [] },
          ...{ started: new Date(now.getTime() - 4 * DAY), durationMs: 83_000, failure: undefined, output: [] },
        },
      ],
      scrubbed: {
        ranAt: new Date(now.getTime() - 2 * 3_600_000),
        finishedAt: new Date(now.getTime() - 12 * DAY),
        done: 0.4,
      },
    };
    return planJob({ directory: `/x/${job.name}`, snapshots, leftovers: [], oddities: [] }, job, context);
  });
  return {
    ...{ host: host.name, plans, faults: [], lastRun: new Date(now.getTime() - DAY) },
    space: { totalBytes: 1000 * 2 ** 30, freeBytes: 300 * 2 ** 30, freeInodes: 5_000_000 },
    fullIn: { days: 123.4, what: 'space' },
  };
}
