import { formatSize } from '../../shared/units.ts';
import type { Day } from './days.ts';
import { chart, emptyChart, HEIGHT, lineChart, round, WIDTH } from '../../shared/page/chart.ts';
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

/** The traffic, one bar per day. */
export function trafficChart(days: readonly Day[]): Markup {
  const values = days.map(({ sentBytes }) => sentBytes).filter((value) => value > 0);
  const greatest = Math.max(0, ...values);
  if (greatest === 0) return emptyChart('Traffic', 'nothing was sent in these days');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? greatest;
  const logarithmic = greatest / middle > LOGARITHMIC_FROM;
  const floor = logarithmic ? Math.max(1, (sorted[0] ?? 1) / 4) : 0;
  const share = (value: number) =>
    logarithmic ? Math.log(value / floor) / Math.log(greatest / floor) : value / greatest;
  const half = logarithmic ? Math.sqrt(floor * greatest) : greatest / 2;
  const height = (value: number) => (value <= floor ? 0 : share(value) * (HEIGHT / 1.08));
  const step = WIDTH / days.length;
  const bars = days.map(({ date, sentBytes }, index) => {
    if (sentBytes === 0) return undefined;
    const tall = Math.max(1.5, height(sentBytes));
    return markup`<rect class="bar" x="${round(index * step + step * 0.14)}" y="${round(HEIGHT - tall)}" width="${round(step * 0.72)}" height="${round(tall)}"><title>${date}: ${formatSize(sentBytes)} sent</title></rect>`;
  });
  const total = values.reduce((sum, value) => sum + value, 0);
  return chart({
    title: logarithmic ? 'Traffic a day (logarithmic)' : 'Traffic a day',
    note: `${formatSize(total)} in all`,
    description: `${formatSize(total)} in all, at most ${formatSize(greatest)} on one day`,
    labels: [formatSize(greatest), formatSize(Math.round(half)), logarithmic ? formatSize(Math.round(floor)) : '0'],
    levels: [round(HEIGHT - height(greatest)), round(HEIGHT - height(half))],
    days,
    shapes: bars,
  });
}
