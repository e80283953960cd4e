import { describe, expect, it } from 'vitest';
import { BUCKET_KINDS, createBucketer, type BucketKind } from '../../../remote-scripts/retention/buckets.ts';
import type { RetentionPolicy, RetentionSetting } from '../../../remote-scripts/retention/policy.ts';
import { decideRetention, type SealedSnapshot } from '../../../remote-scripts/retention/decide.ts';
import { snapshotIdOf, type SnapshotId } from '../../../src/shared/snapshot-id.ts';
import fc from '../../support/properties.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const EPOCH = Date.parse('2026-01-01T00:00:00Z');

// Dense around some days and spread over years, so that buckets are full, empty and shared.
const arrival = fc
  .oneof(fc.integer({ min: 0, max: 72 * 60 }), fc.integer({ min: 0, max: 3 * 365 * 24 * 60 }))
  .map((minutes) => EPOCH + minutes * 60_000);
const snapshot = fc
  .tuple(arrival, fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.integer({ min: -9 * DAY, max: 9 * DAY })))
  .map(([time, lie]): SealedSnapshot => ({ id: snapshotIdOf(new Date(time + lie)), received: new Date(time) }));
const snapshots = fc.array(snapshot, { maxLength: 60 });
const count = fc.integer({ min: 0, max: 12 });
const duration = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90 * DAY }));
const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  last: fc.integer({ min: 1, max: 9 }),
  within: duration,
  ...(Object.fromEntries(BUCKET_KINDS.map((kind) => [kind, count])) as Record<BucketKind, typeof count>),
  minAge: duration,
});
const settings: fc.Arbitrary<RetentionSetting> = fc.record({
  timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia'),
  clockSkew: fc.constant(10 * 60_000),
  longestAttempt: fc.constant(4 * DAY),
});
const clocks = fc.integer({ min: EPOCH - 900 * DAY, max: EPOCH + 4000 * DAY }).map((ms) => new Date(ms));
const running = fc.array(
  arrival.map((ms) => snapshotIdOf(new Date(ms))),
  { maxLength: 2 },
);
const cases = fc.tuple(snapshots, policies, settings, clocks, running);
const RUNS = { numRuns: 300 };

const kept = (decisions: ReturnType<typeof decideRetention>) =>
  decisions.filter(({ action }) => action !== 'remove').map(({ snapshot: { id } }) => id);

/** With the reasons, which are made when asked for. */
const spoken = (decisions: ReturnType<typeof decideRetention>) =>
  decisions.map(({ snapshot, action, reasons }) => ({ snapshot, action, reasons }));

