import { constants } from 'node:fs';
import { appendLine, isMissing } from '../../src/platform/files.ts';
import { openRegularFile } from '../../src/platform/regular-file.ts';
import { parseTime } from '../../src/shared/iso-time.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';

/** One push that was let in. */
export interface Attempt {
  readonly id: SnapshotId;
  /** When, by the gate's clock. */
  readonly time: Date;
}

/** Bytes of the ledger that are read: over 1500 attempts, and no more than 1000 a day can be allowed. */
const TAIL = 262_144;

/** Records an attempt. It is on the disk before the attempt begins, so that a crash cannot hide it. */
export async function recordAttempt(path: string, { id, time }: Attempt, client: string): Promise<void> {
  await appendLine(path, formatAttempt({ id, time }, client));
}

/** A line of the ledger, without its end. */
export function formatAttempt({ id, time }: Attempt, client: string): string {
  return JSON.stringify({ time: time.toISOString(), id, client });
}

/**
 * Reads the latest attempts. Ids only ever increase, so the highest one is among them. A damaged line (a crash, a
 * full disk) is skipped.
 */
export async function readAttempts(path: string): Promise<Attempt[]> {
  return parseAttempts(await readTail(path));
}

/** Reads attempts from the ledger's text. Lines that are not attempts are skipped. */
export function parseAttempts(text: string): Attempt[] {
  return text.split('\n').flatMap((line) => {
    const attempt = parseAttempt(line);
    return attempt === undefined ? [] : [attempt];
  });
}

function parseAttempt(line: string): Attempt | undefined {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof data !== 'object' || data === null || !('id' in data) || !('time' in data)) return undefined;
  const id = typeof data.id === 'string' ? parseSnapshotId(data.id) : undefined;
  const time = parseTime(data.time);
  return id === undefined || time === undefined ? undefined : { id, time };
}

async function readTail(path: string): Promise<string> {
  try {
    const file = await openRegularFile(path, constants.O_RDONLY);
    try {
      const { size } = await file.stat();
      const buffer = Buffer.alloc(Math.min(size, TAIL));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}
