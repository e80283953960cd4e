import { expect, it } from 'vitest';
import { createProgressReporter, createVerifyReporter, looksIntoFiles } from '../../../../src/run/attempt/progress.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import type { RunEvent } from '../../../../src/run/events.ts';

const MIB = 2 ** 20;

it.each([
  [{ files: 1, largestFile: 500 * 2 ** 30 }, true],
  [{ files: 5000, largestFile: 1 }, true],
  [{ files: 5001, largestFile: 64 * MIB - 1 }, false],
  [{ files: 5001, largestFile: 64 * MIB }, true],
])('whether files are looked into costs little or tells much: %j', (source, expected) => {
  expect(looksIntoFiles(source)).toBe(expected);
});

it('progress is told five times a second at most, and never beyond what there is', () => {
  let now = 1000;
  const events: RunEvent[] = [];
  const notes: number[] = [];
  const source = {
    files: 3,
    bytes: 100,
    view: { files: 3, directories: 1, symlinks: 0 },
    largestFile: 50,
    newest: undefined,
    futureFiles: 0,
    oldFiles: 0,
    candidates: [],
    fileSystems: { sent: [], leftOut: [] },
    notSent: { devices: 0, specials: 0, closer: undefined },
    dumps: [],
    names: { files: 0, bytes: 0, young: 0, youngBytes: 0, comparisons: 0, largestDirectory: 0 },
  };
  const report = createProgressReporter(
    { source, onProgress: (bytes) => notes.push(bytes) },
    { clock: { ...systemClock, monotonic: () => now }, observe: (event) => events.push(event) },
  );
  report(1, 10);
  now += 199;
  report(2, 20);
  now += 1;
  report(4, 120); // the source grew
  const totals = { event: 'progress', step: 'push', totalFiles: 3, totalBytes: 100 };
  expect(events).toEqual([
    { ...totals, files: 1, bytes: 10 },
    { ...totals, files: 3, bytes: 100 },
  ]);
  expect(notes).toEqual([10, 120]);
});

it('progress of a verification is told too, in bytes alone', () => {
  const events: RunEvent[] = [];
  let now = 0;
  const clock = { ...systemClock, monotonic: () => now };
  const report = createVerifyReporter(100, { clock, observe: (event) => events.push(event) });
  report(10);
  now += 199;
  report(20);
  now += 1;
  report(120);
  const totals = { event: 'progress', step: 'verify', totalBytes: 100 };
  expect(events).toEqual([
    { ...totals, bytes: 10 },
    { ...totals, bytes: 100 },
  ]);
});
