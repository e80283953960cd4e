import type { Clock } from '../../platform/clock.ts';
import type { Criterion } from './selftest-report.ts';

/** A criterion that is being tried. */
interface Observing {
  end(observed: readonly string[], wrong: readonly string[]): Criterion;
}

/** Begins with a criterion. */
export function observing(name: Criterion['name'], clock: Clock): Observing {
  const begun = clock.now().toISOString();
  const from = clock.monotonic();
  return {
    end: (observed, wrong) => {
      const durationMs = Math.round(clock.monotonic() - from);
      return { name, holds: wrong.length === 0, begun, durationMs, observed, wrong };
    },
  };
}

/** A criterion for which something before it is missing. */
export function untried(name: Criterion['name']): Criterion {
  const wrong = ['It was not tried, because one before it does not hold.'];
  return { name, holds: false, begun: null, durationMs: 0, observed: [], wrong };
}
