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
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last || greatest === 0) return emptyChart(title, nothing);
  const top = greatest * 1.08;
  const x = (index: number) => round(((index + 0.5) / days.length) * WIDTH);
  const y = (value: number) => round(HEIGHT - (value / top) * HEIGHT);
  const points = known.map(({ index, value }) => `${x(index)} ${y(value)}`);
  const line = points.length === 1 ? `M${x(first.index) - 4} ${y(greatest)}h8` : `M${points.join('L')}`;
  const area = `M${x(first.index)} ${HEIGHT}L${points.join('L')}L${x(last.index)} ${HEIGHT}Z`;
  const hits = known.map(
    ({ index, date, value }) =>
      markup`<rect class="hit" x="${round((index / days.length) * WIDTH)}" y="0" width="${round(WIDTH / days.length)}" height="${HEIGHT}"><title>${date}: ${format(value)}</title></rect>`,
  );
  return chart({
    title,
    note: note ?? `now ${format(last.value)}`,
    description: `from ${format(first.value)} to ${format(last.value)}, at most ${format(greatest)}`,
    labels: [format(greatest), format(greatest / 2), '0'],
    levels: [y(greatest), y(greatest / 2)],
    days,
    shapes: [markup`<path class="area" d="${area}"/><path class="line" d="${line}"/>`, hits],
  });
}

/** A place in a drawing, to a tenth. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
