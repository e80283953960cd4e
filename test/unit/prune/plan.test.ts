import { describe, expect, it } from 'vitest';
import type { HostSettings } from '../../../remote-scripts/config/settings.ts';
import type { Inventory, Leftover } from '../../../remote-scripts/prune/inventory.ts';
import { planJob, removalsOf, type PlanContext } from '../../../remote-scripts/prune/plan.ts';
import { parseSnapshotId, snapshotIdOf, type SnapshotId } from '../../../src/shared/snapshot-id.ts';
import { createStore, type StoreOptions } from './support/store.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-11-23T12:00:00Z');

const USUAL = hostOf({});

function hostOf(options: StoreOptions): HostSettings {
  const store = createStore(options);
  store.remove();
  return store.host;
}

function leftover(kind: Leftover['kind'], age: number, id = '2026-11-20T021500Z'): Leftover {
  return { name: `${id}.${kind}`, kind, id: parseSnapshotId(id), since: new Date(NOW.getTime() - age) };
}

function plan(found: Partial<Inventory>, context: Partial<PlanContext> = {}, options?: StoreOptions) {
  const host = options ? hostOf(options) : USUAL;
  const inventory = { directory: '/x', snapshots: [], leftovers: [], oddities: [], ...found };
  return planJob(inventory, host.jobs.get('db')!, {
    host,
    timezone: 'UTC',
    now: NOW,
    previousRun: undefined,
    drills: [],
    arrivals: undefined,
    accepted: new Set(),
    pins: { pins: [], damage: undefined },
    churn: undefined,
    stored: undefined,
    damage: { entries: [], omitted: 0, unknown: undefined, accepted: undefined },
    scrubbed: { ranAt: undefined, finishedAt: undefined, done: undefined },
    ...context,
  });
}

function daily(count: number, newest = NOW.getTime() - 9 * 3_600_000) {
  return Array.from({ length: count }, (_, index) => {
    const received = new Date(newest - index * DAY);
    return { id: snapshotIdOf(received), received, receivedBy: 'receipt' as const, bytes: 1000, files: 1 };
  });
}

describe('leftovers', () => {
  it.each(['partial', 'frozen', 'unsealed', 'temporary'] as const)(
    'keeps a %s for its lifetime and no longer',
    (kind) => {
      const young = plan({ leftovers: [leftover(kind, 6.9 * DAY)] });
      expect(young.leftovers[0]).toMatchObject({
        action: 'keep',
        reason: 'it appeared 6 d 21 h ago; its lifetime is 7 d',
      });
      expect(removalsOf(plan({ leftovers: [leftover(kind, 7 * DAY)] })).leftovers).toEqual([
        `2026-11-20T021500Z.${kind}`,
      ]);
    },
  );

  it.each(['seal', 'manifest'] as const)('removes a %s without its snapshot at once: prune was killed', (kind) => {
    const made = plan({ snapshots: daily(9), leftovers: [leftover(kind, 0, '2026-11-19T101500Z')] });
    expect(removalsOf(made).leftovers).toHaveLength(1);
    expect(made.decisions.flatMap(({ reasons }) => reasons).join()).not.toContain('unfinished attempt');
  });

  it('keeps an attempt whose seal the gate has accepted, however old', () => {
    const accepted = new Set(['2026-11-20T021500Z' as SnapshotId]);
    expect(removalsOf(plan({ leftovers: [leftover('partial', 99 * DAY)] }, { accepted })).leftovers).toEqual([]);
  });

  it('removes them although a stale set is on hold: they may be what fills the disk', () => {
    const stale = plan({ snapshots: daily(9, NOW.getTime() - 10 * DAY), leftovers: [leftover('frozen', 8 * DAY)] });
    expect(stale.holds).toMatchObject([{ kind: 'stale' }]);
    expect(removalsOf(stale)).toEqual({ snapshots: [], leftovers: ['2026-11-20T021500Z.frozen'] });
  });

  it('keeps them when the clock cannot be right', () => {
    const wrong = plan({ leftovers: [leftover('frozen', 8 * DAY)] }, { previousRun: new Date(NOW.getTime() + DAY) });
    expect(removalsOf(wrong).leftovers).toEqual([]);
  });

  it('keep the snapshot that an unfinished attempt may link to', () => {
    const attempt = leftover('partial', DAY, '2026-11-19T101500Z');
    const without = plan({ snapshots: daily(9) });
    const running = plan({ snapshots: daily(9), leftovers: [attempt] });
    const kept = (made: typeof running) => made.decisions.filter(({ action }) => action === 'keep').length;
    expect(kept(running)).toBe(kept(without) + 1);
    expect(running.decisions.find(({ snapshot }) => snapshot.id === '2026-11-19T030000Z')?.reasons).toEqual([
      'basis of the unfinished attempt 2026-11-19T101500Z',
    ]);
  });
});

it('removes what the policy does not keep, and says how fresh the job is', () => {
  const jobs = '{ db: { expect: { schedule: "0 3 * * *", grace: 1h } } }';
  const made = plan({ snapshots: daily(9) }, {}, { jobs });
  expect(removalsOf(made).snapshots).toHaveLength(6);
  expect(made.freshness?.state).toBe('fresh');
  expect(made.newest?.id).toBe('2026-11-23T030000Z');
});

it('quarantines by the limits of the gate: a day for each of the five sessions of an attempt from its push on', () => {
  const slow = { ...daily(1)[0]!, id: '2026-11-18T025000Z' as SnapshotId };
  const impossible = { ...daily(1)[0]!, id: '2026-11-18T024959Z' as SnapshotId };
  expect(plan({ snapshots: [slow] }).decisions).toMatchObject([{ action: 'keep' }]);
  expect(plan({ snapshots: [impossible] }).decisions).toMatchObject([{ action: 'quarantine' }]);
});
