import { errorMessage } from '../../src/platform/files.ts';
import { writeLog, type LogEntry } from '../store/gate-log.ts';
import { GATE_LOG, statePlaces } from '../store/places.ts';
import type { SessionInput } from './job-session.ts';
import { failure, refused, type SessionEnd } from './session-end.ts';
import type { Parsed } from './words.ts';

/** One session, whose lines in the log say what it is about. */
export interface LoggedInput extends SessionInput {
  readonly log: (entry: LogEntry) => Promise<void>;
}

/** What a session is about. */
type About = Required<Pick<LogEntry, 'kind' | 'job'>> & Pick<LogEntry, 'id'>;

/** Serves what a client asks for, and writes how that ended into the host's log. */
export async function serveLogged<R extends About>(
  input: SessionInput,
  parsed: Parsed<R>,
  serve: (input: LoggedInput, request: R) => Promise<SessionEnd>,
): Promise<SessionEnd> {
  const log = (entry: LogEntry) =>
    writeLog(statePlaces(input.settings.hostState).log, { time: input.clock.now(), client: input.client }, entry);
  if (!parsed.ok) {
    await log({ event: 'refused', reason: parsed.reason });
    return refused(parsed.reason);
  }
  const { kind, job, id } = parsed.request;
  const about: About = { kind, job, id };
  try {
    const end = await serve({ ...input, log: (entry) => log({ ...about, ...entry }) }, parsed.request);
    await log(
      end.kind === 'exit'
        ? { event: 'ended', ...about, end: end.code }
        : { event: end.kind, ...about, reason: end.reason },
    );
    return end;
  } catch (error) {
    await log({ event: 'failed', ...about, reason: errorMessage(error) });
    return failure(error, { letIn: false, log: GATE_LOG });
  }
}
