import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';
import type { SourceSummary } from '../source/read-source.ts';

/** Milliseconds between two reports of progress. */
const PROGRESS_EVERY = 200;

/** With so few files, a second line for each costs practically nothing: some 5 µs of rsync's time and as much of ours. */
const FEW_FILES = 5000;

/**
 * From this size on (in bytes), the progress within a file is measured however many other files there are. Of two broken attempts, the
 * one that got further is resumed. Below this size the progress within a file is unknown, so at most this much is sent again.
 */
const LARGE_FILE = 64 * 2 ** 20;

/** Whether rsync should report progress within a file although nobody watches. */
export function looksIntoFiles({ files, largestFile }: Pick<SourceSummary, 'files' | 'largestFile'>): boolean {
  return files <= FEW_FILES || largestFile >= LARGE_FILE;
}

/** Makes the reporter of a push's progress for the run's observers: files and bytes of the source that have been handled. */
export function createProgressReporter(
  spec: Pick<AttemptSpec, 'source' | 'onProgress'>,
  { observe, clock }: Pick<AttemptDeps, 'observe' | 'clock'>,
): (files: number, bytes: number) => void {
  let last = -Infinity;
  return (files, bytes) => {
    const now = clock.monotonic();
    if (now - last < PROGRESS_EVERY) return;
    last = now;
    spec.onProgress?.(bytes);
    const { files: totalFiles, bytes: totalBytes } = spec.source;
    observe({
      event: 'progress',
      step: 'push',
      files: Math.min(files, totalFiles),
      totalFiles,
      bytes: Math.min(bytes, totalBytes),
      totalBytes,
    });
  };
}

/**
 * Makes the reporter of a verification's progress, by what is read on this side; both sides read at about the same time.
 * @param totalBytes of the source
 */
export function createVerifyReporter(
  totalBytes: number,
  { observe, clock }: Pick<AttemptDeps, 'observe' | 'clock'>,
): (bytes: number) => void {
  let last = -Infinity;
  return (bytes) => {
    const now = clock.monotonic();
    if (now - last < PROGRESS_EVERY) return;
    last = now;
    observe({ event: 'progress', step: 'verify', bytes: Math.min(bytes, totalBytes), totalBytes });
  };
}
