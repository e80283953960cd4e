import type { StaleNote } from '../state/stale-note.ts';
import type { Standing } from './standing.ts';

/** Milliseconds after which people are reminded of a stale job: a day, minus the jitter of an hourly timer. */
const REMIND_AFTER = 23.5 * 3_600_000;

/**
 * What the freshness check does about one job: `tell` people (for the first time or again), do `nothing`, or `clear` an outdated note.
 */
export type StaleDecision =
  | { readonly kind: 'tell'; readonly note: StaleNote; readonly reminder: boolean }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'clear' };

/**
 * Decides whether people are told that a job is stale: once when it becomes stale, and again every day. A run that failed within that
 * day has already sent an alert, so the reminder is left out and nobody hears of one night twice.
 * @param note what earlier checks have left, if the job has been stale since then
 */
export function decideStaleAlert(standing: Standing, note: StaleNote | undefined, now: Date): StaleDecision {
  if (!standing.stale) return note ? { kind: 'clear' } : { kind: 'nothing' };
  if (note?.lastTold === null || note === undefined) {
    const fresh: StaleNote = note ?? { version: 1, since: now.toISOString(), lastTold: null, told: 0 };
    return { kind: 'tell', note: fresh, reminder: false };
  }
  const heard = [note.lastTold, ...(standing.lastFailure ? [standing.lastFailure.finished] : [])];
  // A time in the future comes from a clock that was set back. It must not silence the alert.
  const recent = heard.some((time) => isWithin(REMIND_AFTER, new Date(time), now));
  return recent ? { kind: 'nothing' } : { kind: 'tell', note, reminder: true };
}

function isWithin(span: number, time: Date, now: Date): boolean {
  const age = now.getTime() - time.getTime();
  return age >= 0 && age < span;
}
