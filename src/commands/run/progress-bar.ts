import { SingleBar } from 'cli-progress';
import type { Clock } from '../../platform/clock.ts';
import { formatDuration, formatSize } from '../../shared/units.ts';

/** How far a transfer has come. */
interface Position {
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** A bar on standard error: bytes, rate, files, time left. */
export interface ProgressBar {
  update(label: string, position: Position): void;
  /** Removes the bar so that a line can be written. */
  clear(): void;
}

/** Makes a bar, which appears with the first update. */
export function createProgressBar(clock: Clock): ProgressBar {
  let shown: { bar: SingleBar; since: number; from: number } | undefined;
  return {
    update: (label, { files, totalFiles, bytes, totalBytes }) => {
      shown ??= { bar: startBar(totalBytes, bytes), since: clock.monotonic(), from: bytes };
      const seconds = (clock.monotonic() - shown.since) / 1000;
      const rate = seconds > 0 ? (bytes - shown.from) / seconds : 0;
      shown.bar.update(bytes, {
        label,
        size: `${formatSize(bytes)} of ${formatSize(totalBytes)}`,
        rate: `${formatSize(Math.round(rate))}/s`,
        files: `${files}/${totalFiles}`,
        left: rate > 0 ? `${formatDuration(((totalBytes - bytes) / rate) * 1000)} left` : '',
      });
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
    format: '{label} {bar} {percentage} %  {size}  {rate}  {files}  {left}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(total, value, { label: '', size: '', rate: '', files: '', left: '' });
  return bar;
}
