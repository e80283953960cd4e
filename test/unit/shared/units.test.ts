import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatDuration,
  formatSize,
  parseDuration,
  parsePercent,
  parseSize,
} from '../../../src/shared/units.ts';
import fc from '../../support/properties.ts';

describe('a duration', () => {
  it.each([
    ['90s', 90_000],
    ['6h', 21_600_000],
    ['1h30m', 5_400_000],
    ['2 d', 172_800_000],
    ['1w', 604_800_000],
    ['850ms', 850],
    ['1.5h', 5_400_000],
    ['1m 30 s', 90_000],
    [' 5m ', 300_000],
    ['0s', 0],
  ])('%j is %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '5', 's', '-5s', '5 minutes', '5S', '1e3s', 's5', '5s!', '5,5s', '∞h'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [9949, '9.9 s'],
    [12_400, '12 s'],
    [59_499, '59 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
    [-5, '0 ms'],
  ])('of %i ms reads %j', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it('never reads 60 s, 60 min or 24 h', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), (ms) => {
        expect(formatDuration(ms)).not.toMatch(/\b60(\.0)? s|\b60 min|\b24 h/);
      }),
    );
  });
});

describe('a size', () => {
  it.each([
    ['4096', 4096],
    ['20MiB', 20_971_520],
    ['20M', 20_971_520],
    ['20m', 20_971_520],
    ['1.5G', 1_610_612_736],
    ['500 kB', 500_000],
    ['1TB', 1e12],
    ['12B', 12],
    ['0', 0],
  ])('%j is %i bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each(['', 'M', '-1M', '5 PiB', '5iB', '1 000', '0x10', '5M/s'])('%j is none', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });

  it.each([
    [0, '0 B'],
    [812, '812 B'],
    [19_866, '19.4 KiB'],
    [3_221_225_472, '3.00 GiB'],
    [1_048_575, '1.00 MiB'],
    [1_048_524, '1.00 MiB'],
    [2 ** 60, '1024 PiB'],
  ])('of %i bytes reads %j', (bytes, text) => expect(formatSize(bytes)).toBe(text));

  it('never reads as 1024 of a unit that has a larger one', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), (bytes) => {
        expect(formatSize(bytes)).not.toMatch(/^1024 [KMGT]/);
      }),
    );
  });
});

it('a duration or size that no number holds is none: as a limit it would limit nothing', () => {
  expect([`${'9'.repeat(400)}d`, '9007199254740993ms', '999999999999w'].map(parseDuration)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(['9'.repeat(400), '99999999999 TiB'].map(parseSize)).toEqual([undefined, undefined]);
  expect(parseSize('4096 TiB')).toBe(2 ** 52);
});

describe('a share', () => {
  it.each([
    ['30%', 0.3],
    ['0%', 0],
    ['100 %', 1],
    ['12.5%', 0.125],
  ])('%j is %f', (text, share) => expect(parsePercent(text)).toBeCloseTo(share));

  it.each(['', '30', '101%', '100.5%', '-1%', '%'])('%j is none', (text) => expect(parsePercent(text)).toBeUndefined());
});

it('a count takes its noun in the right number', () => {
  expect([0, 1, 2, 999, 12_345, 1_234_567].map((count) => formatCount(count, 'file'))).toEqual([
    '0 files',
    '1 file',
    '2 files',
    '999 files',
    '12,345 files',
    '1,234,567 files',
  ]);
  expect(formatCount(2, 'entry', 'entries')).toBe('2 entries');
});
