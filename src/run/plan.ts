import type { JobSettings, TargetSettings } from '../config/settings.ts';
import type { Wire } from '../rsync/arguments.ts';
import { nextDue } from '../shared/schedule.ts';
import type { ConnectionTimes } from '../ssh/client-config.ts';
import { remoteShell } from '../ssh/connection.ts';
import type { JobState } from '../state/job-state.ts';
import type { SourceSummary } from './source/read-source.ts';

/** Slowest disk that comparisons by checksum allow for, in bytes per second. */
const SLOWEST_DISK = 8 * 1024 * 1024;

/** Longest time-out that the gate's grammar accepts, in seconds: eleven days. */
const LONGEST_TIMEOUT = 999_999;

/**
 * The two forms of the wire to a target: for a push, and for sessions that read files to compute checksums.
 *
 * In the latter, rsync sends nothing until it has read all files of a directory, because it sends the list only when 32 KiB of it are
 * full or it is complete (measured with rsync 3.5.0: six files of 2 GiB, one silence). So both time-outs are long enough to read
 * everything. A dead connection is still ended by ssh's keepalive, a run by its deadline, and a session behind the gate by its
 * session_limit.
 * @param directory the run's private directory, which contains ssh's configuration
 * @param bytes size of the whole source
 */
export function wiresOf(
  target: TargetSettings,
  directory: string,
  { bytes, notSent }: Pick<SourceSummary, 'bytes' | 'notSent'>,
): { readonly wire: Wire; readonly verifyWire: Wire } {
  const seconds = Math.max(1, Math.ceil(target.ioTimeoutMs / 1000));
  const wire: Wire = {
    remoteShell: remoteShell(directory),
    alias: target.name,
    secondary: target.secondary,
    metadata: target.metadata,
    hardLinks: notSent.falseLinks === undefined,
    compress: target.compress,
    timeoutSeconds: seconds,
    stallMs: stallMsOf(target),
  };
  const toRead = Math.ceil(bytes / SLOWEST_DISK);
  const reading = Math.min(LONGEST_TIMEOUT, seconds + toRead);
  const verifyWire = { ...wire, timeoutSeconds: Math.max(seconds, reading), stallMs: wire.stallMs + toRead * 1000 };
  return { wire, verifyWire };
}

/** Stall time in milliseconds. It is never shorter than rsync's own time-out, because a long one is a wish to wait. */
export function stallMsOf({ stallTimeoutMs, ioTimeoutMs }: TargetSettings): number {
  return Math.max(stallTimeoutMs, ioTimeoutMs);
}

/** The times of a connection in the units of ssh_config(5). */
export function connectionTimes(target: TargetSettings): ConnectionTimes {
  const seconds = (ms: number) => Math.max(1, Math.ceil(ms / 1000));
  return {
    connect: seconds(target.connectTimeoutMs),
    aliveInterval: seconds(target.keepalive.intervalMs),
    aliveCount: target.keepalive.count,
  };
}

/** The stricter of the job's and the target's limit, in bytes per second. */
export function bandwidthLimitOf(job: JobSettings, target: TargetSettings): number | undefined {
  const limits = [job.bandwidthLimit, target.bandwidthLimit].filter((limit) => limit !== undefined);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** Whether this run reads everything on both sides, or only what it sent. */
export function verifyModeOf(job: JobSettings, state: JobState, now: Date): 'full' | 'changed' {
  const { mode, fullSchedule: schedule, timezone } = job.verify;
  if (mode === 'full' || state.lastFullVerification === null) return 'full';
  return nextDue({ schedule, timezone }, new Date(state.lastFullVerification)) <= now ? 'full' : 'changed';
}
