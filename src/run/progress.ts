import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';
import type { SourceSummary } from './source.ts';

/** Milliseconds between two reports of progress. */
const PROGRESS_EVERY = 200;

/** So few files that a second line for each costs nothing: some 5 µs of rsync's time and as much of ours. */
const FEW_FILES = 5000;

/**
 * From this size on (bytes) a file is looked into however many others there are. Of two broken attempts the one that got
 * further is resumed; how far it was within a file is not known below this size, so no more than this is ever sent again.
 */
const LARGE_FILE = 64 * 2 ** 20;

/** Whether it is worth knowing how far rsync is within a file, although nobody watches. */
export function looksIntoFiles({ files, largestFile }: Pick<SourceSummary, 'files' | 'largestFile'>): boolean {
  return files <= FEW_FILES || largestFile >= LARGE_FILE;
}

/** Makes what tells the run's observers how far a push is: files and bytes of the source dealt with. */
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
      files: Math.min(files, totalFiles),
      totalFiles,
      bytes: Math.min(bytes, totalBytes),
      totalBytes,
    });
  };
}
