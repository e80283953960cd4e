import { constants } from 'node:fs';
import { rename, type FileHandle } from 'node:fs/promises';
import { errorCode } from '../../src/platform/files.ts';
import { openRegularFile } from '../../src/platform/regular-file.ts';

/** What the gate writes to `<state_dir>/<host>/gate.log`, one JSON object per line. */
export interface LogEntry {
  readonly event:
    'accepted' | 'refused' | 'ended' | 'broke' | 'recovered' | 'discarded' | 'filled' | 'sealed' | 'failed' | 'attack';
  readonly kind?: 'push' | 'verify' | 'notes' | 'seal' | 'read' | 'list';
  readonly job?: string | undefined;
  readonly id?: string | undefined;
  readonly reason?: string;
  /** Exit code of rsync, or its signal. */
  readonly end?: number | string;
}

/**
 * Size at which the log is renamed to `gate.log.1`. Otherwise, anyone with the key could fill the disk with refusals.
 */
const LARGEST_LOG = 4 * 1024 * 1024;

/** Longest reason that is kept, in characters. */
const LONGEST_REASON = 500;

/**
 * Appends to the log. A log that cannot be written must not stop a backup, so this never rejects.
 * @param context fields that every line has: time and client
 */
export async function writeLog(
  path: string,
  context: { readonly time: Date; readonly client: string },
  entry: LogEntry,
): Promise<void> {
  const reason = entry.reason?.slice(0, LONGEST_REASON);
  const line = JSON.stringify({
    time: context.time.toISOString(),
    client: context.client,
    ...entry,
    ...(reason === undefined ? {} : { reason }),
  });
  try {
    const file = await openRegularFile(
      path,
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      await file.appendFile(`${line}\n`);
      if ((await file.stat()).size > LARGEST_LOG) await putAside(path, file);
    } finally {
      await file.close();
    }
  } catch {
    // A log that cannot be written must not stop a backup.
  }
}

/**
 * If a directory bears the other name, the lines are lost, because the disk is worth more; `--check` names it. After any other error they
 * stay: another session may have put this very file aside.
 */
async function putAside(path: string, file: FileHandle): Promise<void> {
  await rename(path, `${path}.1`).catch((error: unknown) =>
    errorCode(error) === 'EISDIR' ? file.truncate() : undefined,
  );
}
