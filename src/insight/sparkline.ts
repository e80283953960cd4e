const BARS = '▁▂▃▄▅▆▇█';

/** Stands for a run that has no value. */
export const GAP = '×';

/**
 * Values as a line of small bars: the smallest value has the lowest bar, the largest the highest. If all are equal, the bars are of medium
 * height.
 * @param values oldest first; undefined becomes {@link GAP}
 */
export function sparkline(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  const least = known.reduce((a, b) => Math.min(a, b), Infinity);
  const greatest = known.reduce((a, b) => Math.max(a, b), -Infinity);
  return values
    .map((value) => {
      if (value === undefined) return GAP;
      const share = greatest > least ? (value - least) / (greatest - least) : 0.5;
      return BARS[Math.round(share * (BARS.length - 1))] ?? '';
    })
    .join('');
}
