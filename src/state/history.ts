import { join } from 'node:path';
import { readFileLines } from '../platform/file-lines.ts';
import { UnfitFileError } from '../platform/regular-file.ts';
import { formatCount } from '../shared/units.ts';
import { appendLine, isMissing, makePrivateDirectory } from '../platform/files.ts';
import { parseRunRecord, type RunRecord } from './run-record.ts';

/** The history: one JSON object a line, only ever appended to. */
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

/** Bytes of a line that may be a run: many times what one needs, whatever warnings it has. */
const LONGEST_LINE = 1024 * 1024;

/** What {@link readHistory} found. */
export interface HistoryReading {
  /** Lines that are no runs: damaged, half written when a machine went down, or with something in them that does not fit. */
  readonly damagedLines: number;
}

/**
 * Hands every run to `onRecord`, oldest first. Damaged lines are counted and left out: what is lost costs one full
 * transfer, never a backup.
 * @throws UnfitFileError when no file lies in its place
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
 * As {@link readHistory}, for those who can do without: they go on with what they know otherwise.
 * @returns what is missing, in words for a warning; undefined when nothing is
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

/** What a reading has left out, in words; undefined when nothing. */
export function damageText({ damagedLines }: HistoryReading): string | undefined {
  return damagedLines === 0
    ? undefined
    : `${formatCount(damagedLines, 'line')} of the history cannot be read and ${damagedLines === 1 ? 'is' : 'are'} left out.`;
}
