import { describe, expect, it } from 'vitest';
import { standingOf, staleAfter, type StandingSources } from '../../../src/insight/standing.ts';
import type { RunRecord } from '../../../src/state/run-record.ts';
import { runRecord, stateAfterRuns } from './support/records.ts';

const DAILY = { schedule: '15 2 * * *', timezone: 'Europe/Berlin', graceMs: 3 * 3_600_000 };

function standing(runs: readonly RunRecord[], now: string, change: Partial<StandingSources> = {}) {
  const { sealed, failing, lastFullVerification } = stateAfterRuns(runs);
  const sources: StandingSources = {
    job: 'postgres',
    target: 'vault',
    expect: DAILY,
    sealed,
    failing,
    lastFullVerification,
    verification: undefined,
    damaged: [],
    lastRun: runs.at(-1),
    lastSuccess: runs.findLast(({ outcome }) => outcome === 'done'),
    lastFailure: runs.findLast(({ outcome }) => outcome !== 'done'),
    sentBytesTotal: 0,
    ...change,
  };
  return standingOf(sources, new Date(now));
}

describe('how a job stands', () => {
  const good = runRecord('2026-11-22T01:16:00Z');
  const bad = runRecord('2026-11-23T01:16:00Z', { outcome: 'connection-lost' });

  it('is secured while the newest snapshot answers for the schedule', () => {
    const now = standing([good], '2026-11-23T04:14:00Z');
    expect(now).toMatchObject({ condition: 'secured', stale: false, why: '', freshness: { state: 'waiting' } });
    expect(staleAfter(now)).toEqual(new Date('2026-11-23T04:15:00Z'));
  });

  it('is stale when the grace has passed, and says what was due in the zone of the schedule', () => {
    const now = standing([good], '2026-11-23T04:20:00Z');
    expect(now).toMatchObject({ condition: 'stale', stale: true });
    expect(now.why).toBe(
      'no sealed snapshot since 2026-11-22T011600Z: one was due 2026-11-23 01:15 UTC, 3 h 5 min ago',
    );
  });

  it('is failing, not stale, while a failed run leaves a snapshot that is new enough', () => {
    const now = standing([good, bad], '2026-11-23T03:00:00Z');
    expect(now).toMatchObject({ condition: 'failing', stale: false });
    expect(now.why).toBe('the last run failed: connection lost (ssh: the line broke)');
  });

  it('tells of the failures too when it is stale', () => {
    const now = standing([good, bad, bad], '2026-11-23T05:00:00Z');
    expect(now.condition).toBe('stale');
    expect(now.cause).toMatch(/^one was due .* ago; the last 2 runs failed: connection lost/);
  });

  it('is stale at once when nothing was ever secured, if something was due', () => {
    expect(standing([], '2026-11-23T12:00:00Z')).toMatchObject({ condition: 'never', stale: true });
    expect(standing([], '2026-11-23T12:00:00Z', { expect: undefined })).toMatchObject({
      condition: 'never',
      stale: false,
      why: 'nothing of it has been secured yet',
    });
  });

  it('is never stale without a schedule, however old', () => {
    const now = standing([good], '2036-11-23T12:00:00Z', { expect: undefined });
    expect(now).toMatchObject({ condition: 'secured', stale: false, freshness: undefined });
    expect(now.ageMs).toBeGreaterThan(9 * 365 * 86_400_000);
  });

  it('is stale when the clock was set back behind the newest snapshot', () => {
    const now = standing([good], '2020-01-01T00:00:00Z');
    expect(now).toMatchObject({ condition: 'stale', stale: true, freshness: { state: 'clock-wrong' } });
    expect(now.why).toMatch(/^its newest snapshot \(2026-11-22T011600Z\) lies in the future: the clock/);
    expect(staleAfter(now)).toEqual(new Date(0));
  });

  it('counts the age from when the data was read, not from when it had arrived', () => {
    const slow = runRecord('2026-11-23T01:00:00Z', { finished: '2026-11-23T04:00:00.000Z' });
    expect(standing([slow], '2026-11-23T05:00:00Z')).toMatchObject({ condition: 'stale', ageMs: 4 * 3_600_000 });
  });

  const note = (at: string, outcome: 'done' | 'corruption') =>
    ({ version: 1, snapshot: good.snapshot!, at, outcome, durationMs: 1 }) as const;

  it('is corrupt when a verification since the seal found damage, until a new snapshot is sealed', () => {
    const verification = note('2026-11-22T12:00:00Z', 'corruption');
    expect(standing([good], '2026-11-22T13:00:00Z', { verification })).toMatchObject({
      condition: 'corrupt',
      stale: false,
      verified: { outcome: 'corruption', scope: 'full' },
    });
    const again = runRecord('2026-11-22T14:00:00Z');
    expect(standing([good, again], '2026-11-22T15:00:00Z', { verification })).toMatchObject({
      condition: 'secured',
      verified: { at: new Date(again.finished), outcome: 'done' },
    });
  });

  it('knows the newest verification, be it by a run or by an administrator', () => {
    const verification = note('2026-11-22T12:00:00Z', 'done');
    expect(standing([good], '2026-11-22T13:00:00Z', { verification }).verified?.at).toEqual(new Date(verification.at));
    const partial = runRecord('2026-11-22T14:00:00Z', {
      verification: { mode: 'changed', algorithm: 'xxh128', durationMs: 1 },
    });
    expect(
      standing([good, partial], '2026-11-22T15:00:00Z', { verification, lastFullVerification: good.finished }).verified,
    ).toMatchObject({ at: new Date(partial.finished), scope: 'changed' });
  });
});