describe('whatever the snapshots, the policy, the clock and the zone', () => {
  it('speaks of every id exactly once and gives reasons', () => {
    fc.assert(
      fc.property(cases, (input) => {
        const decisions = decideRetention(...input);
        const named = decisions.map(({ snapshot: { id } }) => id);
        expect([...named].sort()).toEqual([...new Set(input[0].map(({ id }) => id))].sort());
        expect(decisions.every(({ reasons }) => reasons.length > 0)).toBe(true);
      }),
      RUNS,
    );
  });

  it('decides the same twice, in any order and with duplicates', () => {
    fc.assert(
      fc.property(cases, fc.func(fc.integer()), (input, shuffle) => {
        const [list, ...rest] = input;
        const mixed = [...list, ...list.slice(0, 5)].sort((a, b) => shuffle(a.id) - shuffle(b.id));
        expect(spoken(decideRetention(mixed, ...rest))).toEqual(spoken(decideRetention(list, ...rest)));
      }),
      RUNS,
    );
  });

  it('removes nothing more once its removals are carried out', () => {
    fc.assert(
      fc.property(cases, ([list, ...rest]) => {
        const decisions = decideRetention(list, ...rest);
        const gone = new Set(decisions.filter(({ action }) => action === 'remove').map(({ snapshot: { id } }) => id));
        const remaining = list.filter(({ id }) => !gone.has(id));
        expect(kept(decideRetention(remaining, ...rest))).toEqual(kept(decisions));
      }),
      RUNS,
    );
  });

  it('never keeps less by a longer policy', () => {
    fc.assert(
      fc.property(cases, policies, ([list, policy, ...rest], more) => {
        const keys = Object.keys(policy) as (keyof RetentionPolicy)[];
        const longer = { ...policy, ...Object.fromEntries(keys.map((key) => [key, policy[key] + more[key]])) };
        const then = new Set(kept(decideRetention(list, longer, ...rest)));
        expect(kept(decideRetention(list, policy, ...rest)).filter((id) => !then.has(id))).toEqual([]);
      }),
      RUNS,
    );
  });

  it('never removes what a rule protects, judged by a second and simpler reading of the rules', () => {
    fc.assert(
      fc.property(cases, (input) => {
        const removed = decideRetention(...input)
          .filter(({ action }) => action === 'remove')
          .map(({ snapshot: { id } }) => id);
        const safe = protectedIds(...input);
        expect(removed.filter((id) => safe.has(id))).toEqual([]);
        expect(removed.length + safe.size).toBe(new Set(input[0].map(({ id }) => id)).size);
      }),
      RUNS,
    );
  });

  it('never lets a later snapshot displace what a bucket already holds', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: HOUR }), ([list, policy, setting, , attempts], later) => {
        // The clock stands at the last arrival, so that one more can come in the same hour, day, week, month and year.
        const last = Math.max(EPOCH, ...list.map(({ received }) => received.getTime()));
        const now = new Date(last + later);
        const one: SealedSnapshot = { id: snapshotIdOf(now), received: now };
        const bucketOf = createBucketer(setting.timezone);
        const before = new Date(last);
        fc.pre(list.length > 0 && BUCKET_KINDS.every((kind) => bucketOf(kind, now) === bucketOf(kind, before)));
        const holders = (decisions: ReturnType<typeof decideRetention>) =>
          decisions.flatMap(({ snapshot: { id }, reasons }) =>
            reasons.some((reason) => BUCKET_KINDS.some((kind) => new RegExp(`^${kind} \\d`).test(reason))) ? [id] : [],
          );
        const held = holders(decideRetention(list, policy, setting, now, attempts));
        const after = new Set(holders(decideRetention([...list, one], policy, setting, now, attempts)));
        // An older mention of the same id makes both doubtful; that is the quarantine's case, not this one.
        fc.pre(
          list.every(({ id }) => id !== one.id) &&
            held.length > 0 &&
            list.some(({ received }) => received.getTime() === last),
        );
        fc.pre(decideRetention(list, policy, setting, now, attempts).at(-1)?.action !== 'quarantine');
        expect(held.filter((id) => !after.has(id))).toEqual([]);
      }),
      RUNS,
    );
  });
});

const pinnedOf = (ids: readonly string[]) => new Map(ids.map((id) => [id as SnapshotId, 'pinned: audit']));

