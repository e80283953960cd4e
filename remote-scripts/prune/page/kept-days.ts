import type { Decision } from '../../retention/decide.ts';
import { cellBox, type GridDay, lastDates } from '../../../src/shared/page/day-grid.ts';
import { markup, type Markup } from '../../../src/shared/page/markup.ts';
import { dayOf } from '../../store/pins.ts';
import type { StoredSnapshot } from '../inventory.ts';
import type { JobPlan } from '../plan.ts';
import type { Outlook } from './outlook.ts';

/**
 * What can be restored of a day. `going`: the policy removes all of it with the next prune. `doubtful`: somebody has to look
 * at it first. `none`: nothing.
 */
export type KeptState = 'kept' | 'pinned' | 'going' | 'doubtful' | 'none';

/** The name of each state in legend and titles. */
export const KEPT_WORDS: Readonly<Record<KeptState, string>> = {
  kept: 'can be restored',
  pinned: 'can be restored, and is pinned',
  going: 'can be restored until prune has removed it',
  doubtful: 'in quarantine: look at it first',
  none: 'nothing is kept',
};

/** Snapshots of one day that are spelled out. */
const MOST_NAMED = 6;

/** What there is of each day, in the time zone of the settings. @param count days, the last of which is today */
export function keptDays(
  { decisions, pins }: JobPlan,
  outlook: Outlook | undefined,
  { count, now, timezone }: { readonly count: number; readonly now: Date; readonly timezone: string },
): { readonly days: readonly GridDay<KeptState>[]; readonly older: readonly StoredSnapshot[] } {
  const byDay = new Map<string, Decision<StoredSnapshot>[]>();
  const undated: StoredSnapshot[] = [];
  for (const decision of decisions) {
    const { received } = decision.snapshot;
    if (Number.isNaN(received.getTime())) continue;
    const date = dayOf(received, timezone);
    byDay.set(date, [...(byDay.get(date) ?? []), decision]);
  }
  const dates = lastDates(dayOf(now, timezone), count);
  const first = dates[0] ?? '';
  for (const [date, there] of byDay) if (date < first) undated.push(...there.map(({ snapshot }) => snapshot));
  const pinned = new Set(pins.holding.map(({ id }) => id));
  const days = dates.map((date) => {
    const there = byDay.get(date) ?? [];
    const state = stateOf(there, (id) => pinned.has(id));
    return { date, state, title: [KEPT_WORDS[state], ...named(there, outlook, timezone)].join('; ') };
  });
  return { days, older: undated };
}

/** The cell of a day: shape as well as colour. */
export function drawKept(state: KeptState, x: number, y: number): Markup {
  const box = cellBox(state, x, y, state === 'going' ? 1 : 0);
  switch (state) {
    case 'pinned':
      return markup`${box}<path class="mark" d="M${x + 7} ${y + 7}h8v8h-8z"/>`;
    case 'going':
      return markup`${box}<path class="mark" d="M${x + 7} ${y + 11}h8"/>`;
    case 'doubtful':
      return markup`${box}<path class="mark" d="M${x + 7} ${y + 7}l8 8m0 -8l-8 8"/>`;
    case 'kept':
    case 'none':
      return box;
    default:
      return state satisfies never;
  }
}

function stateOf(
  there: readonly Decision<StoredSnapshot>[],
  isPinned: (id: StoredSnapshot['id']) => boolean,
): KeptState {
  const actions = there.map(({ action }) => action);
  if (actions.includes('quarantine')) return 'doubtful';
  if (there.some(({ snapshot }) => isPinned(snapshot.id))) return 'pinned';
  if (actions.includes('keep')) return 'kept';
  return actions.includes('remove') ? 'going' : 'none';
}

function named(there: readonly Decision<StoredSnapshot>[], outlook: Outlook | undefined, timezone: string): string[] {
  const lines = there.slice(0, MOST_NAMED).map(({ snapshot: { id }, action }) => {
    const goes = outlook?.goes.get(id);
    const until = action === 'keep' && goes ? ` until about ${dayOf(goes, timezone)}` : '';
    return `${id}${until}`;
  });
  return there.length > lines.length ? [...lines, `and ${there.length - lines.length} more`] : lines;
}
