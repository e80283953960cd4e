import type { SnapshotId } from '../../shared/snapshot-id.ts';
import { nextSnapshotId, snapshotTime } from '../../shared/snapshot-id.ts';
import { errorMessage } from '../../platform/files.ts';
import { noteDistrust } from '../../state/distrust.ts';
import { saveJobState, type JobState } from '../../state/job-state.ts';
import { attempt } from './attempt.ts';
import type { AttemptResult, Lesson } from './attempt-result.ts';
import type { AttemptSpec } from './attempt-spec.ts';
import { attemptsIn, basesOf, brokenAfter, brokenBehindGate, continued } from './broken-attempt.ts';
import { excludesOf } from '../source/file-systems.ts';
import { interruptionOf, unexpectedFailure } from '../failure.ts';
import type { RunDeps, RunRequest } from '../request.ts';
import type { SourceSummary } from '../source/read-source.ts';
import { sessionEnvironment } from '../../ssh/connection.ts';
import type { RetrySettings } from '../../config/settings.ts';
import { OUTCOMES, type Outcome } from '../../shared/outcome.ts';

/** Everything that an attempt needs and that is the same for all attempts of a run. */
export type AttemptPlan = Omit<
  AttemptSpec,
  'tree' | 'bases' | 'continues' | 'unchanged' | 'basesGoodAt' | 'onProgress'
> & {
  /** Walks the source again, before another attempt; undefined if that did not work. */
  readonly readAgain: () => Promise<SourceSummary | undefined>;
};

/** How the attempts of a run ended. */
export interface AttemptsEnd {
  readonly result: AttemptResult;
  readonly id: SnapshotId;
  readonly made: number;
  readonly state: JobState;
  readonly warnings: readonly string[];
  /** Whether the last attempt compared with its bases by checksum. */
  readonly distrustBases: boolean;
}

/** Milliseconds between two notes of an attempt's progress. */
const NOTE_EVERY = 30_000;

/**
 * Makes attempts until one is sealed or another one would not help. Each has an id and a directory of its own; what a broken one left is
 * named as the second basis of the next: behind the gate, which goes on in it, under the next id.
 *
 * The state is written before an attempt begins: if we die during the attempt, its id is not used again and what it wrote is known.
 */
export async function makeAttempts(
  request: RunRequest,
  plan: AttemptPlan,
  initial: JobState,
  deps: RunDeps,
): Promise<AttemptsEnd> {
  const warnings = new Set<string>();
  let state = initial;
  let arrived = false;
  let crowded = 0;
  let { source } = plan;
  let { distrustBases } = plan;
  let written = Promise.resolve();
  const keep = (next: JobState): Promise<void> => {
    state = next;
    // One after the other: a note of progress must not overtake the state that follows it.
    written = written
      .then(() => saveJobState(request.settings.stateDirectory, request.job.name, request.target.name, next))
      .catch((error: unknown) => {
        // A full disk here must not stop the backup from leaving this host.
        warnings.add(
          `The state could not be written (${errorMessage(error)}): the next run may send more than necessary.`,
        );
      });
    return written;
  };
  for (let made = 1; ; made += 1) {
    const id = nextSnapshotId(deps.clock.now(), state.lastId ?? undefined);
    if (made > 1 && source.survey !== undefined) source = (await plan.readAgain()) ?? withoutList(source);
    const bases = basesOf(state);
    const basesGoodAt = goodAt(state);
    // What a broken attempt sent was never compared, and this one may link to it.
    const verifyMode = state.broken === null ? plan.verifyMode : 'full';
    deps.observe({ event: 'attempt-started', attempt: made, snapshot: id, bases, fuzzy: plan.transfer.fuzzy });
    const gate = plan.wire.secondary === 'gate';
    const { broken: before } = state;
    await keep({ ...state, lastId: id, broken: gate ? continued(before, id) : (before ?? { id, bytes: 0 }) });

    const noteProgress = progressNotes(deps, (bytes) => {
      if (bytes > (state.broken?.bytes ?? -1)) void keep({ ...state, broken: { ...state.broken, id, bytes } });
    });
    const { job } = request;
    const tree = { source: job.source, job: job.name, id, exclude: excludesOf(job, source.fileSystems) };
    const spec: AttemptSpec = {
      ...plan,
      source,
      verifyMode,
      distrustBases,
      tree,
      bases,
      continues: gate ? attemptsIn(before) : [],
      unchanged: gate ? 'compare' : crowded >= 2 ? 'copy' : 'link',
      basesGoodAt,
      onProgress: noteProgress,
    };
    const result = await attempt(spec, { ...deps, environment: sessionEnvironment() }).catch((error: unknown) =>
      thrownIn(error, id, state.broken, plan.signal),
    );
    if (result.kind === 'sealed') return { result, id, made, state, warnings: [...warnings], distrustBases };

    const { why, remains, lesson } = result;
    arrived ||= remains.kind !== 'nothing';
    // The links made so far use up that file's limit, so the next attempt begins a new copy, but of that file alone. The gate
    // itself copies there. On a plain secondary there may be thousands of them, and there are few attempts.
    if (lesson === 'crowded') crowded += 1;
    const wait = lesson === 'give-up' ? undefined : nextAttemptDelay(why.outcome, made, job.retry, deps.clock.random());
    const broken = gate ? brokenBehindGate(before, state.broken, id, remains) : brokenAfter(before, id, remains);
    // Ids that the secondary does not know may be used again. If the clock was in the future, such ids and all that follow them would be
    // refused until that time has come.
    await keep({ ...state, broken, lastId: wait === undefined && !arrived ? initial.lastId : state.lastId });
    const { outcome, reason } = why;
    deps.observe({ event: 'attempt-failed', attempt: made, outcome, reason, retryInMs: wait ?? null });
    if (lesson in BY_CHECKSUM && !distrustBases) {
      distrustBases = true;
      warnings.add(`${BY_CHECKSUM[lesson] ?? ''}: ${reason}`);
      // The note is for the next run, if this one ends here. This run knows it anyway.
      const { settings, target } = request;
      await noteDistrust(settings.stateDirectory, job.name, target.name, deps.clock.now()).catch((error: unknown) => {
        warnings.add(`The note about this could not be written: ${errorMessage(error)}`);
      });
    }
    if (wait === undefined) return { result, id, made, state, warnings: [...warnings], distrustBases };
    try {
      await deps.clock.sleep(wait, plan.signal);
    } catch {
      // The deadline or a signal came while waiting. The cause of the failed attempt says more than the interruption alone.
      const interruption = interruptionOf(plan.signal);
      const both = { ...interruption, reason: `${interruption.reason} (before that: ${reason})` };
      const ended: AttemptResult = { ...result, why: both };
      return { result: ended, id, made, state, warnings: [...warnings], distrustBases };
    }
  }
}

