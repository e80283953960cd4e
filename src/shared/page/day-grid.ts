import { markup, type Markup } from './markup.ts';

/** Width and height of the cell of a day. */
export const CELL = 22;

const STEP = 27;
const LEFT = 40;
const TOP = 22;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A day of a calendar. */
export interface GridDay<State extends string> {
  /** `2026-11-23` */
  readonly date: string;
  readonly state: State;
  /** What is said about it, after its date. */
  readonly title: string;
}

/** Draws the cell of a day with its upper left corner at a point. Shapes differ, and not only colours. */
export type DrawDay<State extends string> = (state: State, x: number, y: number) => Markup;

/** The days as weeks: one column per week, Monday at the top. Every day has its own title. */
export function dayGrid<State extends string>(
  days: readonly GridDay<State>[],
  label: string,
  draw: DrawDay<State>,
): Markup {
  const shift = days[0] ? weekdayOf(days[0].date) : 0;
  const weeks = Math.ceil((shift + days.length) / 7);
  const width = LEFT + weeks * STEP - (STEP - CELL);
  const height = TOP + 7 * STEP - (STEP - CELL);
  const cells = days.map(({ date, state, title }, index) => {
    const place = shift + index;
    const shape = draw(state, LEFT + Math.floor(place / 7) * STEP, TOP + (place % 7) * STEP);
    const said = `${WEEKDAYS[weekdayOf(date)] ?? ''} ${date}: ${title}`;
    return markup`<g class="day" data-state="${state}"><title>${said}</title>${shape}</g>
`;
  });
  const rows = [0, 2, 4, 6].map(
    (row) => markup`<text x="0" y="${TOP + row * STEP + 16}" class="axis">${WEEKDAYS[row]}</text>`,
  );
  return markup`<svg class="calendar" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">
${monthLabels(days, shift, weeks)}${rows}
${cells}
</svg>`;
}

/** One cell as shown in the legend. */
export function sampleCell<State extends string>(state: State, draw: DrawDay<State>): Markup {
  return markup`<svg class="sample" viewBox="0 0 ${CELL} ${CELL}" width="${CELL}" height="${CELL}" aria-hidden="true">${draw(state, 0, 0)}</svg>`;
}

/** The box of a cell. @param name its class, besides that of all cells */
export function cellBox(name: string, x: number, y: number, inset = 0): Markup {
  return markup`<rect class="cell ${name}" x="${x + inset}" y="${y + inset}" width="${CELL - 2 * inset}" height="${CELL - 2 * inset}" rx="5"/>`;
}

/** `count` dates, the last of which is `last`. Changes of clocks do not affect dates. */
export function lastDates(last: string, count: number): string[] {
  const end = new Date(`${last}T00:00:00Z`).getTime();
  return Array.from({ length: count }, (_, index) =>
    new Date(end - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10),
  );
}

/** A month's name over the week in which it begins, if there is room before the next. */
function monthLabels(days: readonly { readonly date: string }[], shift: number, weeks: number): Markup[] {
  const labels: Markup[] = [];
  let free = 0;
  days.forEach(({ date }, index) => {
    const week = Math.floor((shift + index) / 7);
    if (!date.endsWith('-01') && index > 0) return;
    // The first month may have begun before the window: it is named only if the next one leaves room.
    if (index === 0 && Number(date.slice(8)) > 20) return;
    if (week < free || week > weeks - 1) return;
    free = week + 2;
    const month = MONTHS[Number(date.slice(5, 7)) - 1] ?? '';
    labels.push(markup`<text x="${LEFT + week * STEP}" y="12" class="axis">${month}</text>`);
  });
  return labels;
}

/** 0 for Monday. */
function weekdayOf(date: string): number {
  return (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
}
