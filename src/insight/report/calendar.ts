import { cellBox, dayGrid, sampleCell } from '../../shared/page/day-grid.ts';
import { markup, type Markup } from '../../shared/page/markup.ts';
import { formatCount, formatSize } from '../../shared/units.ts';
import type { Day, DayState } from './days.ts';

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
  const cells = days.map((day) => ({ date: day.date, state: day.state, title: titleOf(day) }));
  return dayGrid(cells, `${label}: ${summary(days)}`, shape);
}

/** One cell as shown in the legend. */
export function sample(state: DayState): Markup {
  return sampleCell(state, shape);
}

/** Shape as well as colour, because not everybody can distinguish red from green. */
function shape(state: DayState, x: number, y: number): Markup {
  const box = cellBox(state, x, y, state === 'missing' ? 1 : 0);
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

function titleOf({ state, sealed, failed, sentBytes, sizeBytes }: Day): string {
  const parts = [
    sealed > 0 ? formatCount(sealed, 'snapshot') : '',
    sizeBytes === undefined ? '' : formatSize(sizeBytes),
    sealed > 0 ? `${formatSize(sentBytes)} sent` : '',
    failed > 0 ? `${formatCount(failed, 'run')} failed` : '',
  ].filter((part) => part !== '');
  const details = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
  return `${DAY_WORDS[state]}${details}`;
}

function summary(days: readonly Day[]): string {
  const count = (state: DayState) => days.filter((day) => day.state === state).length;
  return `${formatCount(days.length, 'day')}, ${count('sealed')} sealed, ${count('late')} late, ${count('failed')} failed, ${count('missing')} missing`;
}