/** The lessons after which the next attempt compares by checksum, and what the run warns of. People see the first 300 characters of it. */
const BY_CHECKSUM: Readonly<Partial<Record<Lesson, string>>> = {
  'by-checksum': 'A program here sets times back after it has written, or the disk of the secondary is bad',
  'basis-differs':
    'On the secondary the last snapshot is not as it was, or the source has changed without a trace (a clock that was set back, a snapshot of a file system)',
};

/**
 * When everything that {@link basesOf} names was last known to be equal to the source. That is no later than the start of the run that
 * made the last sealed snapshot, and no later than the last time when everything was read.
 */
function goodAt({ sealed, broken, lastFullVerification, lastRead }: JobState): Date | undefined {
  if (sealed === null) return broken === null ? undefined : snapshotTime(broken.id);
  const started = new Date(sealed.started);
  const times = [lastFullVerification ?? [], lastRead ?? []].flat().map((time) => Date.parse(time));
  const read = times.length === 0 ? started : new Date(Math.max(...times));
  return read < started ? read : started;
}

/**
 * The end of an attempt in which an exception was thrown, for example because a disk here is full. What is known about the attempt is
 * kept: its id is used up, and what it has sent is a basis.
 */
function thrownIn(error: unknown, id: SnapshotId, noted: JobState['broken'], signal: AbortSignal): AttemptResult {
  const remains = { kind: 'basis', bytes: noted?.id === id ? noted.bytes : 0 } as const;
  return { kind: 'failed', why: unexpectedFailure(error, signal), remains, lesson: 'none' };
}

/** A survey whose list may no longer be right. */
function withoutList(source: SourceSummary): SourceSummary {
  return { ...source, survey: source.survey && { ...source.survey, list: undefined } };
}

function progressNotes(deps: RunDeps, note: (bytes: number) => void): (bytes: number) => void {
  let last = deps.clock.monotonic();
  return (bytes) => {
    const now = deps.clock.monotonic();
    if (now - last < NOTE_EVERY) return;
    last = now;
    note(bytes);
  };
}

/** Share of a delay that is random, so that many primaries do not come back at the same moment. */
const JITTER = 0.5;

/**
 * Decides whether to try again.
 * @param made attempts made so far, at least 1
 * @param random from 0 (inclusive) to 1 (exclusive)
 * @returns milliseconds to wait before the next attempt, or undefined: give up
 */
export function nextAttemptDelay(
  outcome: Outcome,
  made: number,
  retry: RetrySettings,
  random: number,
): number | undefined {
  if (!OUTCOMES[outcome].retried || made >= retry.attempts) return undefined;
  const full = Math.min(retry.maxDelayMs, retry.delayMs * 2 ** (made - 1));
  return Math.round(full * (1 - JITTER * random));
}
