import { describe, expect, it } from 'vitest';
import { parseItem } from '../../../src/rsync/itemized.ts';
import { secondsOf } from '../../../src/rsync/mtime.ts';
import { describeClamped, keptInstead, mayBeClamped } from '../../../src/verify/time-limits.ts';

const at = (time: string) => Date.parse(time) / 1000;

function item(line: string) {
  const parsed = parseItem(`@${line}`, false);
  if (parsed === undefined) throw new Error(line);
  return parsed;
}

describe('what a file system may have kept', () => {
  it.each([
    ['1901-12-13T20:45:52Z', ['1970-01-01T00:00:00Z']],
    ['1901-12-13T20:45:51Z', ['1901-12-13T20:45:52Z', '1970-01-01T00:00:00Z']],
    ['1970-01-01T00:00:00Z', []],
    ['2026-11-23T02:15:00Z', []],
    ['2038-01-19T03:14:07Z', []],
    ['2038-01-19T03:14:08Z', ['2038-01-19T03:14:07Z']],
    ['2446-05-10T22:38:55Z', ['2038-01-19T03:14:07Z', '2106-02-07T06:28:15Z']],
    ['2446-05-10T22:38:56Z', ['2038-01-19T03:14:07Z', '2106-02-07T06:28:15Z', '2446-05-10T22:38:55Z']],
  ])('instead of %s is one of %j', (time, limits) => {
    expect(keptInstead(at(time))).toEqual(limits.map(at));
  });
});

describe('an mtime as rsync writes it', () => {
  it.each([
    ['2026/11/23-02:15:07', at('2026-11-23T02:15:07Z')],
    ['1850/01/02-03:04:05', at('1850-01-02T03:04:05Z')],
    ['0050/01/02-03:04:05', at('0050-01-02T03:04:05Z')],
    ['12000/02/03-04:05:0', at('+012000-02-03T04:05:00Z')],
    ['400000/02/03-04:05:', Infinity],
    ['-400000/02/03-04:05', -Infinity],
    ['2147483647/12/31-23', Infinity],
    ['-249/10/15-19:33:20', at('-000249-10-15T19:33:20Z')],
    ['--68/09/03-13:20:00', at('-000068-09-03T13:20:00Z')], // 68 before or after: no matter
    ['', Number.NaN],
  ])('%s is %d', (mtime, seconds) => {
    expect(secondsOf(mtime)).toBe(seconds);
  });
});

describe('an entry of which the secondary may be unable to hold the time', () => {
  it.each([
    '.f..t...... 20 2500/02/03-04:05:06 late.sql',
    '.d..t...... 4096 2500/02/03-04:05:06 late/',
    '.L..t...... 7 1850/02/03-04:05:06 link',
    '.f..t...... 20 12000/02/03-04:05:0 later.sql',
  ])('%s is looked at', (line) => {
    expect(mayBeClamped(item(line))).toBe(true);
  });

  it.each([
    ['has a time that all of them hold', '.f..t...... 20 2037/02/03-04:05:06 file'],
    ['has other content', '<fc.t...... 20 2500/02/03-04:05:06 file'],
    ['has another size', '<fcst...... 20 2500/02/03-04:05:06 file'],
    ['has another mode', '.f..tp..... 20 2500/02/03-04:05:06 file'],
    ['has the same time', '<fc........ 20 2500/02/03-04:05:06 file'],
    ['is not there', '<f+++++++++ 20 2500/02/03-04:05:06 file'],
    ['is only there', '*deleting   0 1970/01/01-00:00:00 file'],
  ])('is none that %s', (_, line) => {
    expect(mayBeClamped(item(line))).toBe(false);
  });

  it('is told with both times', () => {
    expect(describeClamped(item('.f..t...... 20 2500/02/03-04:05:06 late.sql'), 2 ** 31 - 1)).toBe(
      'mtime 2500-02-03T04:05:06Z, kept as 2038-01-19T03:14:07Z',
    );
    expect(describeClamped(item('.f..t...... 20 400000/02/03-04:05: later.sql'), 2 ** 31 - 1)).toMatch(
      /^mtime 400000\//,
    );
  });
});
