import { SingleBar } from 'cli-progress';
import type { Clock } from '../../platform/clock.ts';
import { progressLine, type Position } from './progress-line.ts';

/** Columns of a terminal that does not say how many it has. */
const USUAL_COLUMNS = 80;

/** Seconds after which the rate says something about the time that is left. */
const SETTLED = 1;

/** A line on standard error that is written anew: time left, how much, how fast. */
export interface ProgressBar {
  update(label: string, position: Position): void;
  /** Removes the line so that another can be written. */
  clear(): void;
}

/** Makes a bar, which appears with the first update. */
export function createProgressBar(clock: Clock): ProgressBar {
  let shown: { readonly bar: SingleBar; readonly since: number; readonly from: number } | undefined;
  return {
    update: (label, position) => {
      const { bytes, totalBytes } = position;
      shown ??= { bar: startBar(totalBytes, bytes), since: clock.monotonic(), from: bytes };
      const seconds = (clock.monotonic() - shown.since) / 1000;
      const rate = seconds >= SETTLED ? (bytes - shown.from) / seconds : 0;
      const { columns } = process.stderr;
      const room = columns > 0 ? columns : USUAL_COLUMNS;
      shown.bar.update(bytes, { line: progressLine(label, position, rate, room) });
    },
    clear: () => {
      shown?.bar.stop();
      shown = undefined;
    },
  };
}

function startBar(total: number, value: number): SingleBar {
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{line}',
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(total, value, { line: '' });
  return bar;
}
