import width from 'string-width';
import { describe, expect, it } from 'vitest';
import { progressLine } from '../../../src/commands/run/progress-line.ts';

const GIB = 2 ** 30;
const half = { bytes: GIB, totalBytes: 2 * GIB, files: 12, totalFiles: 40 };
const line = (columns: number) => progressLine('postgres → vault', half, 2 ** 20, columns);

describe('a line of progress', () => {
  it('shows everything where there is room, the time that is left first', () => {
    expect(line(120)).toBe(
      '17 min 4 s left  ██████████░░░░░░░░░░  50 %  1.00 GiB of 2.00 GiB  1.00 MiB/s  12/40 files  postgres → vault',
    );
  });

  it.each([
    [90, '17 min 4 s left  ██████████░░░░░░░░░░  50 %  1.00 GiB of 2.00 GiB  postgres → vault'],
    [80, '17 min 4 s left  ██████████░░░░░░░░░░  50 %  postgres → vault'],
    [50, '17 min 4 s left  50 %  postgres → vault'],
    [30, '17 min 4 s left  50 %'],
    [10, '17 min 4 s left'],
  ])('leaves out on %i columns what is needed least', (columns, text) => {
    expect(line(columns)).toBe(text);
  });

  it('fits every width that the time fits', () => {
    for (let columns = 17; columns < 200; columns += 1) expect(width(line(columns))).toBeLessThan(columns);
  });

  it('knows no rate at the beginning, and no files of a verification', () => {
    expect(progressLine('a → b', { bytes: 0, totalBytes: 10 }, 0, 80)).toBe(
      '… left  ░░░░░░░░░░░░░░░░░░░░  0 %  0 B of 10 B  a → b',
    );
    expect(progressLine('a → b', { bytes: 0, totalBytes: 0 }, 0, 40)).toContain('nearly done');
    expect(progressLine('a → b', { bytes: 9, totalBytes: 10 }, 5, 40)).toContain('nearly done');
  });
});
