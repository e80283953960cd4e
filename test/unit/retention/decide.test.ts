import { NO_BUCKETS } from './support/policy.ts';
import { describe, expect, it } from 'vitest';
import type { RetentionPolicy, RetentionSetting } from '../../../remote-scripts/retention/policy.ts';
import { policyProblems } from '../../../remote-scripts/retention/policy.ts';
import { decideRetention, type SealedSnapshot } from '../../../remote-scripts/retention/decide.ts';
import { snapshotIdOf, type SnapshotId } from '../../../src/shared/snapshot-id.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = new Date('2026-11-23T12:00:00Z');
const NOTHING: RetentionPolicy = { ...NO_BUCKETS, last: 1, within: 0, minAge: 0 };
const SETTING: RetentionSetting = { timezone: 'UTC', clockSkew: 600_000, longestAttempt: 4 * DAY };

function sealed(time: string, received = time): SealedSnapshot {
  return { id: snapshotIdOf(new Date(time)), received: new Date(received) };
}

function daily(count: number, newest = '2026-11-23T02:15:00Z'): SealedSnapshot[] {
  return Array.from({ length: count }, (_, index) => sealed(new Date(Date.parse(newest) - index * DAY).toISOString()));
}

function decide(
  snapshots: readonly SealedSnapshot[],
  policy: Partial<RetentionPolicy>,
  setting: Partial<RetentionSetting> = {},
  running: readonly SnapshotId[] = [],
  now = NOW,
) {
  return decideRetention(snapshots, { ...NOTHING, ...policy }, { ...SETTING, ...setting }, now, running);
}

const ids = (decisions: ReturnType<typeof decide>, action: string) =>
  decisions.filter((decision) => decision.action === action).map(({ snapshot }) => snapshot.id);

describe('rule 1: age is the arrival, never the name', () => {
  it('keeps what arrived last as the newest, whatever its name says', () => {
    const older = sealed('2026-11-20T10:00:00Z', '2026-11-20T10:30:00Z');
    const newer = sealed('2026-11-20T09:00:00Z', '2026-11-20T11:00:00Z');
    expect(ids(decide([older, newer], { last: 1 }), 'keep')).toEqual([newer.id]);
  });
});

