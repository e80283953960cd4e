import { describe, expect, it } from 'vitest';
import { nextSnapshotId, parseSnapshotId, snapshotIdOf, snapshotTime } from '../../../src/shared/snapshot-id.ts';
import fc from '../../support/properties.ts';

const time = fc.date({
  min: new Date('1970-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:58Z'),
  noInvalidDate: true,
});

describe('a snapshot id', () => {
  it('names the second in which a time lies, and comes back from its text', () => {
    expect(snapshotIdOf(new Date('2026-11-23T02:15:00.999Z'))).toBe('2026-11-23T021500Z');
    fc.assert(
      fc.property(time, (at) => {
        const id = snapshotIdOf(at);
        expect(parseSnapshotId(id)).toBe(id);
        expect(snapshotTime(id).getTime()).toBe(Math.floor(at.getTime() / 1000) * 1000);
      }),
    );
  });

  it('sorts by name as by time', () => {
    fc.assert(
      fc.property(time, time, (a, b) => {
        const [x, y] = [snapshotIdOf(a), snapshotIdOf(b)];
        expect(Math.sign(snapshotTime(x).getTime() - snapshotTime(y).getTime())).toBe(x < y ? -1 : x > y ? 1 : 0);
      }),
    );
  });

  it.each([
    '',
    '2026-02-30T000000Z',
    '2026-13-01T000000Z',
    '2026-11-23T240000Z',
    '2026-11-23T235960Z',
    '2026-11-23T021500',
    '2026-11-23T02:15:00Z',
    ' 2026-11-23T021500Z',
    '2026-11-23T021500Z\n',
    '2026-11-23T021500Z/..',
    '２026-11-23T021500Z',
    '2026-11-23t021500z',
    'latest',
  ])('is nothing else: %j', (text) => {
    expect(parseSnapshotId(text)).toBeUndefined();
  });

  it('is not found in text at random', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const id = parseSnapshotId(text);
        expect(id === undefined || snapshotIdOf(snapshotTime(id)) === text).toBe(true);
      }),
    );
  });

  it('of a new attempt is greater than the last one, wherever the clock stands', () => {
    fc.assert(
      fc.property(time, time, (now, before) => {
        const last = snapshotIdOf(before);
        const next = nextSnapshotId(now, last);
        expect(next > last).toBe(true);
        if (snapshotIdOf(now) > last) expect(next).toBe(snapshotIdOf(now));
        else expect(snapshotTime(next).getTime() - snapshotTime(last).getTime()).toBe(1000);
      }),
    );
    const now = new Date('2026-11-23T02:15:00Z');
    expect(nextSnapshotId(now, undefined)).toBe('2026-11-23T021500Z');
    expect(nextSnapshotId(now, parseSnapshotId('2026-12-31T235959Z'))).toBe('2027-01-01T000000Z');
  });
});
