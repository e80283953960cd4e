import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorMessage } from '../../src/platform/files.ts';
import { absentSnapshot, damagedBasis, FILLED_LINE, TOO_MANY_NAMES } from '../../src/shared/gate-words.ts';
import { MAX_NOTES_BYTES, notesName } from '../../src/shared/notes.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { partialName } from '../../src/shared/entry-names.ts';
import { freeSpace, freeze, freezeLeftovers, makePartial, readJobDirectory } from '../store/job-directory.ts';
import { readAttempts, recordAttempt } from '../store/ledger.ts';
import { GATE_LOG, statePlaces } from '../store/places.ts';
import { beginFlush } from '../store/syncing.ts';
import { basesFor } from './basis.ts';
import type { GroupBounds } from './child-group.ts';
import { damageOf, type BasisDamage } from './damaged-basis.ts';
import { leaveIncoming, unfitIncoming } from './incoming.ts';
import type { JobSession } from './job-session.ts';
import { overLimit } from './limits.ts';
import type { GateRequest } from './request.ts';
import { ended, failure, refused, type SessionEnd } from './session-end.ts';
import { commandFor, runIn } from './session-run.ts';
import { fillTree, unshareTree } from './tree/work-on-tree.ts';

type Push = Extract<GateRequest, { kind: 'push' }>;

/*
 * rsync writes into a tree that shares nothing with what is sealed. What is unchanged is linked into it by the gate, after rsync has ended;
 * nothing writes there any more then. So no client can reach a sealed inode, whatever it does to rsync's receiver.
 *
 *   1. an attempt that is continued shares nothing, or is made to   died: it is frozen still
 *   2. it is renamed to the partial of this push                    died: the next push freezes it
 *   3. rsync, until the last of its processes is gone                 died or failed: frozen
 *   4. what is unchanged is linked                                  died: the same, with links; 1 of the next push removes them
 */

/** Serves a push, and links what it left out. */
export async function servePush(session: JobSession, request: Push): Promise<SessionEnd> {
  const { paths, settings, clock, client } = session;
  const { id, dryRun } = request;
  // A dry run leaves no trace. It must not freeze what another run has just pushed.
  if (!dryRun) await freezeLeftovers(paths);
  const directory = await readJobDirectory(paths.snapshots);
  const now = clock.now();
  const space = await freeSpace(paths.snapshots);
  const over = overLimit(
    { id, now, present: directory.states.keys(), attempts: await readAttempts(paths.ledger), ...space },
    settings.limits,
  );
  if (over !== undefined) return refused(over);

  const bases = await basesFor(directory, request.bases);
  // With a list, the client leaves out what it believes to be in its basis.
  const [first] = request.bases;
  if (request.listed && bases.sealed === undefined) return refused(absentSnapshot(first ?? ''));
  const damage = await damageOf(session, bases.sealed);
  if (damage !== 'none' && !request.checksum && !dryRun) return refused(damagedBasis(bases.sealed ?? ''));
  const compared = bases.sealed ?? (dryRun ? bases.attempt : undefined);
  const run = (continues: boolean) => ({
    ...commandFor(session, request, partialName(id), { basis: compared, continues }),
    allowDelete: false,
    writes: !dryRun,
  });
  if (dryRun) return ended(await runIn(session, run(false)), settings.limits.sessionLimitMs);
  await recordAttempt(paths.ledger, { id, time: now }, client);
  try {
    const until = performance.now() + settings.limits.sessionLimitMs;
    const begun = await beginTree(session, id, bases.attempt, boundsOf(session, until));
    if (begun === 'not-finished') return ended({ kind: 'stopped' }, settings.limits.sessionLimitMs);
    const continues = begun === 'continued';
    const end = await runIn(session, run(continues));
    const pushed = end.kind === 'exited' && end.code === 0;
    const filled = pushed ? await fill(session, id, { sealed: bases.sealed, damage }, until) : undefined;
    // What is broken is never sealed, so it is frozen at once. If we die before that, the next push freezes it.
    if (!pushed || filled !== undefined) await freeze(paths, id);
    // It is flushed to disk during the comparison, so that the seal has little to wait for.
    else beginFlush(statePlaces(settings.hostState).flushLock);
    return filled ?? ended(end, settings.limits.sessionLimitMs);
  } catch (error) {
    // The ledger has the id by now, so it would be refused if the sender used it again.
    await session.log({ event: 'failed', reason: errorMessage(error) });
    await freeze(paths, id).catch(() => undefined); // there may be none
    return errorCode(error) === 'EMLINK'
      ? ended({ kind: 'limit', reason: TOO_MANY_NAMES }, 0)
      : failure(error, { letIn: true, log: GATE_LOG });
  } finally {
    await leaveIncoming(paths);
  }
}

