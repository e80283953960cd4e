import { cronProblem, nextDue } from '../../shared/schedule.ts';
import { isTimezone } from '../../shared/time-zone.ts';
import type { RecordedExpectation, RunRecord } from '../../state/run-record.ts';

/** From when on snapshots were due as it says; undefined: none was. */
interface Span {
  readonly from: number;
  readonly expect: RecordedExpectation | undefined;
}

/**
 * When snapshots of a job were due in the past: as each run has recorded it, so that a change of `expect` does not repaint
 * what was before. What is older than the first such record is judged by that, and without any, by the settings of now.
 */
export class Expectations {
  readonly #now: RecordedExpectation | undefined;
  readonly #spans: Span[] = [];

  /** @param now the settings of now */
  constructor(now: RecordedExpectation | undefined) {
    this.#now = now;
  }

  /** To be called with each run, in their order. */
  add({ started, expect }: Pick<RunRecord, 'started' | 'expect'>): void {
    if (expect === undefined) return;
    const before = this.#spans.at(-1);
    if (before !== undefined && isSame(before.expect, expect ?? undefined)) return;
    if (expect !== null && !isUsable(expect)) return;
    this.#spans.push({ from: before === undefined ? -Infinity : Date.parse(started), expect: expect ?? undefined });
  }

  /** When a snapshot was due that came too late, if the one before was begun at `since` and this one was there at `until`. */
  missedDue(since: Date, until: Date): Date | undefined {
    const spans = this.#spans.length > 0 ? this.#spans : [{ from: -Infinity, expect: this.#now }];
    for (const [index, { from, expect }] of spans.entries()) {
      const end = spans[index + 1]?.from ?? Infinity;
      if (expect === undefined || end <= since.getTime()) continue;
      const due = nextDue(expect, new Date(Math.max(since.getTime(), from)));
      if (due.getTime() < end) return isLate(due, expect, until) ? due : undefined;
    }
    return undefined;
  }

  /** The same for a snapshot that has not come yet: also by the settings of now, of which no run may know. */
  missedUntilNow(since: Date, now: Date): Date | undefined {
    const expect = this.#now;
    return expect !== undefined && isLate(nextDue(expect, since), expect, now) ? this.missedDue(since, now) : undefined;
  }
}

/** A line of the history may be damaged, or name a zone that is no longer known here. */
function isUsable({ schedule, timezone }: RecordedExpectation): boolean {
  return isTimezone(timezone) && cronProblem(schedule) === undefined;
}

function isLate(due: Date, { graceMs }: RecordedExpectation, until: Date): boolean {
  return until.getTime() > due.getTime() + graceMs;
}

function isSame(one: RecordedExpectation | undefined, other: RecordedExpectation | undefined): boolean {
  return one?.schedule === other?.schedule && one?.timezone === other?.timezone && one?.graceMs === other?.graceMs;
}
