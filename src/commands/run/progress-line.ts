import width from 'string-width';
import { formatDuration, formatSize } from '../../shared/units.ts';

/** How far something has come. */
export interface Position {
  readonly bytes: number;
  readonly totalBytes: number;
  /** Undefined where only bytes are known. */
  readonly files?: number | undefined;
  readonly totalFiles?: number | undefined;
}

/** The words of a line in the order in which they are shown. */
const SHOWN = ['left', 'bar', 'percent', 'size', 'rate', 'files', 'label'] as const;

/** Which word goes first where there is no room. The time that is left always stays. */
const LEAST_NEEDED = ['files', 'rate', 'size', 'bar', 'label', 'percent'] as const;

const BAR_COLUMNS = 20;

/**
 * One line of progress that fits a terminal.
 * @param label job and target
 * @param bytesPerSecond 0 when it is not known yet
 * @param columns of the terminal
 */
export function progressLine(label: string, position: Position, bytesPerSecond: number, columns: number): string {
  const { bytes, totalBytes, files, totalFiles } = position;
  const share = totalBytes === 0 ? 1 : bytes / totalBytes;
  const words: Partial<Record<(typeof SHOWN)[number], string>> = {
    left: timeLeft(position, bytesPerSecond),
    bar: '█'.repeat(Math.floor(share * BAR_COLUMNS)).padEnd(BAR_COLUMNS, '░'),
    percent: `${Math.floor(share * 100)} %`,
    size: `${formatSize(bytes)} of ${formatSize(totalBytes)}`,
    ...(bytesPerSecond > 0 ? { rate: `${formatSize(Math.round(bytesPerSecond))}/s` } : {}),
    ...(files === undefined ? {} : { files: `${files}/${totalFiles ?? files} files` }),
    label,
  };
  const lineWithout = (gone: readonly string[]) =>
    SHOWN.flatMap((word) => (gone.includes(word) ? [] : (words[word] ?? []))).join('  ');
  for (let left = 0; left < LEAST_NEEDED.length; left += 1) {
    const line = lineWithout(LEAST_NEEDED.slice(0, left));
    // The last column stays free: some terminals wrap when it is written to.
    if (width(line) < columns) return line;
  }
  return lineWithout(LEAST_NEEDED);
}

function timeLeft({ bytes, totalBytes }: Position, bytesPerSecond: number): string {
  if (bytes >= totalBytes) return 'nearly done';
  if (bytesPerSecond <= 0) return '… left';
  const ms = ((totalBytes - bytes) / bytesPerSecond) * 1000;
  return ms < 1000 ? 'nearly done' : `${formatDuration(ms)} left`;
}