function boundsOf({ lockFd, signal }: JobSession, until: number): GroupBounds {
  return { lockFd, signal, limitMs: until - performance.now() };
}

const NOT_FINISHED = 'it was not finished';

/** Makes the directory of a push: a new one, or that of the attempt that it continues. What could not be finished is left as it is, for another try. */
async function beginTree(
  { paths, log }: JobSession,
  id: SnapshotId,
  attempt: string | undefined,
  bounds: GroupBounds,
): Promise<'new' | 'continued' | 'not-finished'> {
  if (attempt !== undefined) {
    const place = join(paths.snapshots, attempt);
    const reason = await unshareTree(place, bounds).then(
      (unshared) => (unshared ? undefined : NOT_FINISHED),
      errorMessage,
    );
    if (reason === NOT_FINISHED) return 'not-finished';
    if (reason === undefined) {
      await rename(place, join(paths.snapshots, partialName(id)));
      return 'continued';
    }
    await log({ event: 'failed', reason: `${attempt} cannot be continued: ${reason}` });
  }
  await makePartial(paths, id);
  return 'new';
}

/** Links what is unchanged. @returns how the session ends if that was not possible */
async function fill(
  session: JobSession,
  id: SnapshotId,
  { sealed, damage }: { readonly sealed: string | undefined; readonly damage: BasisDamage },
  until: number,
): Promise<SessionEnd | undefined> {
  const { paths, settings, log } = session;
  const name = notesName(id);
  const received = (await unfitIncoming(paths, name, MAX_NOTES_BYTES).catch(() => 'absent')) === undefined;
  if (sealed === undefined && !received) return undefined;
  const { freeBytes } = await freeSpace(paths.snapshots);
  const { minFreeSpace, maxSessionBytes = Infinity, sessionLimitMs } = settings.limits;
  const filled = await fillTree(
    {
      tree: join(paths.snapshots, partialName(id)),
      basis: sealed === undefined ? undefined : join(paths.snapshots, sealed),
      notes: received ? join(paths.incoming, name) : undefined,
      damage: sealed !== undefined && damage === 'some' ? { record: paths.damage, id: sealed } : undefined,
      most: Math.max(0, Math.min(maxSessionBytes, freeBytes - minFreeSpace)),
    },
    boundsOf(session, until),
  );
  switch (filled.kind) {
    case 'filled':
      await log({ event: 'filled', reason: `${filled.linked} linked, ${filled.copied} copied` });
      process.stderr.write(`${FILLED_LINE.write(filled)}\n`);
      return undefined;
    case 'shares': {
      const reason = `files of ${id} are names of other files too, which no push can bring about: ${filled.names}`;
      await log({ event: 'attack', reason });
      return refused(`${reason}. This is what an attack with the push key looks like`);
    }
    case 'bad-notes':
      return refused(filled.reason);
    case 'too-long':
    case 'stopped':
    case 'signalled':
    case 'lingered':
      return ended(filled, sessionLimitMs);
    default:
      return filled satisfies never;
  }
}
