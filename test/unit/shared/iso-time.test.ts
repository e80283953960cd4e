import { expect, it } from 'vitest';
import { isDay, isTime, parseTime } from '../../../src/shared/iso-time.ts';

it.each(['2026-11-23T02:15:00.123Z', '2026-11-23T02:15:00Z', '2024-02-29T23:59:59.999Z', '0000-01-01T00:00:00.000Z'])(
  'takes a time that we write: %s',
  (text) => {
    expect(parseTime(text)).toEqual(new Date(text));
  },
);

it.each([
  ...[
    '',
    '1',
    'Mon',
    '101%',
    '2026-11-23',
    '2026-11-23T02:15Z',
    '2026-1:01.000Z',
    '2026-02-30T00:00:00Z',
    '2026-11-23T24:00:00Z',
  ],
  ...[
    '2026-11-23T02:15:00',
    '2026-11-23T02:15:00+01:00',
    '2026-11-23 02:15:00Z',
    '+012026-11-23T02:15:00Z',
    '2026-11-23T02:15:60Z',
  ],
  ...['2026-11-23T02:15:00.1234Z', '2026-11-23T02:15:00Z\n', 5, null, undefined, {}],
])('takes nothing else, whatever Date.parse says: %j', (value) => {
  expect(isTime(value)).toBe(false);
});

it('knows days that exist', () => {
  expect(['2027-03-31', '2024-02-29'].every(isDay)).toBe(true);
  expect(['2027-03-61', '2027-02-29', '2027-3-1', ''].some(isDay)).toBe(false);
});
