import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../src/platform/clock.ts';
import { takeLock } from '../../src/platform/kernel-lock.ts';
import { CHILD_ENVIRONMENT } from './environment.ts';
import { errorMessage } from '../../src/platform/files.ts';
import { absentSnapshot } from '../../src/shared/gate-words.ts';
import { sealName } from '../../src/shared/seal.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { beginFlush, FailedWriteError } from './flush.ts';
import { directoryName, freeSpace, isRealDirectory, makeJobDirectory, readJobDirectory } from './job-directory.ts';
import { readAttempts, recordAttempt } from './ledger.ts';
import { overLimit } from './limits.ts';
import { writeLog, type LogEntry } from './log.ts';
import { frozenName, jobPaths, partialName, type JobPaths } from './paths.ts';
import type { Rebuild } from './options.ts';
import { rebuiltCommand } from './rebuilt-command.ts';
import { parseRequest, type GateRequest } from './request.ts';
import { runRestrictedRsync, type RestrictedEnd } from './restricted-rsync.ts';
import {
  bearsClaims,
  clearIncoming,
  completeSeals,
  placeSeal,
  prepareIncoming,
  readIncoming,
  watchIncoming,
} from './sealing.ts';
import { basisFor } from './basis.ts';
import { ended, failure, refused, type SessionEnd } from './session-end.ts';
import { silenceOf } from './session-watch.ts';
import type { GateSettings } from './settings.ts';
import { beginWalk, clearRecords, findChanged, prepareRecord, type Changed } from './shared-inodes.ts';
import { clearUnflushed, distrustAllJobs } from './unflushed.ts';

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

/** The reason that the controller knows as "wait and try again" (facts.md#its-own-lock). */
const BUSY = 'busy: another session is still writing to this job';

/** What only the administrator of this machine can mend. */
const DISK_FAILED =
  'it is not certain that the disk took what was pushed; see gate.log and the kernel log of this machine';

/** In the host's state directory. */
const LOG = 'gate.log';

/** Milliseconds that sending a seal may take: it has under 1 KiB. */
const SEAL_LIMIT = 120_000;

/** Largest file that can be written while a seal is received, in bytes. */
const LARGEST_INCOMING = 65_536;

interface JobSession extends SessionInput {
  readonly paths: JobPaths;
  readonly lockFd: number;
  readonly log: (entry: LogEntry) => Promise<void>;
}

/** Serves one session from the client's words to the exit code. */
export async function serveSession(input: SessionInput): Promise<SessionEnd> {
  const log = (entry: LogEntry) =>
    writeLog(join(input.settings.hostState, LOG), { time: input.clock.now(), client: input.client }, entry);
  const parsed = parseRequest(input.commandLine);
  if (!parsed.ok) {
    await log({ event: 'refused', reason: parsed.reason });
    return refused(parsed.reason);
  }
  const { kind, job, id } = parsed.request;
  const about = { kind, job, id };
  try {
    const end = await serveRequest({ ...input, log: (entry) => log({ ...about, ...entry }) }, parsed.request);
    await log(
      end.kind === 'exit'
        ? { event: 'ended', ...about, end: end.code }
        : { event: end.kind, ...about, reason: end.reason },
    );
    return end;
  } catch (error) {
    await log({ event: 'failed', ...about, reason: errorMessage(error) });
    return failure(error, { letIn: false, log: LOG });
  }
}

async function serveRequest(input: SessionInput & Pick<JobSession, 'log'>, request: GateRequest): Promise<SessionEnd> {
  const { settings } = input;
  if (!settings.jobs.includes(request.job)) return refused(`no job ${request.job} is configured for this host`);
  const { metadata } = request.wire;
  if (metadata !== undefined && metadata !== settings.metadata) {
    return refused(`this host keeps metadata: ${settings.metadata}, not ${metadata}; say the same on both sides`);
  }
  const paths = jobPaths(settings, request.job);
  await makeJobDirectory(settings.hostRoot, request.job);
  const lock = await takeLock(paths.lock, { env: CHILD_ENVIRONMENT });
  if (lock === undefined) return refused(BUSY);
  try {
    const session: JobSession = { ...input, paths, lockFd: lock.file.fd };
    for (const id of await completeSeals(paths)) await session.log({ event: 'recovered', id });
    await discardUnflushed(session, request.job);
    switch (request.kind) {
      case 'push':
        return await servePush(session, request);
      case 'verify':
        return await serveVerify(session, request);
      case 'seal':
        return await serveSeal(session, request);
      default:
        return request satisfies never;
    }
  } finally {
    await lock.release();
  }
}

