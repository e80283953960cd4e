import { expect, it } from 'vitest';
import { lastDue } from '../../../src/shared/schedule.ts';
import { clockChanges } from './support/clock-changes.ts';
import { expectPlainSchedules } from './support/plain-schedules.ts';

const WEEK = 7 * 86_400_000;

/** Zones whose clocks go forward at midnight, or once did, or change by odd amounts; test/lab takes all there are. */
const ZONES = [
  'Africa/Cairo',
  'America/Asuncion',
  'America/Havana',
  'America/Nuuk',
  'America/Santiago',
  'Antarctica/Troll',
  'Asia/Beirut',
  'Asia/Tehran',
  'Atlantic/Azores',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'Pacific/Apia',
  'Pacific/Chatham',
];

it.each(ZONES)('plain schedules come due as the clock on the wall says, whenever it is changed: %s', (timezone) => {
  const changes = clockChanges(timezone, new Date('1970-01-02'), new Date('2040-12-31'), WEEK);
  expect(changes.length).toBeGreaterThan(0);
  // Every kind of change, not every year: the last one by so many minutes at that time of day.
  const kinds = new Map(
    changes.map((change) => [`${change.before} ${change.after} ${(change.at / 60_000) % 1440}`, change]),
  );
  for (const change of kinds.values()) expectPlainSchedules(change, changes);
});

it('the last moment is found, however long ago it was', () => {
  const last = (schedule: string, at: string) => lastDue({ schedule, timezone: 'UTC' }, new Date(at)).toISOString();
  expect(last('0 0 29 2 *', '2104-02-28T00:00:00Z')).toBe('2096-02-29T00:00:00.000Z');
  expect(last('0 0 1 1 *', '2026-12-31T00:00:00Z')).toBe('2026-01-01T00:00:00.000Z');
  expect(last('0 0 31 * *', '2026-03-30T00:00:00Z')).toBe('2026-01-31T00:00:00.000Z');
  expect(last('* * * * *', '2026-03-30T00:00:30Z')).toBe('2026-03-30T00:00:00.000Z');
});
