import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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

/** What {@link readHistory} found. */
export interface HistoryReading {
  /** Lines that could not be read: damaged, or half written when a machine went down. */
  readonly damagedLines: number;
}

/**
 * Hands every run to `onRecord`, oldest first. Damaged lines are counted and left out: what is lost costs one full
 * transfer, never a backup.
 */
export async function readHistory(
  stateDirectory: string,
  onRecord: (record: RunRecord) => void,
): Promise<HistoryReading> {
  let damagedLines = 0;
  const input = createReadStream(historyFile(stateDirectory), 'utf8');
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (line.trim() === '') continue;
      const record = parseRunRecord(line);
      if (record) onRecord(record);
      else damagedLines += 1;
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return { damagedLines };
}
