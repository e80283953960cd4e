import { formatSize } from '../../shared/units.ts';
import type { Day } from './days.ts';
import { markup, type Content, type Markup } from './markup.ts';

/** The charts' internal size. They are stretched to the available width, so labels are beside them and not in them. */
const WIDTH = 1000;
const HEIGHT = 100;

/** From this ratio of the largest to the median value on, a linear scale would hide all values but the largest. */
const LOGARITHMIC_FROM = 12;

/** The size of the snapshots, as a line over an area that starts at zero. */
export function sizeChart(days: readonly Day[]): Markup {
  const known = days.flatMap(({ date, sizeBytes }, index) =>
    sizeBytes === undefined ? [] : [{ index, date, value: sizeBytes }],
  );
  const greatest = Math.max(0, ...known.map(({ value }) => value));
  if (known.length === 0 || greatest === 0) return empty('Size', 'no snapshot in these days');
  const top = greatest * 1.08;
  const x = (index: number) => round(((index + 0.5) / days.length) * WIDTH);
  const y = (value: number) => round(HEIGHT - (value / top) * HEIGHT);
  const points = known.map(({ index, value }) => `${x(index)} ${y(value)}`);
  const [first, last] = [known[0], known.at(-1)];
  const line = points.length === 1 ? `M${x(first?.index ?? 0) - 4} ${y(greatest)}h8` : `M${points.join('L')}`;
  const area = `M${x(first?.index ?? 0)} ${HEIGHT}L${points.join('L')}L${x(last?.index ?? 0)} ${HEIGHT}Z`;
  const hits = known.map(
    ({ index, date, value }) =>
      markup`<rect class="hit" x="${round((index / days.length) * WIDTH)}" y="0" width="${round(WIDTH / days.length)}" height="${HEIGHT}"><title>${date}: ${formatSize(value)}</title></rect>`,
  );
  return chart({
    title: 'Size of a snapshot',
    note: `now ${formatSize(last?.value ?? 0)}`,
    description: `from ${formatSize(first?.value ?? 0)} to ${formatSize(last?.value ?? 0)}, at most ${formatSize(greatest)}`,
    labels: [formatSize(greatest), formatSize(greatest / 2), '0'],
    levels: [y(greatest), y(greatest / 2)],
    days,
    shapes: [markup`<path class="area" d="${area}"/><path class="line" d="${line}"/>`, hits],
  });
}

/** The traffic, one bar per day. */
export function trafficChart(days: readonly Day[]): Markup {
  const values = days.map(({ sentBytes }) => sentBytes).filter((value) => value > 0);
  const greatest = Math.max(0, ...values);
  if (greatest === 0) return empty('Traffic', 'nothing was sent in these days');
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

interface Chart {
  readonly title: string;
  readonly note: string;
  readonly description: string;
  /** Top, middle and bottom of the scale. */
  readonly labels: readonly [string, string, string];
  /** Heights of the lines for the first two labels. */
  readonly levels: readonly [number, number];
  readonly days: readonly Day[];
  readonly shapes: Content;
}

function chart({ title, note, description, labels, levels, days, shapes }: Chart): Markup {
  const [top, middle, bottom] = labels;
  const lines = levels.map((y) => markup`<path class="level" d="M0 ${y}H${WIDTH}"/>`);
  return markup`<figure class="chart">
<figcaption>${title} <span class="note">${note}</span></figcaption>
<div class="plot">
<div class="scale" aria-hidden="true"><span style="top:${levels[0]}%">${top}</span><span style="top:${levels[1]}%">${middle}</span><span style="top:100%">${bottom}</span></div>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}: ${description}">${lines}${shapes}<path class="ground" d="M0 ${HEIGHT}H${WIDTH}"/></svg>
</div>
<div class="dates" aria-hidden="true"><span>${days[0]?.date}</span><span>${days.at(-1)?.date}</span></div>
</figure>`;
}

function empty(title: string, text: string): Markup {
  return markup`<figure class="chart"><figcaption>${title}</figcaption><p class="nothing">${text}</p></figure>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
