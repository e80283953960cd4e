import type { Clock } from '../../src/platform/clock.ts';
import type { LogEntry } from '../store/gate-log.ts';
import type { JobPaths } from '../store/places.ts';
import type { ManifestMaker } from './manifests.ts';
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
  readonly manifests: ManifestMaker;
  /** Aborted when the gate has to end. */
  readonly signal: AbortSignal;
}

/** A session of one job. */
export interface AnySession extends SessionInput {
  readonly paths: JobPaths;
  /** The lock of the job; undefined for a session that only reads. */
  readonly lockFd: number | undefined;
  readonly log: (entry: LogEntry) => Promise<void>;
}

/** A session that holds the lock of its job. */
export interface JobSession extends AnySession {
  readonly lockFd: number;
}

/** Moves away what the disk may have failed to write. */
export async function discardUnflushed({ settings, log }: JobSession, job: string): Promise<void> {
  const names = await clearUnflushed(settings, job);
  if (names.length > 0) await log({ event: 'discarded', reason: names.join(' ') });
}
