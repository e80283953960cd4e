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
const bad = (started: string, reason = 'ssh: the line broke') =>
  runRecord(started, { outcome: 'connection-lost', reason });

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
      ...Array.from({ length: 7 }, (_, hour) => bad(`2026-11-22T0${hour}:00:00Z`, `cause ${'abcdefg'[hour]}`)),
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
      durationMs: 120_000,
    });
    expect(failures.map(({ at }) => at.slice(11, 16))).toEqual(['06:02', '05:02', '04:02', '03:02', '02:02']);
  });

  it('lists the same failure many times in a row once, with the words of the last', () => {
    const runs = [
      bad('2026-11-21T01:00:00Z', 'lost after 10 s\nat 01:00'),
      bad('2026-11-21T02:00:00Z', 'lost after 20 s\nat 02:00'),
      runRecord('2026-11-21T02:30:00Z', { outcome: 'locked' }),
      bad('2026-11-21T03:00:00Z', 'lost after 30 s\nat 03:00'),
      bad('2026-11-21T04:00:00Z', 'the disk is full'),
      bad('2026-11-21T05:00:00Z', 'lost after 50 s'),
      good('2026-11-22T02:16:00Z'),
      bad('2026-11-23T05:00:00Z', 'lost after 60 s'),
    ];
    const listed = collect(runs, '2026-11-23T12:00:00Z').failures.map(({ from, at, count, reason }) => {
      return `${count} ${from.slice(8, 16)} ${at.slice(8, 16)} ${reason.split('\n')[0] ?? ''}`;
    });
    expect(listed).toEqual([
      '1 23T05:02 23T05:02 lost after 60 s',
      '1 21T05:02 21T05:02 lost after 50 s',
      '1 21T04:02 21T04:02 the disk is full',
      '3 21T01:02 21T03:02 lost after 30 s',
    ]);
  });

  it('names the snapshots that were sealed in these days', () => {
    const runs = [good('2026-11-01T02:16:00Z'), good('2026-11-20T02:16:00Z'), good('2026-11-23T02:16:00Z')];
    expect(collect(runs, '2026-11-23T12:00:00Z').sealed).toEqual(['2026-11-20T021600Z', '2026-11-23T021600Z']);
  });

  it('has nothing to show of a job that never ran', () => {
    expect(new Set(states([], '2026-11-23T12:00:00Z'))).toEqual(new Set(['none']));
  });
});

describe('a change of expect', () => {
  const WEEKLY = { ...DAILY, schedule: '15 2 * * 1' }; // Mondays: 2026-11-16, 2026-11-23
  const NOON = '2026-11-25T12:00:00Z';
  const with_ = (expect: typeof DAILY | null, ...starts: string[]) =>
    starts.map((start) => runRecord(`2026-11-${start}:00Z`, { expect }));

  it('from weekly to daily does not make days missing before it', () => {
    const runs = [...with_(WEEKLY, '16T02:16', '23T02:16'), ...with_(DAILY, '24T02:16', '25T02:16')];
    expect(states(runs, NOON, DAILY, 10)).toEqual([
      'sealed',
      ...Array<DayState>(6).fill('none'),
      ...Array<DayState>(3).fill('sealed'),
    ]);
    // The same when no run knows of it yet.
    expect(states(runs.slice(0, 1), '2026-11-20T12:00:00Z', DAILY, 5)).toEqual([
      'sealed',
      ...Array<DayState>(4).fill('none'),
    ]);
  });

  it('from daily to weekly does not forgive days that were missing', () => {
    const runs = [...with_(DAILY, '16T02:16', '20T02:16'), ...with_(WEEKLY, '23T02:16')];
    expect(states(runs, NOON, WEEKLY, 10).slice(0, 5)).toEqual(['sealed', 'missing', 'missing', 'missing', 'sealed']);
    // Nothing is overdue by what holds now.
    expect(states([...runs, ...with_(WEEKLY, '24T02:16')], NOON, WEEKLY, 2)).toEqual(['sealed', 'none']);
  });

  it('that a damaged line of the history names, without a schedule or zone that there is, is left out', () => {
    const runs = [
      ...with_(DAILY, '24T02:16'),
      ...with_({ ...DAILY, timezone: 'Mars/Base' }, '25T02:16'),
      ...with_({ ...DAILY, schedule: 'x' }, '25T03:16'),
    ];
    expect(states(runs, NOON, DAILY, 2)).toEqual(['sealed', 'sealed']);
  });

  it('from daily to weekly that no run knows of yet makes nothing missing that is not overdue now', () => {
    const runs = with_(DAILY, '16T02:16');
    expect(states(runs, '2026-11-20T12:00:00Z', DAILY, 5)).toContain('missing');
    expect(states(runs, '2026-11-20T12:00:00Z', WEEKLY, 5)).not.toContain('missing');
  });

  it('that took it away leaves the days before as they were', () => {
    const runs = [...with_(DAILY, '16T02:16', '18T02:16'), ...with_(null, '20T02:16')];
    expect(states(runs, '2026-11-21T12:00:00Z', null, 6)).toEqual([
      'sealed',
      'missing',
      'sealed',
      'missing',
      'sealed',
      'none',
    ]);
  });

  it('counts from the run on that first knew of it', () => {
    const runs = [...with_(null, '16T02:16'), ...with_(DAILY, '18T02:16', '20T02:16')];
    expect(states(runs, '2026-11-20T12:00:00Z', DAILY, 5)).toEqual(['sealed', 'none', 'sealed', 'missing', 'sealed']);
  });

  it('is judged by the settings of now where runs have recorded none', () => {
    const runs = [good('2026-11-16T02:16:00Z'), good('2026-11-18T02:16:00Z')];
    expect(states(runs, '2026-11-18T12:00:00Z', DAILY, 3)).toEqual(['sealed', 'missing', 'sealed']);
  });
});
