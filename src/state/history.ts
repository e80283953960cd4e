import { join } from 'node:path';
import { readFileLines } from '../platform/file-lines.ts';
import { UnfitFileError } from '../platform/regular-file.ts';
import { formatCount } from '../shared/units.ts';
import { appendLine, isMissing, makePrivateDirectory } from '../platform/files.ts';
import { parseRunRecord, type RunRecord } from './run-record.ts';

/** The history: one JSON object per line, append-only. */
export function historyFile(stateDirectory: string): string {
  return join(stateDirectory, 'history.jsonl');
}

/**
 * Adds one run.
 * @throws NodeJS.ErrnoException when the disk is full or the directory not writable
 */
export async function appendHistory(stateDirectory: string, record: RunRecord): Promise<void> {
  await makePrivateDirectory(stateDirectory);
  await appendLine(historyFile(stateDirectory), JSON.stringify(record));
}

/** Longest line, in bytes, that is taken for a run: many times what a run needs, even with many warnings. */
const LONGEST_LINE = 1024 * 1024;

/** What {@link readHistory} found. */
export interface HistoryReading {
  /** Lines that are not runs: damaged, half written when a machine went down, or with an invalid field. */
  readonly damagedLines: number;
}

/**
 * Passes every run to `onRecord`, oldest first. Damaged lines are counted and skipped: losing them costs one full transfer, never a
 * backup.
 * @throws UnfitFileError when something other than a file is in its place
 * @throws NodeJS.ErrnoException when it cannot be read
 */
export async function readHistory(
  stateDirectory: string,
  onRecord: (record: RunRecord) => void,
): Promise<HistoryReading> {
  let unfit = 0;
  try {
    const { tooLong } = await readFileLines(historyFile(stateDirectory), LONGEST_LINE, (line) => {
      const record = parseRunRecord(line);
      if (record) onRecord(record);
      else unfit += 1;
    });
    return { damagedLines: unfit + tooLong };
  } catch (error) {
    if (isMissing(error)) return { damagedLines: 0 };
    throw error;
  }
}

/**
 * As {@link readHistory}, for callers that can continue without the history.
 * @returns what is missing, as the text of a warning; undefined when nothing is missing
 * @throws NodeJS.ErrnoException when it cannot be read
 */
export async function readHistoryIfFit(
  stateDirectory: string,
  onRecord: (record: RunRecord) => void,
): Promise<string | undefined> {
  try {
    return damageText(await readHistory(stateDirectory, onRecord));
  } catch (error) {
    if (error instanceof UnfitFileError) return `The history cannot be read: ${error.message}.`;
    throw error;
  }
}

/** What was left out, in words; undefined when nothing was. */
export function damageText({ damagedLines }: HistoryReading): string | undefined {
  return damagedLines === 0
    ? undefined
    : `${formatCount(damagedLines, 'line')} of the history cannot be read and ${damagedLines === 1 ? 'is' : 'are'} left out.`;
}
