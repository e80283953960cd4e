import { MAX_NOTES_BYTES, notesName } from '../../src/shared/notes.ts';
import { leaveIncoming, prepareIncoming, unfitIncoming, watchIncoming } from './incoming.ts';
import type { JobSession } from './job-session.ts';
import type { GateRequest } from './request.ts';
import { ended, refused, type SessionEnd } from './session-end.ts';
import { commandFor, runIn } from './session-run.ts';

/** Receives the notes of a push that is to follow. They wait where they arrived, until that push or the next file comes. */
export async function serveNotes(
  session: JobSession,
  request: Extract<GateRequest, { kind: 'notes' | 'seal' }>,
): Promise<SessionEnd> {
  const { paths, settings } = session;
  const name = notesName(request.id);
  const several = watchIncoming(paths, name);
  let kept = false;
  try {
    await prepareIncoming(paths);
    const end = await runIn(session, {
      ...commandFor(session, request, name),
      allowDelete: false,
      root: paths.incoming,
      receives: true,
      largestFile: MAX_NOTES_BYTES,
      signal: several.signal,
    });
    if (several.signal.aborted) return refused('the notes are not one file');
    if (end.kind !== 'exited' || end.code !== 0) return ended(end, settings.limits.sessionLimitMs);
    const unfit = await unfitIncoming(paths, name, MAX_NOTES_BYTES);
    if (unfit !== undefined) return refused(`the notes are ${unfit}`);
    kept = true;
    return ended(end, settings.limits.sessionLimitMs);
  } finally {
    several.stop();
    if (!kept) await leaveIncoming(paths);
  }
}
