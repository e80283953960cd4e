import type { AlertEvent } from './events.ts';
import { OUTCOMES, type Outcome } from '../shared/outcome.ts';
import type { SnapshotId } from '../shared/snapshot-id.ts';

/** What every alert can say, whatever it is about. */
interface Occasion {
  /** When it happened. */
  readonly at: Date;
  /** What the reporting host is called; a label, never an endpoint. */
  readonly host: string;
  readonly runId?: string | undefined;
  /** Since when new data has not been secured; undefined when it is, or when nothing ever was. */
  readonly notProtectedSince?: Date | undefined;
  /** The newest snapshot that is complete and verified; undefined when there is none. */
  readonly lastSealed?: SnapshotId | undefined;
  /** Neither of these two is known, because the state cannot be read. */
  readonly protectionUnknown?: boolean | undefined;
  /** The first of the failures in a row. */
  readonly failingSince?: Date | undefined;
  /** Why, in as many lines as it takes. */
  readonly reason?: string | undefined;
  readonly warnings?: readonly string[] | undefined;
}

/** Sizes of one run; what is unknown is left out. */
export interface AlertNumbers {
  readonly files?: number | undefined;
  readonly bytes?: number | undefined;
  /** Bytes that went over the line. */
  readonly sentBytes?: number | undefined;
}

/** One run of one job to one target. */
export interface RunFacts extends Occasion {
  readonly kind: 'run';
  readonly event: AlertEvent;
  readonly job: string;
  readonly target: string;
  /** How it ended; ignored for `start`. */
  readonly outcome: Outcome;
  /** The signal that ended it, for `interrupted`. */
  readonly signal?: NodeJS.Signals | undefined;
  /** Failures in a row: up to and including this one for a failure, before this run for a recovery, otherwise 0. */
  readonly failures: number;
  readonly durationMs?: number | undefined;
  readonly numbers?: AlertNumbers | undefined;
  /** Default: the advice of the outcome. */
  readonly advice?: string | undefined;
}

/** Anything else that a person must know: a prune on hold, a quarantined snapshot, a stale job, a clock that is wrong. */
export interface ProblemFacts extends Occasion {
  readonly kind: 'problem';
  readonly event: AlertEvent;
  /** What is the matter, as a short phrase that names its subject: `prune of db1/postgres is on hold`. */
  readonly problem: string;
  /** What identifies the problem over time; the alert that it is over has the same. */
  readonly key?: string | undefined;
  readonly advice: string;
  readonly job?: string | undefined;
  readonly target?: string | undefined;
  readonly failures?: number | undefined;
}

/** A test of the channels. */
export interface TestFacts {
  readonly kind: 'test';
  readonly at: Date;
  readonly host: string;
}

/** What an alert is about, not yet put into words. */
export type AlertFacts = RunFacts | ProblemFacts | TestFacts;

/** What to do: the facts' own advice, or that of the outcome; empty when there is nothing to do. */
export function adviceOf(facts: RunFacts | ProblemFacts): string {
  if (facts.kind === 'problem' || facts.advice !== undefined) return facts.advice ?? '';
  return facts.outcome === 'done' ? '' : OUTCOMES[facts.outcome].advice;
}
