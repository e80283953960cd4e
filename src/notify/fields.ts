import { exitCodeOf } from '../shared/outcome.ts';
import { adviceOf, type ProblemFacts, type RunFacts } from './facts.ts';
import { clip, oneLine, plainText } from './text.ts';

/** The facts under fixed names, for programs. Times are ISO 8601 in UTC; what is unknown is left out. */
export type AlertFields = Readonly<Record<string, string | number | readonly string[]>>;

/** Longest reason, in characters; the journal has all of it. */
export const LONGEST_REASON = 1500;
/** Longest warning, in characters. */
export const LONGEST_WARNING = 300;
/** Warnings that one message shows. */
export const MOST_WARNINGS = 10;

/** Puts the facts into {@link AlertFields}. */
export function fieldsOf(facts: RunFacts | ProblemFacts): AlertFields {
  const run = facts.kind === 'run' ? facts : undefined;
  const ended = run !== undefined && run.event !== 'start' ? run : undefined;
  const advice = clip(plainText(adviceOf(facts)).trim(), LONGEST_REASON);
  const fields: Record<string, string | number | readonly string[] | undefined> = {
    time: facts.at.toISOString(),
    host: oneLine(facts.host),
    job: facts.job === undefined ? undefined : oneLine(facts.job),
    target: facts.target === undefined ? undefined : oneLine(facts.target),
    problem: facts.kind === 'problem' ? oneLine(facts.problem, LONGEST_REASON) : undefined,
    problem_key: facts.kind === 'problem' ? facts.key : undefined,
    outcome: ended?.outcome,
    exit_code: ended && exitCodeOf(ended.outcome, ended.signal),
    reason: facts.reason === undefined ? undefined : clip(plainText(facts.reason), LONGEST_REASON),
    advice: advice === '' ? undefined : advice,
    not_protected_since: facts.notProtectedSince?.toISOString(),
    last_sealed: facts.lastSealed,
    failures: facts.failures,
    failing_since: facts.failingSince?.toISOString(),
    duration_seconds: run?.durationMs === undefined ? undefined : run.durationMs / 1000,
    files: run?.numbers?.files,
    bytes: run?.numbers?.bytes,
    sent_bytes: run?.numbers?.sentBytes,
    run_id: facts.runId === undefined ? undefined : oneLine(facts.runId),
    warnings: facts.warnings?.slice(0, MOST_WARNINGS).map((warning) => oneLine(warning, LONGEST_WARNING)),
  };
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string | number | readonly string[]] => {
      return entry[1] !== undefined;
    }),
  );
}
