import { errorMessage } from '../../src/platform/files.ts';
import { sealName } from '../../src/shared/seal.ts';
import { FailedWriteError } from '../store/syncing.ts';
import { isRealDirectory, readJobDirectory } from '../store/job-directory.ts';
import { discardUnflushed, type JobSession } from './job-session.ts';
import { partialName } from '../../src/shared/entry-names.ts';
import { GATE_LOG } from '../store/places.ts';
import type { GateRequest } from './request.ts';
import { beginManifest } from './manifests.ts';
import { leaveIncoming, prepareIncoming, watchIncoming } from './incoming.ts';
import { bearsClaims, placeSeal, readSeal } from './sealing.ts';
import { ended, refused, type SessionEnd } from './session-end.ts';
import { commandFor, runIn, SEAL_LIMIT } from './session-run.ts';
import { distrustAllJobs } from './unflushed.ts';

/** For what only the administrator of this machine can repair. */
const DISK_FAILED = `it is not certain that the disk took what was pushed; see ${GATE_LOG} and the kernel log of this machine`;

/** Largest file that can be written while a seal is received, in bytes. */
const LARGEST_INCOMING = 65_536;

/** Receives a seal into the spool, and places it if it is valid and the snapshot is in order. */
export async function serveSeal(
  session: JobSession,
  request: Extract<GateRequest, { kind: 'notes' | 'seal' }>,
): Promise<SessionEnd> {
  const { paths, clock, version } = session;
  const { id, job } = request;
  const { states, path } = await readJobDirectory(paths.snapshots);
  const state = states.get(id) ?? 'none';
  if (state === 'frozen') return refused(`attempt ${id} ended without a seal; it can no longer be sealed`);
  if (state !== 'sealed' && !(state === 'partial' && (await isRealDirectory(path, partialName(id))))) {
    return refused(`there is no snapshot ${id} to seal`);
  }
  await prepareIncoming(paths);
  const several = watchIncoming(paths, sealName(id));
  try {
    const end = await runIn(session, {
      ...commandFor(session, request, sealName(id)),
      allowDelete: false,
      root: paths.incoming,
      receives: true,
      largestFile: LARGEST_INCOMING,
      signal: several.signal,
    });
    if (several.signal.aborted) return refused('the seal is not one file');
    if (end.kind !== 'exited' || end.code !== 0) return ended(end, SEAL_LIMIT);
    const seal = await readSeal(paths, { id, job });
    if (typeof seal === 'string') return refused(`the seal is ${seal}`);
    if (state === 'sealed') {
      if (await bearsClaims(paths, seal)) return ended(end, SEAL_LIMIT);
      return refused(`snapshot ${id} is sealed already, with other claims`);
    }
    try {
      await placeSeal(paths, seal, { received: clock.now().toISOString(), gate: version });
    } catch (error) {
      if (error instanceof FailedWriteError) return await diskFailed(session, job, error);
      throw error;
    }
    await session.log({ event: 'sealed' });
    beginManifest(session.manifests, job);
    return ended(end, SEAL_LIMIT);
  } finally {
    several.stop();
    // What was sent there is the client's choice.
    await leaveIncoming(paths);
  }
}

/** The note exists by now, so what cannot be moved away here, on a failing disk, is moved away by the next session. */
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
