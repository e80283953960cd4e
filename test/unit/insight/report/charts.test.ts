import { describe, expect, it } from 'vitest';
import { durationChart, sizeChart, trafficChart } from '../../../../src/insight/report/charts.ts';
import type { Day } from '../../../../src/insight/report/days.ts';
import { scaleFor } from '../../../../src/shared/page/chart.ts';
import type { Markup } from '../../../../src/shared/page/markup.ts';

const MIB = 1024 ** 2;

/** Thirty days; `values` by day, 100 where none is given. */
function days(values: Readonly<Record<number, number>> = {}): Day[] {
  return Array.from({ length: 30 }, (_, day) => {
    const value = (values[day] ?? 100) * MIB;
    const date = `2026-11-${String(day + 1).padStart(2, '0')}`;
    return { date, state: 'sealed', sealed: 1, failed: 0, sentBytes: value, sizeBytes: value, durationMs: value / MIB };
  });
}

const heights = ({ text }: Markup) =>
  [...text.matchAll(/class="bar"[^>]* height="([\d.]+)"/g)].map(([, tall]) => Number(tall));
const lineOf = ({ text }: Markup) =>
  [...(/class="line" d="([^"]+)"/.exec(text)?.[1] ?? '').matchAll(/ ([\d.]+)/g)].map(([, y]) => Number(y));
const cuts = ({ text }: Markup) => text.split('class="cut"').length - 1;

describe('an outlier', () => {
  it('is cut off, and leaves the other bars as tall as they were', () => {
    const usual = trafficChart(days({ 3: 50 }));
    const chart = trafficChart(days({ 3: 50, 10: 500_000 }));
    expect(heights(chart).filter((_, day) => day !== 10)).toEqual(heights(usual).filter((_, day) => day !== 10));
    expect(heights(chart)[10]).toBe(100);
    expect([cuts(usual), cuts(chart)]).toEqual([0, 1]);
    expect(chart.text).toContain('; cut off: 488 GiB on 2026-11-11');
    expect(chart.text).toContain('2026-11-11: 488 GiB sent');
    expect(chart.text).not.toContain('logarithmic');
  });

  it('is cut off in a line too', () => {
    const [usual, chart] = [sizeChart(days({ 3: 50 })), sizeChart(days({ 3: 50, 10: 5000, 11: 6000 }))];
    expect(lineOf(chart).filter((_, day) => day !== 10 && day !== 11)).toEqual(
      lineOf(usual).filter((_, day) => day !== 10 && day !== 11),
    );
    expect(lineOf(chart)[10]).toBe(0);
    expect(chart.text).toContain('cut off: 5.86 GiB on 2026-11-12 and 1 more');
    expect(cuts(chart)).toBe(2);
  });

  it('is told from what comes each week, which is shown on a scale for both', () => {
    const weekly = trafficChart(days({ 0: 9000, 7: 9000, 14: 9000, 21: 9000, 28: 9000 }));
    expect(cuts(weekly)).toBe(0);
    expect(weekly.text).toContain('logarithmic');
    expect(Math.min(...heights(weekly))).toBeGreaterThan(10);
  });

  it('is not told from few values', () => {
    const points = [1, 1, 1, 90].map((value) => ({ value }));
    expect(scaleFor(points)).toEqual({ top: 90, beyond: [] });
    expect(scaleFor([...points, { value: 1 }])).toEqual({ top: 1, beyond: [{ value: 90 }] });
    expect(scaleFor([])).toEqual({ top: 0, beyond: [] });
  });
});

it('shows how long runs take, and what is usual', () => {
  const chart = durationChart(days({ 29: 200 }));
  expect(chart.text).toContain('now 200 ms, usually 100 ms');
});
