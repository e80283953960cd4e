import { formatDuration, formatSize } from '../../src/shared/units.ts';
import type { GateLimits } from '../config/settings.ts';
import { tooFull } from './limits.ts';
import type { ProcessLook } from './process-look.ts';
import type { ReadRequest } from './read/request.ts';
import type { GateRequest } from './request.ts';

/** Why a session is ended while it runs, with the reason in words for the sender. */
export interface Objection {
  /** `silent`: another try may succeed. `limit`: another try would reach the same limit. */
  readonly kind: 'silent' | 'limit';
  readonly reason: string;
}

/** What a session may do, apart from its wall clock. */
export interface SessionBounds {
  /** Milliseconds during which nothing may arrive and nothing be read. */
  readonly silenceMs: number;
  /** How much may be written, and how much must stay free; undefined for a session that writes no files. */
  readonly writing: Pick<GateLimits, 'maxSessionBytes' | 'minFreeSpace' | 'minFreeInodes'> | undefined;
}

/** The figures of a session at one moment. */
export interface SessionLook {
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
  /** Undefined if this machine does not show its processes. Nothing is concluded from that. */
  readonly processes: ProcessLook | undefined;
  readonly freeBytes: number;
  readonly freeInodes: number | undefined;
}

/**
 * Seconds without a byte after which a session ends.
 *
 * If each file is read for its checksum, the client sends nothing until it has read all files of a list. That may take
 * hours; only the client knows how long, and says so by its --timeout. Such a session is limited by its wall clock, and
 * sshd ends a client that has gone (ClientAliveInterval). Every other session has no reason to be silent.
 */
export function silenceOf(
  request: GateRequest | ReadRequest,
  { timeoutMs, sessionLimitMs }: Pick<GateLimits, 'timeoutMs' | 'sessionLimitMs'>,
): number {
  const own = Math.ceil(timeoutMs / 1000);
  const asked = Number(request.wire.given.get('timeout') ?? own);
  const reads = request.kind === 'verify' || request.wire.given.has('checksum');
  return Math.min(asked, reads ? Math.max(own, Math.ceil(sessionLimitMs / 1000)) : own);
}

/** Share of one processor that counts as work: more than sending keepalives needs, and less than linking files does. */
const WORKING = 0.05;

/**
 * Makes a function that judges a session, called again and again.
 *
 * rsync's own time-out does not end a client that falls silent after its file list: the server sends keepalives from
 * then on, and is content if it can write them (io.c, check_timeout). So what counts here is what arrives, or what the
 * server reads from its own disk. One number covers both (rchar in proc_pid_io(5)).
 */
export function createJudge({ silenceMs, writing }: SessionBounds): (look: SessionLook) => Objection | undefined {
  let last: SessionLook | undefined;
  let alive = Number.NEGATIVE_INFINITY;
  return (look) => {
    if (last === undefined || livesSince(last, look)) alive = look.at;
    last = look;
    const limit = writing === undefined ? undefined : (tooMuch(look, writing) ?? tooFull(look, writing));
    if (limit !== undefined) return { kind: 'limit', reason: limit };
    if (look.at - alive <= silenceMs) return undefined;
    return { kind: 'silent', reason: `nothing has come for ${formatDuration(silenceMs)} (timeout)` };
  };
}

function tooMuch(
  { processes }: SessionLook,
  { maxSessionBytes }: Pick<GateLimits, 'maxSessionBytes'>,
): string | undefined {
  if (maxSessionBytes === undefined || processes === undefined || processes.written <= maxSessionBytes)
    return undefined;
  return `the session wrote ${formatSize(processes.written)} (max_session_bytes: ${formatSize(maxSessionBytes)})`;
}

function livesSince(before: SessionLook, { at, processes: now }: SessionLook): boolean {
  const then = before.processes;
  if (then === undefined || now === undefined) return true;
  return now.read !== then.read || now.waitsForDisk || now.cpuMs - then.cpuMs >= WORKING * (at - before.at);
}
