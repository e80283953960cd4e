import { markup, type Content, type Markup } from './markup.ts';

/** The charts' internal size. They are stretched to the available width, so labels are beside them and not in them. */
export const WIDTH = 1000;
export const HEIGHT = 100;

/** A chart over some days. */
export interface Chart {
  readonly title: string;
  readonly note: string;
  readonly description: string;
  /** Top, middle and bottom of the scale. */
  readonly labels: readonly [string, string, string];
  /** Heights of the lines for the first two labels. */
  readonly levels: readonly [number, number];
  readonly days: readonly { readonly date: string }[];
  readonly shapes: Content;
}

/** The top of a scale, and the values beyond it. */
export interface Scale<Point> {
  readonly top: number;
  readonly beyond: readonly Point[];
}

/** Fewer values than this are all shown: what is usual cannot be told from them. */
const FEWEST = 5;

/** How many times what nine of ten values reach a value may be before it is cut off. */
const OUTLIER = 3;

/** A scale for the usual values: a few that are far beyond would flatten all others, so they are cut off. */
export function scaleFor<Point extends { readonly value: number }>(points: readonly Point[]): Scale<Point> {
  const sorted = points.map(({ value }) => value).sort((a, b) => a - b);
  const usual = sorted[Math.floor((sorted.length - 1) * 0.9)] ?? 0;
  const limit = sorted.length < FEWEST || usual <= 0 ? Infinity : OUTLIER * usual;
  const within = sorted.filter((value) => value <= limit);
  return { top: within.at(-1) ?? 0, beyond: points.filter(({ value }) => value > limit) };
}

/** What is said of the values that are cut off; empty if none is. */
export function beyondText(
  { beyond }: Scale<{ readonly date: string; readonly value: number }>,
  format: (value: number) => string,
): string {
  const [first, ...others] = [...beyond].sort((a, b) => b.value - a.value);
  if (first === undefined) return '';
  return `; cut off: ${format(first.value)} on ${first.date}${others.length === 0 ? '' : ` and ${others.length} more`}`;
}

/** The mark of a value that is cut off, between two places. */
export function cutMark(x: number, width: number): Markup {
  return markup`<rect class="cut" x="${round(x)}" y="6" width="${round(width)}" height="5"/>`;
}

/** A chart with its frame. */
export function chart({ title, note, description, labels, levels, days, shapes }: Chart): Markup {
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

/** What stands where a chart would, if there is nothing to draw. */
export function emptyChart(title: string, text: string): Markup {
  return markup`<figure class="chart"><figcaption>${title}</figcaption><p class="nothing">${text}</p></figure>`;
}

/** One value for each day that has one, as a line over an area that starts at zero. */
export interface LineChart {
  readonly title: string;
  /** What is said when there is nothing to draw. */
  readonly nothing: string;
  readonly days: readonly { readonly date: string; readonly value: number | undefined }[];
  /** A value in words. */
  readonly format: (value: number) => string;
  /** Beside the title; default: the last value. */
  readonly note?: string;
}

export function lineChart({ title, nothing, days, format, note }: LineChart): Markup {
  const known = days.flatMap(({ date, value }, index) => (value === undefined ? [] : [{ index, date, value }]));
  const greatest = Math.max(0, ...known.map(({ value }) => value));
  const scale = scaleFor(known);
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last || greatest === 0) return emptyChart(title, nothing);
  const top = scale.top * 1.08;
  const step = WIDTH / days.length;
  const x = (index: number) => round(((index + 0.5) / days.length) * WIDTH);
  const y = (value: number) => round(HEIGHT - (Math.min(value, top) / top) * HEIGHT);
  const points = known.map(({ index, value }) => `${x(index)} ${y(value)}`);
  const line = points.length === 1 ? `M${x(first.index) - 4} ${y(greatest)}h8` : `M${points.join('L')}`;
  const area = `M${x(first.index)} ${HEIGHT}L${points.join('L')}L${x(last.index)} ${HEIGHT}Z`;
  const hits = known.map(
    ({ index, date, value }) =>
      markup`<rect class="hit" x="${round(index * step)}" y="0" width="${round(step)}" height="${HEIGHT}"><title>${date}: ${format(value)}</title></rect>`,
  );
  return chart({
    title,
    note: `${note ?? `now ${format(last.value)}`}${beyondText(scale, format)}`,
    description: `from ${format(first.value)} to ${format(last.value)}, at most ${format(greatest)}`,
    labels: [format(scale.top), format(scale.top / 2), '0'],
    levels: [y(scale.top), y(scale.top / 2)],
    days,
    shapes: [
      markup`<path class="area" d="${area}"/><path class="line" d="${line}"/>`,
      scale.beyond.map(({ index }) => cutMark(index * step, step)),
      hits,
    ],
  });
}

/** A place in a drawing, to a tenth. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
