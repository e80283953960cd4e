import { expect, it } from 'vitest';
import { clockChanges, type ClockChange } from '../unit/shared/support/clock-changes.ts';
import { changesNear, expectPlainSchedules } from '../unit/shared/support/plain-schedules.ts';

const DAY = 86_400_000;

it('plain schedules come due as the clock on the wall says, in every zone and year', { timeout: 900_000 }, () => {
  const zones = Intl.supportedValuesOf('timeZone');
  expect(zones.length).toBeGreaterThan(400);
  const seen = new Set<string>();
  let found = 0;
  for (const timezone of zones) {
    const changes = clockChanges(timezone, new Date('1970-01-02'), new Date('2040-12-31'), DAY);
    found += changes.length;
    for (const change of changes) {
      const key = circumstances(change, changes);
      if (seen.has(key)) continue;
      seen.add(key);
      expectPlainSchedules(change, changes);
    }
  }
  expect(found).toBeGreaterThan(20_000);
  expect(seen.size).toBeGreaterThan(2500);
});

/**
 * All that decides what comes due in the days around a change: the clocks then, and the place in the calendar. Many zones change their
 * clocks together, and the calendar of a year comes again.
 */
function circumstances(change: ClockChange, changes: readonly ClockChange[]): string {
  const date = new Date(change.at);
  const day = Math.floor(change.at / DAY) * DAY;
  const leap = new Date(Date.UTC(date.getUTCFullYear(), 1, 29)).getUTCDate() === 29;
  const near = changesNear(change, changes).map(({ at, before, after }) => [at - day, before, after].join());
  return [date.getUTCDay(), date.getUTCMonth(), date.getUTCDate(), leap, ...near].join(';');
}