describe('rule 2: the first in each natural bucket is kept', () => {
  it('keeps the first of a day, so that a later flood displaces nothing', () => {
    const first = sealed('2026-11-20T02:15:00Z');
    const flood = Array.from({ length: 50 }, (_, index) =>
      sealed(new Date(Date.parse('2026-11-20T03:00:00Z') + index * 60_000).toISOString()),
    );
    const decisions = decide([...flood, first], { daily: 14 });
    expect(ids(decisions, 'keep')).toEqual([first.id, flood.at(-1)?.id]);
    expect(decisions[1]?.reasons).toContain(`daily: 2026-11-20 is held by ${first.id}`);
  });

  it('uses up no count for empty buckets', () => {
    const sparse = [sealed('2024-01-10T00:00:00Z'), sealed('2025-06-10T00:00:00Z'), sealed('2026-11-20T00:00:00Z')];
    expect(ids(decide(sparse, { daily: 3 }), 'keep')).toHaveLength(3);
  });

  it('says which bucket of how many a snapshot holds', () => {
    const decisions = decide(daily(20), { daily: 14, weekly: 2 });
    expect(decisions.find(({ snapshot }) => snapshot.id === '2026-11-21T021500Z')?.reasons).toEqual([
      'daily 3 of 14: 2026-11-21',
    ]);
    expect(decisions.find(({ snapshot }) => snapshot.id === '2026-11-16T021500Z')?.reasons).toEqual([
      'daily 8 of 14: 2026-11-16',
      'weekly 2 of 2: 2026-W47',
    ]);
    expect(decisions[0]).toMatchObject({
      action: 'remove',
      reasons: [
        'last: it is number 20, beyond the newest 1',
        'daily: 2026-11-04 lies beyond the newest 14 days',
        'weekly: 2026-W45 lies beyond the newest 2 ISO weeks',
      ],
    });
  });

  it('begins a day at midnight of the time zone', () => {
    const lateEvening = sealed('2026-07-01T21:30:00Z'); // 23:30 in Berlin
    const afterMidnight = sealed('2026-07-01T22:30:00Z'); // 00:30 on the next day
    const newest = sealed('2026-07-01T23:00:00Z');
    const all = [lateEvening, afterMidnight, newest];
    expect(ids(decide(all, { daily: 9 }, { timezone: 'UTC' }), 'remove')).toEqual([afterMidnight.id]);
    expect(ids(decide(all, { daily: 9 }, { timezone: 'Europe/Berlin' }), 'remove')).toEqual([]);
  });

  it('counts the hour that comes twice in autumn as two', () => {
    const twice = [sealed('2026-10-25T00:30:00Z'), sealed('2026-10-25T01:30:00Z'), sealed('2026-10-25T02:30:00Z')];
    const decisions = decide(twice, { hourly: 3 }, { timezone: 'Europe/Berlin' });
    expect(decisions.map(({ reasons }) => reasons.find((reason) => reason.startsWith('hourly')))).toEqual([
      'hourly 3 of 3: 2026-10-25 02:00+02:00',
      'hourly 2 of 3: 2026-10-25 02:00+01:00',
      'hourly 1 of 3: 2026-10-25 03:00+01:00',
    ]);
  });

  it.each([
    ['2026-03-31T23:59:59Z', '2026-Q1'],
    ['2026-04-01T00:00:00Z', '2026-Q2'],
    ['2026-09-30T23:59:59Z', '2026-Q3'],
    ['2026-10-01T00:00:00Z', '2026-Q4'],
  ])('puts %s into the quarter %s', (time, quarter) => {
    const [decision] = decide([sealed(time)], { quarterly: 2 });
    expect(decision?.reasons).toEqual(['last 1 of 1', `quarterly 1 of 2: ${quarter}`]);
  });

  it('keeps the first of each quarter that counts', () => {
    const times = ['2026-01-10', '2026-03-10', '2026-04-10', '2026-07-10', '2026-11-10', '2026-11-11'];
    const decisions = decide(
      times.map((day) => sealed(`${day}T00:00:00Z`)),
      { quarterly: 3 },
    );
    const kept = decisions.filter(({ action }) => action === 'keep').map(({ snapshot }) => snapshot.id.slice(0, 10));
    expect(kept).toEqual(['2026-04-10', '2026-07-10', '2026-11-10', '2026-11-11']);
  });

  it('puts the days around New Year into their ISO week', () => {
    const turn = [sealed('2026-12-31T10:00:00Z'), sealed('2027-01-01T10:00:00Z'), sealed('2027-01-04T10:00:00Z')];
    const decisions = decide(turn, { weekly: 5, yearly: 5 }, {}, [], new Date('2027-01-05T00:00:00Z'));
    expect(decisions.map(({ reasons }) => reasons.join('; '))).toEqual([
      'weekly 2 of 5: 2026-W53; yearly 2 of 5: 2026',
      'yearly 1 of 5: 2027',
      'last 1 of 1; weekly 1 of 5: 2027-W01',
    ]);
  });
});

describe('rule 3: the newest are never removed, nor what a running push may link to', () => {
  it('keeps the newest by count', () => {
    const decisions = decide(daily(5), { last: 2 });
    expect(ids(decisions, 'keep')).toEqual(['2026-11-22T021500Z', '2026-11-23T021500Z']);
    expect(decisions.at(-2)?.reasons).toEqual(['last 2 of 2']);
  });

  it('keeps the basis of an unfinished attempt', () => {
    const attempt = '2026-11-21T100000Z' as SnapshotId;
    const decisions = decide(daily(5), { last: 1 }, {}, [attempt]);
    expect(ids(decisions, 'keep')).toEqual(['2026-11-21T021500Z', '2026-11-23T021500Z']);
    expect(decisions[2]?.reasons).toEqual([`basis of the unfinished attempt ${attempt}`]);
  });
});

describe('rule 4: within is a floor, and an empty policy is refused', () => {
  it('keeps all that arrived within the time before the newest', () => {
    const decisions = decide(daily(40), { within: 30 * DAY });
    expect(ids(decisions, 'keep')).toHaveLength(31);
    expect(decisions.at(-1)?.reasons).toEqual(['last 1 of 1', 'within 30 d: it is the newest']);
    expect(decisions[0]?.reasons).toContain('within: it arrived 39 d before the newest, beyond 30 d');
  });

  it('keeps a set that gets no more additions from ageing away', () => {
    const later = new Date(NOW.getTime() + 1000 * DAY);
    expect(ids(decide(daily(20), { within: 30 * DAY }, {}, [], later), 'remove')).toEqual([]);
  });

  it('keeps what is younger than min_age', () => {
    const decisions = decide(daily(5), { minAge: 2 * DAY });
    expect(ids(decisions, 'keep')).toEqual(['2026-11-22T021500Z', '2026-11-23T021500Z']);
    expect(decisions.at(-2)?.reasons).toEqual(['min_age 2 d: it arrived 1 d 9 h ago']);
  });

  it.each([
    ['last 0', { last: 0 }],
    ['nothing at all', { last: 0, daily: 0 }],
    ['a fraction', { daily: 1.5 }],
    ['a negative count', { weekly: -1 }],
    ['a time that is none', { within: Number.NaN }],
  ])('refuses %s', (_, policy) => {
    expect(policyProblems({ ...NOTHING, ...policy })).not.toEqual([]);
    expect(() => decide(daily(3), policy)).toThrow(/policy is refused/);
  });
});

