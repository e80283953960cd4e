import type { Outcome } from '../../shared/outcome.ts';
import type { RunRecord } from '../../state/run-record.ts';

/** The same failure, once or several times in a row. */
export interface Failure {
  /** When the first and the last of them ended. */
  readonly from: string;
  readonly at: string;
  readonly count: number;
  readonly outcome: Outcome;
  /** Of the last. */
  readonly reason: string;
}

/** Number of failures that are listed for each job. */
const LISTED = 5;

/** Keeps the newest failures of a job; the runs come in their order. */
export class Failures {
  readonly #kept: Failure[] = [];
  #inRow = false;

  /** A run has failed. */
  add({ finished: at, outcome, reason }: Pick<RunRecord, 'finished' | 'outcome' | 'reason'>): void {
    const last = this.#inRow ? this.#kept.at(-1) : undefined;
    this.#inRow = true;
    if (last?.outcome === outcome && gist(last.reason) === gist(reason)) {
      this.#kept[this.#kept.length - 1] = { ...last, at, count: last.count + 1, reason };
      return;
    }
    this.#kept.push({ from: at, at, count: 1, outcome, reason });
    if (this.#kept.length > LISTED) this.#kept.shift();
  }

  /** A run has succeeded: what fails from now on is another row. */
  end(): void {
    this.#inRow = false;
  }

  /** Newest first. */
  list(): Failure[] {
    return [...this.#kept].reverse();
  }
}

/** The first line without its numbers: how long something took, or how much was sent, is not another failure. */
function gist(reason: string): string {
  return (reason.trim().split('\n', 1)[0] ?? '').replace(/\d+/g, '0');
}