async function servePush(session: JobSession, request: Extract<GateRequest, { kind: 'push' }>): Promise<SessionEnd> {
  const { paths, settings, clock, client } = session;
  const { id, dryRun } = request;
  // A dry run leaves no trace, so it may not even freeze what a run beside it has just pushed.
  if (!dryRun) await freezeLeftovers(paths);
  const directory = await readJobDirectory(paths.snapshots);
  const now = clock.now();
  const over = overLimit(
    {
      id,
      now,
      present: directory.states.keys(),
      attempts: await readAttempts(paths.ledger),
      ...(await freeSpace(paths.snapshots)),
    },
    settings.limits,
  );
  if (over !== undefined) return refused(over);

  const basis = await basisFor(paths, directory, request);
  const run = {
    ...commandFor(session, request, partialName(id), basis?.name),
    allowDelete: false,
    writes: !dryRun,
  };
  if (dryRun) return ended(await runIn(session, run), settings.limits.sessionLimitMs);
  await recordAttempt(paths.ledger, { id, time: now }, client);
  try {
    await mkdir(join(paths.snapshots, partialName(id)), { mode: 0o700 });
    await prepareRecord(paths, id, basis?.sealed);
    const end = await runIn(session, run);
    // What broke is never sealed, so nobody has to wait to call it so. Should we die first, the next push does it.
    if (end.kind !== 'exited' || end.code !== 0) await freeze(paths, id);
    // It goes to the disk while it is compared, so that sealing it has little left to wait for.
    else {
      beginWalk(paths, id, partialName(id), basis?.sealed);
      beginFlush(paths.flushLock);
    }
    return ended(end, settings.limits.sessionLimitMs);
  } catch (error) {
    // The ledger has its id by now: a sender that took it for free would be refused for it.
    await session.log({ event: 'failed', reason: errorMessage(error) });
    return failure(error, { letIn: true, log: LOG });
  }
}

async function serveVerify(
  session: JobSession,
  request: Extract<GateRequest, { kind: 'verify' }>,
): Promise<SessionEnd> {
  const { states, path } = await readJobDirectory(session.paths.snapshots);
  const state = states.get(request.id) ?? 'none';
  const name = directoryName(request.id, state);
  if (state === 'frozen') return refused(`attempt ${request.id} ended without a seal; it cannot be verified any more`);
  if (name === undefined || !(await isRealDirectory(path, name))) return refused(absentSnapshot(request.id));
  const end = await runIn(session, { ...commandFor(session, request, name), allowDelete: request.extras });
  return ended(end, session.settings.limits.sessionLimitMs);
}

async function serveSeal(session: JobSession, request: Extract<GateRequest, { kind: 'seal' }>): Promise<SessionEnd> {
  const { paths, clock, version } = session;
  const { id, job } = request;
  const { states, path } = await readJobDirectory(paths.snapshots);
  const state = states.get(id) ?? 'none';
  if (state === 'frozen') return refused(`attempt ${id} ended without a seal; it cannot be sealed any more`);
  if (state !== 'sealed' && !(state === 'partial' && (await isRealDirectory(path, partialName(id))))) {
    return refused(`there is no snapshot ${id} to seal`);
  }
  await prepareIncoming(paths);
  const several = watchIncoming(paths, id);
  try {
    const end = await runIn(session, {
      ...commandFor(session, request, sealName(id)),
      allowDelete: false,
      root: paths.incoming,
      largestFile: LARGEST_INCOMING,
      signal: several.signal,
    });
    if (several.signal.aborted) return refused('the seal is not one file');
    if (end.kind !== 'exited' || end.code !== 0) return ended(end, SEAL_LIMIT);
    const seal = await readIncoming(paths, { id, job });
    if (typeof seal === 'string') return refused(`the seal is ${seal}`);
    if (state === 'sealed') {
      if (await bearsClaims(paths, seal)) return ended(end, SEAL_LIMIT);
      return refused(`snapshot ${id} is sealed already, with other claims`);
    }
    const changed = await findChanged(paths, id, partialName(id));
    if (changed !== undefined) return await refuseChanged(session, id, changed);
    try {
      await placeSeal(paths, seal, { received: clock.now().toISOString(), gate: version });
    } catch (error) {
      if (error instanceof FailedWriteError) return await diskFailed(session, job, error);
      throw error;
    }
    await session.log({ event: 'sealed' });
    await clearRecords(paths, new Set([...states.keys()]));
    return ended(end, SEAL_LIMIT);
  } finally {
    several.stop();
    // What was sent there is the client's choice.
    await clearIncoming(paths);
  }
}

