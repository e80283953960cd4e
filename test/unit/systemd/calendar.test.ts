import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { nextDue } from '../../../src/shared/schedule.ts';
import { calendarOf } from '../../../src/systemd/calendar.ts';

const AFTER = new Date('2026-11-23T02:20:00Z');
/** Moments that are compared: enough to get round a week and into the next month. */
const MOMENTS = 12;

/** The next moments of a calendar expression, by systemd itself, in seconds. */
function bySystemd(calendar: string): number[] {
  const base = AFTER.toISOString().slice(0, 19).replace('T', ' ');
  const { stdout, stderr } = spawnSync(
    'systemd-analyze',
    ['calendar', `--base-time=${base} UTC`, `--iterations=${MOMENTS}`, '--', calendar],
    { encoding: 'utf8', env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } },
  );
  const found = [...stdout.matchAll(/(?:Next elapse|Iter\. #\d+): \w+ (\S+ \S+) UTC/g)];
  expect(stderr).toBe('');
  return [...new Set(found.map(([, time]) => Date.parse(`${time?.replace(' ', 'T')}Z`) / 1000))];
}

function byCron(schedule: string, timezone: string): number[] {
  const found: number[] = [];
  for (let at = nextDue({ schedule, timezone }, AFTER); found.length < MOMENTS;) {
    found.push(at.getTime() / 1000);
    at = nextDue({ schedule, timezone }, at);
  }
  return found;
}

describe('a cron expression as systemd says it', () => {
  it.each([
    ['15 2 * * *', 'UTC'],
    ['15 2 * * *', 'Europe/Berlin'],
    ['*/20 6-8 * * *', 'Asia/Tokyo'],
    ['0 4 1 * *', 'UTC'],
    ['0 4 1,15 */2 *', 'America/New_York'],
    ['0 0 * * 0', 'UTC'],
    ['0 0 * * 7', 'UTC'],
    ['5 5 * * mon-fri', 'UTC'],
    ['0 0 13 * 5', 'UTC'],
    ['0 12 * jan,jul *', 'UTC'],
    ['@weekly', 'UTC'],
    ['@monthly', 'Europe/Berlin'],
    ['0 3 L * *', 'UTC'],
  ])('%s in %s comes due at the same moments', (schedule, timezone) => {
    const moments = calendarOf(schedule, timezone).flatMap(bySystemd);
    const first = [...new Set(moments)].sort((a, b) => a - b).slice(0, MOMENTS);
    expect(first).toEqual(byCron(schedule, timezone));
  });

  it('is refused where systemd has no words for it', () => {
    expect(() => calendarOf('0 3 * * 5L', 'UTC')).toThrow(/cannot be expressed for systemd/);
    expect(() => calendarOf('0 3 * * 1#2', 'UTC')).toThrow(/cannot be expressed for systemd/);
  });
});
