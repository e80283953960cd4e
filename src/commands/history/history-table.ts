import pc from 'picocolors';
import width from 'string-width';
import { keyOf } from '../../insight/read-standings.ts';
import { sparkline } from '../../insight/sparkline.ts';
import { oneLine } from '../../notify/text.ts';
import { OUTCOMES } from '../../shared/outcome.ts';
import { formatDuration, formatSize } from '../../shared/units.ts';
import type { RunRecord } from '../../state/run-record.ts';
import { plainTable } from '../../shared/plain-table.ts';
import { wrapLine } from '../../shared/wrap.ts';

const NOTHING = '–';
const LAST = 'snapshot, or what was wrong';

const COLUMNS = ['started (UTC)', 'job', 'outcome', 'took', 'size', 'sent', 'saved', LAST] as const;
const NUMBERS: readonly Column[] = ['took', 'size', 'sent', 'saved'];

/** Columns between two columns of the table, and in front of the lines of a block. */
const GAP = 2;
const INDENT = 2;

/** Columns that the last column of the table needs: an id, and whether it is damaged. */
const LEAST_ROOM = 26;

/** Which columns go first on a narrow terminal. */
const LEAST_NEEDED: readonly Column[] = ['saved', 'sent', 'size', 'took'];

type Column = (typeof COLUMNS)[number];
type Row = Readonly<Record<Column, string>>;

/** Characters of a failure's reason that the table shows; `--json` has all of it. */
const LONGEST_REASON = 60;

/**
 * Runs for people, oldest first. On a terminal, graphs of size and traffic follow.
 * @param columns of the terminal; undefined when there is none
 * @param isDamaged whether a verification has found damage in what a run sealed
 */
export function historyTable(
  records: readonly RunRecord[],
  columns: number | undefined,
  isDamaged: (record: RunRecord) => boolean = () => false,
): string {
  if (records.length === 0) return 'No run is recorded yet.\n';
  const rowsWith = (reason: number) => records.map((record) => rowOf(record, isDamaged(record), reason));
  return `${layOut(rowsWith, columns)}\n${columns === undefined ? '' : courses(records, columns)}`;
}

/**
 * A table without the columns for which there is no room; blocks where even that is too wide.
 * @param rowsWith makes the rows, with so many characters of the reasons of failures
 */
function layOut(rowsWith: (reason: number) => readonly Row[], columns = Infinity): string {
  const rows = rowsWith(LONGEST_REASON);
  for (let left = 0; left <= LEAST_NEEDED.length; left += 1) {
    const shown = COLUMNS.filter((column) => !LEAST_NEEDED.slice(0, left).includes(column));
    const room = columns - widest(tableOf(rows, shown.slice(0, -1))) - GAP;
    if (room >= LEAST_ROOM) return tableOf(rowsWith(Math.min(LONGEST_REASON, room)), shown);
  }
  return rows.map((row) => block(row, columns)).join('\n');
}

function tableOf(rows: readonly Row[], shown: readonly Column[]): string {
  return plainTable(
    shown.map((word) => pc.dim(word)),
    rows.map((row) => shown.map((column) => row[column])),
    NUMBERS.map((column) => shown.indexOf(column)),
  );
}

function block(row: Row, columns: number): string {
  const figures = LEAST_NEEDED.toReversed().filter((column) => row[column] !== NOTHING);
  const second = figures.map((column) => `${column} ${row[column]}`).join(', ');
  const below = [row[LAST], ...(second === '' ? [] : [second])];
  const lines = below.map((line) => `  ${wrapLine(line, columns - INDENT, '  ')}`);
  return [wrapLine(`${row['started (UTC)']}  ${row.outcome}  ${row.job}`, columns, '  '), ...lines].join('\n');
}

const widest = (text: string) => Math.max(...text.split('\n').map((line) => width(line)));

function rowOf(record: RunRecord, damaged: boolean, longestReason: number): Row {
  const { started, job, target, outcome, durationMs, bytes, transfer, snapshot, reason, attempts } = record;
  const done = outcome === 'done';
  const title = OUTCOMES[outcome].title.split(':')[0] ?? '';
  return {
    'started (UTC)': started.slice(0, 19).replace('T', ' '),
    job: `${job} → ${target}`,
    outcome: done ? pc.green('✓ sealed') : pc.red(`✗ ${title}`),
    took: `${formatDuration(durationMs)}${attempts > 1 ? pc.yellow(` (${attempts} attempts)`) : ''}`,
    size: bytes > 0 || done ? formatSize(bytes) : NOTHING,
    sent: transfer ? formatSize(transfer.sentBytes) : NOTHING,
    saved: transfer ? savedText(bytes, transfer.sentBytes) : NOTHING,
    [LAST]: done
      ? `${snapshot ?? NOTHING}${damaged ? pc.red(' DAMAGED') : ''}`
      : oneLine(reason.split('\n')[0] ?? '', longestReason),
  };
}

/** The share of the content that did not have to be sent. */
function savedText(bytes: number, sent: number): string {
  if (bytes === 0 || sent >= bytes) return '0.00 %';
  const share = (1 - sent / bytes) * 100;
  // Never "100 %": something was sent.
  return `${(Math.floor(share * 100) / 100).toFixed(2)} %`;
}

function courses(records: readonly RunRecord[], columns: number): string {
  const keys = [...new Set(records.map(keyOf))];
  return keys
    .map((key) => {
      const own = records.filter((record) => keyOf(record) === key);
      if (own.length < 3) return '';
      const shown = own.slice(-Math.max(10, columns - 40));
      const name = `${shown[0]?.job ?? ''} → ${shown[0]?.target ?? ''}`;
      const done = (value: (record: RunRecord) => number | undefined) =>
        shown.map((record) => (record.outcome === 'done' ? value(record) : undefined));
      return [
        `\n${pc.bold(name)}`,
        courseLine(
          'size',
          done(({ bytes }) => bytes),
        ),
        courseLine(
          'sent',
          done(({ transfer }) => transfer?.sentBytes),
        ),
        '',
      ].join('\n');
    })
    .join('');
}

function courseLine(label: string, values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  const range = known.length === 0 ? '' : `  ${formatSize(Math.min(...known))} to ${formatSize(Math.max(...known))}`;
  return `  ${label}  ${pc.cyan(sparkline(values))}${pc.dim(range)}`;
}