/** A client has found a way to change what is sealed, or somebody on this machine has. Nothing more is linked to that snapshot. */
async function refuseChanged(session: JobSession, id: SnapshotId, { basis, names }: Changed): Promise<SessionEnd> {
  const reason = `sealed files of ${basis} have changed since they were sealed: ${names.join(', ')}`;
  await session.log({ event: 'attack', reason });
  await freeze(session.paths, id);
  return refused(
    `${reason}. This is how an attack with the push key looks. ${id} is not sealed; the next push links to nothing of ${basis}`,
  );
}

/** The note stands by now: what cannot be cleared away here, on a disk that fails, the next session clears away. */
async function diskFailed(session: JobSession, job: string, { message }: FailedWriteError): Promise<SessionEnd> {
  await session.log({ event: 'failed', reason: message });
  try {
    await distrustAllJobs(session.settings);
    await discardUnflushed(session, job);
  } catch (error) {
    await session.log({ event: 'failed', reason: errorMessage(error) });
  }
  return refused(DISK_FAILED);
}

async function discardUnflushed({ settings, log }: JobSession, job: string): Promise<void> {
  const names = await clearUnflushed(settings, job);
  if (names.length > 0) await log({ event: 'discarded', reason: names.join(' ') });
}

/** Milliseconds that rsync's own time-out has first, where it notices: it ends more cleanly. */
const GRACE = 2000;

interface Run {
  readonly command: string;
  readonly allowDelete: boolean;
  /** Seconds. */
  readonly silence: number;
  /** Whether files are written into the job's directory. */
  readonly writes?: boolean;
  readonly root?: string;
  readonly largestFile?: number;
  /** Ends rsync, beside the session's own. */
  readonly signal?: AbortSignal;
}

async function runIn(session: JobSession, run: Run): Promise<RestrictedEnd> {
  await session.log({ event: 'accepted', reason: run.command });
  const { limits } = session.settings;
  const { sessionLimitMs, maxSessionBytes } = limits;
  const { silence, writes = false, ...rest } = run;
  return runRestrictedRsync({
    root: session.paths.snapshots,
    ...(writes && maxSessionBytes !== undefined ? { largestFile: maxSessionBytes } : {}),
    ...rest,
    bounds: { silenceMs: silence * 1000 + GRACE, writing: writes ? limits : undefined },
    lockFd: session.lockFd,
    limitMs: run.root === undefined ? sessionLimitMs : Math.min(sessionLimitMs, SEAL_LIMIT),
    signal: run.signal ? AbortSignal.any([session.signal, run.signal]) : session.signal,
  });
}

function commandFor(
  { settings }: JobSession,
  request: GateRequest,
  name: string,
  basis?: string,
): Pick<Run, 'command' | 'silence'> {
  const { limits } = settings;
  const silence = silenceOf(request, limits);
  const rebuild: Rebuild = {
    destination: request.kind === 'seal' ? name : `${name}/`,
    basis,
    timeoutSeconds: silence,
    delta: limits.delta,
    fuzzy: limits.fuzzy,
  };
  return { command: rebuiltCommand(request, rebuild), silence };
}

/** We hold the lock, so nothing writes to any partial any more: what lies there is what a broken session left. */
async function freezeLeftovers(paths: JobPaths): Promise<void> {
  const { states } = await readJobDirectory(paths.snapshots);
  for (const [id, state] of states) if (state === 'partial') await freeze(paths, id);
}

async function freeze({ snapshots }: JobPaths, id: SnapshotId): Promise<void> {
  await rename(join(snapshots, partialName(id)), join(snapshots, frozenName(id)));
}