describe('rule 5: a dishonest name is quarantined', () => {
  it.each([
    ['a future-dated name', sealed('2027-11-23T00:00:00Z', '2026-11-20T00:00:00Z'), /^future-dated: its name is 368 d/],
    ['a backdated name', sealed('2026-01-01T00:00:00Z', '2026-11-20T00:00:00Z'), /^backdated: its name is 323 d/],
    ['an arrival in the future', sealed('2026-12-20T00:00:00Z'), /^it arrived 26 d 12 h in the future/],
    ['an unknown arrival', { ...sealed('2026-11-20T00:00:00Z'), received: new Date(Number.NaN) }, /not known/],
  ])('sets aside %s', (_, odd, reason) => {
    const decisions = decide([...daily(3), odd], { last: 1, daily: 1 });
    expect(ids(decisions, 'quarantine')).toEqual([odd.id]);
    expect(decisions.find(({ action }) => action === 'quarantine')?.reasons[0]).toMatch(reason);
  });

  it('gives it no slot: what it would have displaced stays', () => {
    const odd = sealed('2027-11-23T00:00:00Z', '2026-11-23T03:00:00Z');
    const before = decide(daily(9), { last: 2, daily: 3, monthly: 1 });
    const after = decide([odd, ...daily(9)], { last: 2, daily: 3, monthly: 1 });
    expect(ids(after, 'keep')).toEqual(ids(before, 'keep'));
  });

  it('accepts an attempt that took days, and one named by a clock that is minutes ahead', () => {
    const slow = sealed('2026-11-18T00:00:00Z', '2026-11-21T12:00:00Z');
    const ahead = sealed('2026-11-22T00:09:00Z', '2026-11-22T00:00:00Z');
    expect(ids(decide([slow, ahead], { last: 9 }), 'quarantine')).toEqual([]);
  });

  it('sets aside an id that is listed with two arrivals', () => {
    const id = sealed('2026-11-20T00:00:00Z', '2026-11-20T01:00:00Z');
    const again = sealed('2026-11-20T00:00:00Z', '2026-11-20T02:00:00Z');
    expect(decide([id, again, id], { last: 1 })).toMatchObject([{ action: 'quarantine' }]);
  });
});

describe('the reasons', () => {
  const policy = { daily: 3, weekly: 2, within: 2 * DAY, minAge: HOUR };

  it('are made when somebody asks, from what was decided by', () => {
    const snapshots = daily(20);
    const expected = decide(daily(20), policy).map(({ reasons }) => reasons);
    const decisions = decide(snapshots, policy);
    snapshots.splice(0, 10);
    expect(decisions.some((decision) => Object.hasOwn(decision, 'reasons'))).toBe(false);
    expect(decisions.map(({ reasons }) => reasons)).toEqual(expected);
    expect(expected.every((reasons) => reasons.length > 0)).toBe(true);
  });

  it('stand in JSON with the rest of the decision', () => {
    const odd = sealed('2027-11-23T00:00:00Z', '2026-11-20T00:00:00Z');
    const decisions = decide([...daily(3), odd], { last: 1 });
    const read: unknown = JSON.parse(JSON.stringify(decisions));
    expect(read).toEqual(
      decisions.map(({ snapshot, action, reasons }) => ({
        snapshot: { id: snapshot.id, received: snapshot.received.toISOString() },
        action,
        reasons,
      })),
    );
  });
});

it('decides nothing about no snapshots', () => {
  expect(decide([], { daily: 7 })).toEqual([]);
});

it('plans 10,000 snapshots in under 100 ms', () => {
  const hourly = Array.from({ length: 10_000 }, (_, index) =>
    sealed(new Date(NOW.getTime() - (index + 1) * HOUR).toISOString()),
  );
  const policy = {
    ...NO_BUCKETS,
    last: 7,
    within: 30 * DAY,
    hourly: 24,
    daily: 14,
    weekly: 8,
    monthly: 12,
    yearly: 5,
    minAge: DAY,
  };
  // Time on the processor, not on the wall: the tests beside this one must not make it fail.
  const times = Array.from({ length: 12 }, () => {
    const start = process.cpuUsage();
    decide(hourly, policy, { timezone: 'Europe/Berlin' });
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  expect(Math.min(...times)).toBeLessThan(100);
});
