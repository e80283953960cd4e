import pc from 'picocolors';
import { keyOf } from '../../insight/read-standings.ts';
import { sparkline } from '../../insight/sparkline.ts';
import { oneLine } from '../../notify/text.ts';
import { OUTCOMES } from '../../shared/outcome.ts';
import { formatDuration, formatSize } from '../../shared/units.ts';
import type { RunRecord } from '../../state/run-record.ts';
import { plainTable } from '../../shared/plain-table.ts';

const HEAD = ['started (UTC)', 'job', 'outcome', 'took', 'size', 'sent', 'saved', 'snapshot, or what was wrong'];
const NUMBERS = [3, 4, 5, 6];

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
  const table = plainTable(
    HEAD.map((word) => pc.dim(word)),
    records.map((record) => rowOf(record, isDamaged(record))),
    NUMBERS,
  );
  return `${table}\n${columns === undefined ? '' : courses(records, columns)}`;
}

function rowOf(record: RunRecord, damaged: boolean): string[] {
  const { started, job, target, outcome, durationMs, bytes, transfer, snapshot, reason, attempts } = record;
  const done = outcome === 'done';
  const title = OUTCOMES[outcome].title.split(':')[0] ?? '';
  return [
    started.slice(0, 19).replace('T', ' '),
    `${job} → ${target}`,
    done ? pc.green('✓ sealed') : pc.red(`✗ ${title}`),
    `${formatDuration(durationMs)}${attempts > 1 ? pc.yellow(` (${attempts} attempts)`) : ''}`,
    bytes > 0 || done ? formatSize(bytes) : '–',
    transfer ? formatSize(transfer.sentBytes) : '–',
    transfer ? savedText(bytes, transfer.sentBytes) : '–',
    done
      ? `${snapshot ?? '–'}${damaged ? pc.red(' DAMAGED') : ''}`
      : oneLine(reason.split('\n')[0] ?? '', LONGEST_REASON),
  ];
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
