import { absentSnapshot, unknownJob } from '../../src/shared/gate-words.ts';
import { SELFTEST_JOB } from '../../src/shared/names.ts';
import { isRealDirectory, makeJobDirectory, readJobDirectory } from '../store/job-directory.ts';
import { discardUnflushed, type JobSession, type SessionInput } from './job-session.ts';
import { serveLogged, type LoggedInput } from './logged-session.ts';
import { parseRequest, type GateRequest } from './request.ts';
import { completeSeals } from './sealing.ts';
import { serveNotes } from './serve-notes.ts';
import { servePush } from './serve-push.ts';
import { serveSeal } from './serve-seal.ts';
import { jobPathsOf } from './settings.ts';
import { ended, refused, type SessionEnd } from './session-end.ts';
import { commandFor, runIn } from './session-run.ts';
import { gateLock, takeLock } from '../store/locks.ts';
import { standingOf } from '../store/snapshot-state.ts';

/** The reason that the controller knows as "wait and try again" (facts.md#its-own-lock). */
const BUSY = 'busy: another session is still writing to this job';

/** Serves one session of the push key, from the client's command to the exit code. */
export function serveSession(input: SessionInput): Promise<SessionEnd> {
  return serveLogged(input, parseRequest(input.commandLine), serveRequest);
}

async function serveRequest(input: LoggedInput, request: GateRequest): Promise<SessionEnd> {
  const { settings } = input;
  const known = settings.jobs.includes(request.job) || request.job === SELFTEST_JOB;
  if (!known) return refused(unknownJob(request.job));
  const { metadata } = request.wire;
  const either = metadata === undefined || (metadata === 'none' && request.kind === 'verify');
  if (!either && metadata !== settings.metadata) {
    return refused(`this host has metadata: ${settings.metadata}, not ${metadata}; configure the same on both sides`);
  }
  const paths = jobPathsOf(settings, request.job);
  await makeJobDirectory(paths);
  const lock = await takeLock(gateLock(paths));
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
      case 'notes':
        return await serveNotes(session, request);
      case 'seal':
        return await serveSeal(session, request);
      default:
        return request satisfies never;
    }
  } finally {
    await lock.release();
  }
}

async function serveVerify(
  session: JobSession,
  request: Extract<GateRequest, { kind: 'verify' }>,
): Promise<SessionEnd> {
  const { states, path } = await readJobDirectory(session.paths.snapshots);
  const state = states.get(request.id) ?? 'none';
  const { directory: name } = standingOf(request.id, state);
  // What the source has lost since it was sent there is removed by the push that goes on with it (src/run/attempt/only-there.ts).
  if (state === 'frozen' && !isOfNames(request))
    return refused(`attempt ${request.id} ended without a seal; it can no longer be verified`);
  if (name === undefined || !(await isRealDirectory(path, name))) return refused(absentSnapshot(request.id));
  const end = await runIn(session, { ...commandFor(session, request, name), allowDelete: request.extras });
  return ended(end, session.settings.limits.sessionLimitMs);
}

/** Whether only names, sizes and times are compared. */
function isOfNames({ wire }: Extract<GateRequest, { kind: 'verify' }>): boolean {
  return wire.metadata === 'none' && !wire.given.has('checksum');
}
