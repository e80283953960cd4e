const MINUTE = 60_000;

/** A moment at which the clocks of a zone are changed. */
export interface ClockChange {
  readonly timezone: string;
  /** The first instant of the new offset, to the minute. */
  readonly at: number;
  /** Minutes ahead of UTC. */
  readonly before: number;
  readonly after: number;
}

/**
 * Every change of a zone's clocks in a span of time, as JavaScript's own local time has it: that takes a twentieth of asking Intl.
 * @param step milliseconds between two samples; two changes that undo each other within a step are not seen
 */
export function clockChanges(timezone: string, from: Date, to: Date, step: number): ClockChange[] {
  const own = process.env.TZ;
  process.env.TZ = timezone;
  try {
    return changesOfLocalTime(timezone, from, to, step);
  } finally {
    if (own === undefined) delete process.env.TZ;
    else process.env.TZ = own;
  }
}

function changesOfLocalTime(timezone: string, from: Date, to: Date, step: number): ClockChange[] {
  const offsetAt = (ms: number) => -new Date(ms).getTimezoneOffset();
  const changes: ClockChange[] = [];
  let before = offsetAt(from.getTime());
  for (let ms = from.getTime(); ms < to.getTime(); ms += step) {
    const after = offsetAt(ms + step);
    if (after === before) continue;
    let [low, high] = [ms, ms + step];
    while (high - low > MINUTE) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
      if (offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    const found = offsetAt(high);
    changes.push({ timezone, at: high, before, after: found });
    before = after;
  }
  return changes;
}