describe('whatever is pinned', () => {
  it('stays, and so does all that would stay if nothing were pinned', () => {
    fc.assert(
      fc.property(cases, fc.func(fc.boolean()), ([list, policy, setting, now, attempts], isPinned) => {
        const pins = pinnedOf(list.map(({ id }) => id).filter((id) => isPinned(id)));
        const decisions = decideRetention(list, policy, setting, now, attempts, pins);
        const stays = new Set(kept(decisions));
        expect([...pins.keys()].filter((id) => !stays.has(id))).toEqual([]);
        expect(kept(decideRetention(list, policy, setting, now, attempts)).filter((id) => !stays.has(id))).toEqual([]);
        for (const { snapshot, action, reasons } of decisions) {
          expect(action !== 'remove' && reasons.includes('pinned: audit')).toBe(pins.has(snapshot.id));
        }
      }),
      RUNS,
    );
  });

  it('takes no place from another: the others are judged as if it were not there', () => {
    fc.assert(
      fc.property(cases, fc.func(fc.boolean()), ([list, ...rest], isPinned) => {
        const pins = pinnedOf(list.map(({ id }) => id).filter((id) => isPinned(id)));
        const others = list.filter(({ id }) => !pins.has(id));
        const decided = spoken(decideRetention(list, ...rest, pins)).filter(({ snapshot: { id } }) => !pins.has(id));
        expect(decided).toEqual(spoken(decideRetention(others, ...rest)));
      }),
      RUNS,
    );
  });

  const story = fc.array(
    fc.record({
      /** Milliseconds until the next snapshot arrives and prune runs. */
      pause: fc.oneof(fc.integer({ min: 1000, max: 8 * HOUR }), fc.integer({ min: HOUR, max: 50 * DAY })),
      /** Which of the snapshots that are there is pinned or unpinned then. */
      turns: fc.array(fc.nat(), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 50 },
  );

  it('loses nothing by being unpinned: over time, at least as much is held as where nothing ever was pinned', () => {
    fc.assert(
      fc.property(story, policies, settings, (steps, policy, setting) => {
        const pins = new Map<SnapshotId, string>();
        let [held, plain]: SealedSnapshot[][] = [[], []];
        let now = EPOCH;
        for (const { pause, turns } of steps) {
          now += pause;
          const one = { id: snapshotIdOf(new Date(now)), received: new Date(now) };
          if (held?.some(({ id }) => id === one.id)) continue;
          for (const turn of turns) {
            const id = held?.[turn % held.length]?.id;
            if (id !== undefined && !pins.delete(id)) pins.set(id, 'pinned: audit');
          }
          const after = (list: readonly SealedSnapshot[] = [], set?: typeof pins) =>
            decideRetention([...list, one], policy, setting, new Date(now), [], set)
              .filter(({ action }) => action !== 'remove')
              .map(({ snapshot }) => snapshot);
          [held, plain] = [after(held, pins), after(plain)];
          const there = new Set(held.map(({ id }) => id));
          expect(plain.filter(({ id }) => !there.has(id))).toEqual([]);
        }
      }),
      RUNS,
    );
  });
});

function protectedIds(...[list, policy, setting, now, attempts = []]: Parameters<typeof decideRetention>): Set<string> {
  const safe = new Set<string>();
  const arrivals = new Map<string, Set<number>>();
  for (const { id, received } of list) arrivals.set(id, (arrivals.get(id) ?? new Set()).add(received.getTime()));
  const honest = list.filter(({ id, received }) => {
    const named = Date.parse(id.replace(/T(..)(..)(..)Z/, 'T$1:$2:$3Z'));
    const time = received.getTime();
    const ok =
      arrivals.get(id)?.size === 1 &&
      named <= time + setting.clockSkew &&
      named >= time - setting.longestAttempt &&
      time <= now.getTime() + setting.clockSkew;
    if (!ok) safe.add(id);
    return ok;
  });
  const sorted = [...new Map(honest.map((item) => [item.id, item])).values()].sort(
    (a, b) => b.received.getTime() - a.received.getTime() || (a.id < b.id ? 1 : -1),
  );
  sorted.slice(0, policy.last).forEach(({ id }) => safe.add(id));
  for (const { id, received } of sorted) {
    if (policy.within > 0 && (sorted[0]?.received.getTime() ?? 0) - received.getTime() <= policy.within) safe.add(id);
    if (now.getTime() - received.getTime() < policy.minAge) safe.add(id);
  }
  const bucketOf = createBucketer(setting.timezone);
  for (const kind of BUCKET_KINDS) {
    const first = new Map<string, string>();
    for (const { id, received } of sorted) {
      const name = bucketOf(kind, received);
      first.delete(name); // newest first: the last one to be put in is the first of its bucket
      first.set(name, id);
    }
    const order = [...first.values()].sort(
      (a, b) => sorted.findIndex((s) => s.id === a) - sorted.findIndex((s) => s.id === b),
    );
    order.slice(0, policy[kind]).forEach((id) => safe.add(id));
  }
  for (const attempt of attempts) {
    const basis = sorted
      .map(({ id }) => id)
      .filter((id) => id < attempt)
      .sort()
      .at(-1);
    if (basis) safe.add(basis);
  }
  return safe;
}
