import { formatDuration, formatSize } from '../../shared/units.ts';
import type { Day } from './days.ts';
import {
  beyondText,
  chart,
  cutMark,
  emptyChart,
  HEIGHT,
  lineChart,
  round,
  scaleFor,
  WIDTH,
} from '../../shared/page/chart.ts';
import { markup, type Markup } from '../../shared/page/markup.ts';

/** From this ratio of the largest to the median value on, a linear scale would hide all values but the largest. */
const LOGARITHMIC_FROM = 12;

/** The size of the snapshots, as a line over an area that starts at zero. */
export function sizeChart(days: readonly Day[]): Markup {
  const known = days.map(({ date, sizeBytes }) => ({ date, value: sizeBytes }));
  const isEmpty = !known.some(({ value }) => (value ?? 0) > 0);
  return lineChart({
    title: isEmpty ? 'Size' : 'Size of a snapshot',
    ...{ nothing: 'no snapshot in these days', days: known, format: formatSize },
  });
}

/** How long the runs took. */
export function durationChart(days: readonly Day[]): Markup {
  const known = days.map(({ date, durationMs }) => ({ date, value: durationMs }));
  const sorted = known.flatMap(({ value }) => value ?? []).sort((a, b) => a - b);
  const [last, middle] = [known.findLast(({ value }) => value !== undefined)?.value, sorted[sorted.length >> 1]];
  return lineChart({
    title: sorted.length === 0 ? 'Duration' : 'Duration of a run',
    ...{ nothing: 'no snapshot in these days', days: known, format: formatDuration },
    note:
      last === undefined || middle === undefined
        ? ''
        : `now ${formatDuration(last)}, usually ${formatDuration(middle)}`,
  });
}

/** The traffic, one bar per day. */
export function trafficChart(days: readonly Day[]): Markup {
  const points = days.flatMap(({ date, sentBytes }, index) =>
    sentBytes > 0 ? [{ date, index, value: sentBytes }] : [],
  );
  if (points.length === 0) return emptyChart('Traffic', 'nothing was sent in these days');
  const scale = scaleFor(points);
  const sorted = points.map(({ value }) => value).sort((a, b) => a - b);
  const middle = sorted[sorted.length >> 1] ?? scale.top;
  const logarithmic = scale.top / middle > LOGARITHMIC_FROM;
  const floor = logarithmic ? Math.max(1, (sorted[0] ?? 1) / 4) : 0;
  const share = (value: number) =>
    logarithmic ? Math.log(value / floor) / Math.log(scale.top / floor) : value / scale.top;
  const half = logarithmic ? Math.sqrt(floor * scale.top) : scale.top / 2;
  const height = (value: number) => (value <= floor ? 0 : Math.min(HEIGHT, share(value) * (HEIGHT / 1.08)));
  const step = WIDTH / days.length;
  const bars = points.map(({ date, index, value }) => {
    const [left, wide, isCut] = [index * step + step * 0.14, step * 0.72, value > scale.top];
    const tall = isCut ? HEIGHT : Math.max(1.5, height(value));
    return markup`<rect class="bar" x="${round(left)}" y="${round(HEIGHT - tall)}" width="${round(wide)}" height="${round(tall)}"><title>${date}: ${formatSize(value)} sent</title></rect>${isCut ? cutMark(left, wide) : undefined}`;
  });
  const total = formatSize(points.reduce((sum, { value }) => sum + value, 0));
  return chart({
    title: logarithmic ? 'Traffic a day (logarithmic)' : 'Traffic a day',
    note: `${total} in all${beyondText(scale, formatSize)}`,
    description: `${total} in all, at most ${formatSize(Math.max(...sorted))} on one day`,
    labels: [formatSize(scale.top), formatSize(Math.round(half)), logarithmic ? formatSize(Math.round(floor)) : '0'],
    levels: [round(HEIGHT - height(scale.top)), round(HEIGHT - height(half))],
    days,
    shapes: bars,
  });
}
