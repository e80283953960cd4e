import { formatCount, formatSize } from '../../shared/units.ts';
import type { Day, DayState } from './days.ts';
import { markup, type Markup } from './markup.ts';

const CELL = 22;
const STEP = 27;
const LEFT = 40;
const TOP = 22;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The name of each state in legend and titles. */
export const DAY_WORDS: Readonly<Record<DayState, string>> = {
  sealed: 'sealed',
  late: 'sealed, but late or after a failure',
  failed: 'failed',
  missing: 'missing: due, and nothing came',
  none: 'nothing due',
};

/** The days as weeks: one column per week, Monday at the top. Every day has its own title. */
export function calendar(days: readonly Day[], label: string): Markup {
  const shift = days[0] ? weekdayOf(days[0].date) : 0;
  const weeks = Math.ceil((shift + days.length) / 7);
  const width = LEFT + weeks * STEP - (STEP - CELL);
  const height = TOP + 7 * STEP - (STEP - CELL);
  const cells = days.map((day, index) => {
    const place = shift + index;
    return cell(day, LEFT + Math.floor(place / 7) * STEP, TOP + (place % 7) * STEP);
  });
  const rows = [0, 2, 4, 6].map(
    (row) => markup`<text x="0" y="${TOP + row * STEP + 16}" class="axis">${WEEKDAYS[row]}</text>`,
  );
  return markup`<svg class="calendar" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}: ${summary(days)}">
${monthLabels(days, shift, weeks)}${rows}
${cells}
</svg>`;
}

/** One cell as shown in the legend. */
export function sample(state: DayState): Markup {
  return markup`<svg class="sample" viewBox="0 0 ${CELL} ${CELL}" width="${CELL}" height="${CELL}" aria-hidden="true">${shape(state, 0, 0)}</svg>`;
}

function cell(day: Day, x: number, y: number): Markup {
  return markup`<g class="day" data-state="${day.state}"><title>${titleOf(day)}</title>${shape(day.state, x, y)}</g>
`;
}

/** Shape as well as colour, because not everybody can distinguish red from green. */
function shape(state: DayState, x: number, y: number): Markup {
  const inset = state === 'missing' ? 1 : 0;
  const box = markup`<rect class="cell ${state}" x="${x + inset}" y="${y + inset}" width="${CELL - 2 * inset}" height="${CELL - 2 * inset}" rx="5"/>`;
  switch (state) {
    case 'failed':
      return markup`${box}<path class="mark" d="M${x + 7} ${y + 7}l8 8m0 -8l-8 8"/>`;
    case 'late':
      return markup`${box}<path class="mark" d="M${x + 11} ${y + 5.5}v6l4 2.6"/>`;
    case 'missing':
      return markup`${box}<path class="gap" d="M${x + 7} ${y + 11}h8"/>`;
    case 'sealed':
    case 'none':
      return box;
    default:
      return state satisfies never;
  }
}

function titleOf({ date, state, sealed, failed, sentBytes, sizeBytes }: Day): string {
  const parts = [
    sealed > 0 ? formatCount(sealed, 'snapshot') : '',
    sizeBytes === undefined ? '' : formatSize(sizeBytes),
    sealed > 0 ? `${formatSize(sentBytes)} sent` : '',
    failed > 0 ? `${formatCount(failed, 'run')} failed` : '',
  ].filter((part) => part !== '');
  const details = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
  return `${WEEKDAYS[weekdayOf(date)] ?? ''} ${date}: ${DAY_WORDS[state]}${details}`;
}

function summary(days: readonly Day[]): string {
  const count = (state: DayState) => days.filter((day) => day.state === state).length;
  return `${formatCount(days.length, 'day')}, ${count('sealed')} sealed, ${count('late')} late, ${count('failed')} failed, ${count('missing')} missing`;
}

/** A month's name over the week in which it begins, if there is room before the next. */
function monthLabels(days: readonly Day[], shift: number, weeks: number): Markup[] {
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
