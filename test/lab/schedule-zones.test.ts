import { expect, it } from 'vitest';
import { clockChanges } from '../unit/shared/support/clock-changes.ts';
import { changesNear, expectPlainSchedules } from '../unit/shared/support/plain-schedules.ts';

const DAY = 86_400_000;

it('plain schedules come due as the clock on the wall says, in every zone and year', { timeout: 900_000 }, () => {
  const zones = Intl.supportedValuesOf('timeZone');
  expect(zones.length).toBeGreaterThan(400);
  const seen = new Set<string>();
  for (const timezone of zones) {
    const changes = clockChanges(timezone, new Date('1970-01-02'), new Date('2040-12-31'), DAY);
    for (const change of changes) {
      // Many zones change their clocks together: what comes due in the days around hangs on nothing else.
      const key = changesNear(change, changes).map(({ at, before, after }) => [at, before, after].join());
      if (seen.has(key.join(';'))) continue;
      seen.add(key.join(';'));
      expectPlainSchedules(change, changes);
    }
  }
  expect(seen.size).toBeGreaterThan(2000);
});
