import { describe, expect, it } from 'vitest';
import { decideStaleAlert } from '../../../src/insight/stale-decision.ts';
import { standingOf } from '../../../src/insight/standing.ts';
import type { RunRecord } from '../../../src/state/run-record.ts';
import type { StaleNote } from '../../../src/state/stale-note.ts';
import { runRecord, stateAfterRuns } from './support/records.ts';

const DAILY = { schedule: '15 2 * * *', timezone: 'UTC', graceMs: 3_600_000 };

function decide(runs: readonly RunRecord[], note: StaleNote | undefined, now: string) {
  const state = stateAfterRuns(runs);
  const standing = standingOf(
    {
      job: 'postgres',
      target: 'vault',
      expect: DAILY,
      ...state,
      verification: undefined,
      damaged: [],
      lastRun: runs.at(-1),
      lastSuccess: runs.findLast(({ outcome }) => outcome === 'done'),
      lastFailure: runs.findLast(({ outcome }) => outcome !== 'done'),
      sentBytesTotal: 0,
    },
    new Date(now),
  );
  return decideStaleAlert(standing, note, new Date(now));
}

const told = (lastTold: string | null, times = 1): StaleNote => ({
  version: 1,
  since: '2026-11-23T04:00:00Z',
  lastTold,
  told: times,
});

describe('the alert that a job is stale', () => {
  const good = runRecord('2026-11-22T02:16:00Z');

  it('is not raised while the job is fresh or within its grace', () => {
    expect(decide([good], undefined, '2026-11-23T03:00:00Z')).toEqual({ kind: 'nothing' });
  });

  it('is raised once, then again every day', () => {
    expect(decide([good], undefined, '2026-11-23T04:00:00Z')).toMatchObject({ kind: 'tell', reminder: false });
    expect(decide([good], told('2026-11-23T04:00:00Z'), '2026-11-23T05:00:00Z')).toEqual({ kind: 'nothing' });
    expect(decide([good], told('2026-11-23T04:00:00Z'), '2026-11-24T03:00:00Z')).toEqual({ kind: 'nothing' });
    expect(decide([good], told('2026-11-23T04:00:00Z'), '2026-11-24T04:00:00Z')).toMatchObject({
      kind: 'tell',
      reminder: true,
      note: { told: 1 },
    });
  });

  it('is tried again at the next check when nobody could be reached', () => {
    expect(decide([good], told(null, 0), '2026-11-23T05:00:00Z')).toMatchObject({ kind: 'tell', reminder: false });
  });

  it('is raised though a run has failed before, but not repeated on a day on which a failure was told', () => {
    const failed = runRecord('2026-11-23T02:16:00Z', { outcome: 'could-not-connect' });
    expect(decide([good, failed], undefined, '2026-11-23T04:00:00Z')).toMatchObject({ kind: 'tell' });
    const again = runRecord('2026-11-24T02:16:00Z', { outcome: 'could-not-connect' });
    const runs = [good, failed, again];
    expect(decide(runs, told('2026-11-23T04:00:00Z'), '2026-11-24T04:00:00Z')).toEqual({ kind: 'nothing' });
    expect(decide(runs, told('2026-11-23T04:00:00Z'), '2026-11-25T04:00:00Z')).toMatchObject({ reminder: true });
  });

  it('is not silenced by a note from the future', () => {
    expect(decide([good], told('2030-01-01T00:00:00Z'), '2026-11-23T05:00:00Z')).toMatchObject({ kind: 'tell' });
  });

  it('leaves no note behind once the job is fresh', () => {
    expect(decide([good], told('2026-11-22T01:00:00Z'), '2026-11-22T03:00:00Z')).toEqual({ kind: 'clear' });
  });
});
