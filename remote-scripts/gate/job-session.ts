import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../src/platform/clock.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { readJobDirectory } from './job-directory.ts';
import type { LogEntry } from '../store/gate-log.ts';
import { frozenName, partialName } from '../store/entry-names.ts';
import type { JobPaths } from '../store/places.ts';
import type { GateSettings } from './settings.ts';
import { clearUnflushed } from './unflushed.ts';

/** One ssh session, as the forced command sees it. */
export interface SessionInput {
  /** `SSH_ORIGINAL_COMMAND`, as the client sent it. */
  readonly commandLine: string;
  /** The client's address, for the log. */
  readonly client: string;
  readonly settings: GateSettings;
  /** The gate's own version, for receipts. */
  readonly version: string;
  readonly clock: Clock;
  /** Aborted when the gate is told to end. */
  readonly signal: AbortSignal;
}

/** The same once the job's lock is held. */
export interface JobSession extends SessionInput {
  readonly paths: JobPaths;
  readonly lockFd: number;
  readonly log: (entry: LogEntry) => Promise<void>;
}

/** We hold the lock, so nothing writes to any partial any more: what lies there is what a broken session left. */
export async function freezeLeftovers(paths: JobPaths): Promise<void> {
  const { states } = await readJobDirectory(paths.snapshots);
  for (const [id, state] of states) if (state === 'partial') await freeze(paths, id);
}

/** What broke is never sealed; it stays as a basis. */
export async function freeze({ snapshots }: JobPaths, id: SnapshotId): Promise<void> {
  await rename(join(snapshots, partialName(id)), join(snapshots, frozenName(id)));
}

/** Takes away what the disk may not have written. */
export async function discardUnflushed({ settings, log }: JobSession, job: string): Promise<void> {
  const names = await clearUnflushed(settings, job);
  if (names.length > 0) await log({ event: 'discarded', reason: names.join(' ') });
}
