import type { AnySession, JobSession } from './job-session.ts';
import type { Rebuild } from './options.ts';
import { rebuiltCommand } from './rebuilt-command.ts';
import type { GateRequest } from './request.ts';
import { runRestrictedRsync, type RestrictedEnd } from './restricted-rsync.ts';
import { silenceOf } from './session-watch.ts';

/** Time limit for sending a seal, in milliseconds; it has less than 1 KiB. */
export const SEAL_LIMIT = 120_000;

/**
 * Milliseconds by which rsync's own time-out comes before ours, because rsync ends more cleanly than when it is killed.
 */
const GRACE = 2000;

/** One rsync behind rrsync. */
interface Run {
  readonly command: string;
  readonly reads?: boolean;
  readonly allowDelete: boolean;
  /** Seconds. */
  readonly silence: number;
  /** Whether files are written into the job's directory. */
  readonly writes?: boolean;
  readonly root?: string;
  /** Whether it receives one small file. */
  readonly receives?: boolean;
  readonly largestFile?: number;
  /** Ends rsync too, in addition to the session's own signal. */
  readonly signal?: AbortSignal;
}

/** Starts rrsync within the bounds of the session, and waits for its end. */
export async function runIn(session: AnySession, run: Run): Promise<RestrictedEnd> {
  await session.log({ event: 'accepted', reason: run.command });
  const { limits } = session.settings;
  const { sessionLimitMs, maxSessionBytes } = limits;
  const { silence, writes = false, receives: _, ...rest } = run;
  return runRestrictedRsync({
    root: session.paths.snapshots,
    ...(writes && maxSessionBytes !== undefined ? { largestFile: maxSessionBytes } : {}),
    ...rest,
    bounds: { silenceMs: silence * 1000 + GRACE, writing: writes ? limits : undefined },
    lockFd: session.lockFd,
    limitMs: run.receives === true ? Math.min(sessionLimitMs, SEAL_LIMIT) : sessionLimitMs,
    signal: run.signal ? AbortSignal.any([session.signal, run.signal]) : session.signal,
  });
}

/** The command for a request, and for how long it may be silent. @param name of the destination in rrsync's root */
export function commandFor(
  { settings }: JobSession,
  request: GateRequest,
  name: string,
  { basis, continues = false }: { readonly basis?: string | undefined; readonly continues?: boolean } = {},
): Pick<Run, 'command' | 'silence'> {
  const { limits } = settings;
  const silence = silenceOf(request, limits);
  const rebuild: Rebuild = {
    place: request.kind === 'seal' || request.kind === 'notes' ? name : `${name}/`,
    basis,
    continues,
    timeoutSeconds: silence,
    delta: limits.delta,
    fuzzy: limits.fuzzy,
  };
  return { command: rebuiltCommand(request, rebuild), silence };
}
