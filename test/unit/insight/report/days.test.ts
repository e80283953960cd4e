import { describe, expect, it } from 'vitest';
import { collectDays, type DayState } from '../../../../src/insight/report/days.ts';
import type { RunRecord } from '../../../../src/state/run-record.ts';
import { runRecord } from '../support/records.ts';

const DAILY = { schedule: '15 2 * * *', timezone: 'UTC', graceMs: 3_600_000 };
const HOURLY = { schedule: '0 * * * *', timezone: 'UTC', graceMs: 1_800_000 };

function collect(runs: readonly RunRecord[], now: string, expect: typeof DAILY | null = DAILY, count = 5) {
  const collector = collectDays(expect ?? undefined, count, new Date(now));
  runs.forEach((run) => collector.add(run));
  return collector.finish();
}

const states = (...args: Parameters<typeof collect>): DayState[] => collect(...args).days.map(({ state }) => state);
const good = (started: string) => runRecord(started);
const bad = (started: string) => runRecord(started, { outcome: 'connection-lost' });

describe('the calendar of a job', () => {
  it('knows days that were sealed, failed, missing and late', () => {
    const runs = [
      good('2026-11-19T02:16:00Z'),
      bad('2026-11-20T02:16:00Z'),
      // nothing on the 21st
      good('2026-11-22T02:16:00Z'),
      bad('2026-11-23T02:16:00Z'),
      good('2026-11-23T02:40:00Z'),
    ];
    expect(states(runs, '2026-11-23T12:00:00Z')).toEqual(['sealed', 'failed', 'missing', 'sealed', 'late']);
  });

  it('does not count a second run at once as a failed one', () => {
    const runs = [good('2026-11-23T02:16:00Z'), runRecord('2026-11-23T02:20:00Z', { outcome: 'locked' })];
    const { days, failures } = collect(runs, '2026-11-23T12:00:00Z');
    expect(days.at(-1)).toMatchObject({ state: 'sealed', failed: 0 });
    expect(failures).toEqual([]);
  });

  it('counts as late what came after the grace', () => {
    const runs = [good('2026-11-21T02:16:00Z'), good('2026-11-22T09:00:00Z'), good('2026-11-23T02:16:00Z')];
    expect(states(runs, '2026-11-23T12:00:00Z').slice(2)).toEqual(['sealed', 'late', 'sealed']);
  });

  it('does not call a day missing while the grace lasts, and calls every day so until one comes', () => {
    const runs = [good('2026-11-20T02:16:00Z')];
    expect(states(runs, '2026-11-21T03:00:00Z').slice(3)).toEqual(['sealed', 'none']);
    expect(states(runs, '2026-11-23T12:00:00Z').slice(1)).toEqual(['sealed', 'missing', 'missing', 'missing']);
  });

  it('sees a gap of some hours in an hourly job on the day on which it began', () => {
    const hours = (day: string, from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) =>
        good(`2026-11-${day}T${String(from + index).padStart(2, '0')}:01:00Z`),
      );
    const runs = [...hours('22', 0, 20), ...hours('23', 4, 12)];
    expect(states(runs, '2026-11-23T12:00:00Z', HOURLY, 2)).toEqual(['late', 'sealed']);
  });

  it('misses nothing where nothing is expected', () => {
    expect(states([good('2026-11-20T02:16:00Z')], '2026-11-23T12:00:00Z', null)).toEqual([
      'none',
      'sealed',
      'none',
      'none',
      'none',
    ]);
  });

  it('counts days by the clock on the wall of the schedule, also where clocks change', () => {
    const berlin = { ...DAILY, schedule: '30 0 * * *', timezone: 'Europe/Berlin' };
    // 00:31 in Berlin: the evening before in UTC.
    const runs = ['2026-10-23T22:31:00Z', '2026-10-24T22:31:00Z', '2026-10-25T23:31:00Z'].map(good);
    const { days } = collect(runs, '2026-10-26T12:00:00Z', berlin, 3);
    expect(days.map(({ date, state }) => `${date} ${state}`)).toEqual([
      '2026-10-24 sealed',
      '2026-10-25 sealed',
      '2026-10-26 sealed',
    ]);
  });

  it('adds up what a day has sent, keeps its last size, and lists the newest failures', () => {
    const runs = [
      ...Array.from({ length: 7 }, (_, minute) => bad(`2026-11-22T0${minute}:00:00Z`)),
      good('2026-11-23T02:16:00Z'),
      runRecord('2026-11-23T08:00:00Z', { bytes: 5 }),
    ];
    const { days, failures } = collect(runs, '2026-11-23T12:00:00Z');
    expect(days.at(-1)).toEqual({
      date: '2026-11-23',
      state: 'sealed',
      sealed: 2,
      failed: 0,
      sentBytes: 40_000,
      sizeBytes: 5,
    });
    expect(failures.map(({ at }) => at.slice(11, 16))).toEqual(['06:02', '05:02', '04:02', '03:02', '02:02']);
  });

  it('has nothing to show of a job that never ran', () => {
    expect(new Set(states([], '2026-11-23T12:00:00Z'))).toEqual(new Set(['none']));
  });
});
