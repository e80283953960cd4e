import pc from 'picocolors';
import type { Condition, Standing } from '../../insight/standing.ts';
import { oneLine } from '../../notify/text.ts';
import { OUTCOMES } from '../../shared/outcome.ts';
import { formatDuration, formatSize } from '../../shared/units.ts';
import { plainTable } from '../../shared/plain-table.ts';
import { VERIFY_MODES } from '../../shared/verify-mode.ts';

/** Columns that the table needs without wrapped lines; on a narrower terminal each job is a block. */
const TABLE_WIDTH = 132;

const LOOKS: Readonly<Record<Condition, { readonly sign: string; readonly paint: (text: string) => string }>> = {
  secured: { sign: '✓', paint: pc.green },
  failing: { sign: '!', paint: pc.yellow },
  stale: { sign: '✗', paint: pc.red },
  never: { sign: '✗', paint: pc.red },
  corrupt: { sign: '✗', paint: pc.red },
  unknown: { sign: '?', paint: pc.red },
};

const NOTHING = '–';

type Row = Readonly<Record<Column, string>>;
type Column = 'job' | 'state' | 'last sealed' | 'age' | 'due' | 'size' | 'sent' | 'verified' | 'last failure';

/**
 * The standings for people: a table, or blocks on a narrow terminal. Below, in words, what is wrong.
 * @param columns of the terminal; undefined when there is none
 */
export function statusTable(standings: readonly Standing[], now: Date, columns: number | undefined): string {
  const rows = standings.map((standing) => rowOf(standing, now));
  const body = (columns ?? TABLE_WIDTH) < TABLE_WIDTH ? blocks(rows) : table(rows);
  const wrong = standings.filter(({ why }) => why !== '');
  const notes = wrong.map(({ job, target, condition, why }) => {
    const { sign, paint } = LOOKS[condition];
    return `${paint(sign)} ${pc.bold(`${job} → ${target}`)}: ${oneLine(why, 500)}\n`;
  });
  const going = standings.flatMap(({ job, target, running }) => {
    if (running === undefined) return [];
    const since = new Date(running.since);
    const when = `${formatDuration(Math.max(0, now.getTime() - since.getTime()))}, since ${since.toISOString().slice(11, 16)} UTC`;
    return [
      `${pc.cyan('…')} ${pc.bold(`${job} → ${target}`)}: a run has been going on for ${when} (process ${running.pid})\n`,
    ];
  });
  const lines = [...notes, ...going];
  return `${body}\n${lines.length === 0 ? '' : `\n${lines.join('')}`}`;
}

function table(rows: readonly Row[]): string {
  return plainTable(
    Object.keys(rows[0] ?? {}).map((word) => pc.dim(word)),
    rows.map((row) => Object.values(row)),
  );
}

function blocks(rows: readonly Row[]): string {
  return rows
    .map(({ job, state, ...rest }) => {
      const lines = Object.entries(rest).filter(([, text]) => text !== NOTHING);
      return [`${job}  ${state}`, ...lines.map(([label, text]) => `  ${pc.dim(label.padEnd(12))}  ${text}`)].join('\n');
    })
    .join('\n');
}

function rowOf(standing: Standing, now: Date): Row {
  const { condition, sealed, lastSuccess, lastFailure, stale } = standing;
  const { sign, paint } = LOOKS[condition];
  const ago = (time: Date) => agoText(now.getTime() - time.getTime());
  return {
    job: pc.bold(`${standing.job} → ${standing.target}`),
    state: paint(`${sign} ${condition}`),
    'last sealed': sealed ? `${new Date(sealed.started).toISOString().slice(0, 16).replace('T', ' ')} UTC` : NOTHING,
    age: ageText(standing),
    due: stale ? pc.red(dueText(standing, now)) : dueText(standing, now),
    size: sealed ? formatSize(sealed.bytes) : NOTHING,
    sent: lastSuccess?.transfer ? formatSize(lastSuccess.transfer.sentBytes) : NOTHING,
    verified: verifiedText(standing, ago),
    'last failure': lastFailure ? failureText(standing, ago(new Date(lastFailure.finished))) : NOTHING,
  };
}

function ageText({ ageMs }: Standing): string {
  if (ageMs === undefined) return NOTHING;
  return ageMs < 0 ? pc.red('from the future') : formatDuration(ageMs);
}

function dueText({ freshness }: Standing, now: Date): string {
  if (!freshness) return NOTHING;
  switch (freshness.state) {
    case 'overdue':
      return `${formatDuration(freshness.overdueBy)} overdue`;
    case 'clock-wrong':
      return 'clock is wrong';
    case 'waiting':
      return `now, ${formatDuration(freshness.deadline.getTime() - now.getTime())} left`;
    case 'fresh':
    case 'never':
      return `in ${formatDuration(freshness.nextDue.getTime() - now.getTime())}`;
    default:
      return freshness.state satisfies never;
  }
}

function verifiedText({ verified }: Standing, ago: (time: Date) => string): string {
  if (!verified) return NOTHING;
  if (verified.outcome === 'done') return `${ago(verified.at)}, ${VERIFY_MODES[verified.scope].short}`;
  if (verified.outcome === 'not-identical') return `${ago(verified.at)}, in part`;
  const word = verified.outcome === 'corruption' ? 'DAMAGED' : 'blind';
  return pc.red(`${word}, ${ago(verified.at)}`);
}

function failureText({ lastFailure, failing }: Standing, when: string): string {
  if (!lastFailure) return NOTHING;
  const text = `${when}: ${OUTCOMES[lastFailure.outcome].title.split(':')[0] ?? ''}`;
  return failing ? pc.yellow(`${text}${failing.count > 1 ? ` (${failing.count} in a row)` : ''}`) : pc.dim(text);
}

function agoText(ms: number): string {
  return ms < 0 ? 'in the future' : `${formatDuration(ms)} ago`;
}
