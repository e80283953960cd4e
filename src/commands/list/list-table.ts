import pc from 'picocolors';
import width from 'string-width';
import { oneLine } from '../../notify/text.ts';
import { plainTable } from '../../shared/plain-table.ts';
import { snapshotTime } from '../../shared/snapshot-id.ts';
import type { ListedJob, ListedSnapshot } from '../../shared/store-listing.ts';
import { formatInZone } from '../../shared/time-zone.ts';
import { formatCount, formatSize } from '../../shared/units.ts';

/** What is listed of one job on one target. */
export interface ShownJob extends ListedJob {
  readonly target: string;
  /** Where this is from: what lies there, or what this host remembers. */
  readonly from: 'secondary' | 'history';
  readonly snapshots: readonly ShownSnapshot[];
}

/** A snapshot, with what a verification from this host has found in it; null for nothing. */
export interface ShownSnapshot extends ListedSnapshot {
  readonly found: string | null;
}

const COLUMNS = ['snapshot', 'begun', 'size', 'files', 'verified'] as const;
const NUMBERS: readonly Column[] = ['size', 'files'];

/** Which columns go first on a narrow terminal. */
const LEAST_NEEDED: readonly Column[] = ['files', 'begun'];

type Column = (typeof COLUMNS)[number];

/** Longest remark of somebody, in characters. */
const LONGEST = 60;

/**
 * One job for people. What is worth knowing of a snapshot stands below its line.
 * @param timezone for the times
 * @param columns of the terminal; undefined when there is none
 */
export function describeJob(
  { job, target, snapshots, omitted, problems }: ShownJob,
  timezone: string,
  columns = Infinity,
): string {
  const [head, ...rows] = layOut(
    snapshots.map((snapshot) => rowOf(snapshot, timezone)),
    columns - INDENT.length,
  );
  const lines = snapshots.flatMap((snapshot, index) => [
    rows[index] ?? '',
    ...remarksOn(snapshot).map((remark) => `${INDENT}${remark}`),
  ]);
  const told = [
    ...(snapshots.length === 0 ? ['no snapshot'] : [head ?? '', ...lines]),
    ...(omitted > 0 ? [`and ${formatCount(omitted, 'older one')}`] : []),
    ...problems.map((problem) => `${pc.yellow('!')} ${oneLine(problem)}`),
  ];
  return `${pc.bold(`${job} → ${target}`)}\n${told.map((line) => `${INDENT}${line}\n`).join('')}`;
}

const INDENT = '  ';

/** The lines of the table, the head first, without the columns for which there is no room. */
function layOut(rows: readonly Readonly<Record<Column, string>>[], columns: number): string[] {
  for (let left = 0; ; left += 1) {
    const shown = COLUMNS.filter((column) => !LEAST_NEEDED.slice(0, left).includes(column));
    const lines = plainTable(
      shown.map((column) => pc.dim(column)),
      rows.map((row) => shown.map((column) => row[column])),
      shown.flatMap((column, index) => (NUMBERS.includes(column) ? [index] : [])),
    ).split('\n');
    if (left >= LEAST_NEEDED.length || lines.every((line) => width(line) <= columns)) return lines;
  }
}

function rowOf(snapshot: ShownSnapshot, timezone: string): Readonly<Record<Column, string>> {
  const { id, sealed, files, bytes, verification, manifest } = snapshot;
  return {
    snapshot: id,
    begun: formatInZone(snapshotTime(id), timezone),
    size: bytes === null ? '–' : formatSize(bytes),
    files: files === null ? '–' : String(files),
    verified: sealed ? `${verification ?? '–'}${manifest === null ? '' : ', manifest'}` : '–',
  };
}

function remarksOn({ sealed, damaged, found, pinned }: ShownSnapshot): string[] {
  return [
    ...(sealed ? [] : [pc.yellow('not sealed')]),
    ...(damaged === null || damaged === 0 ? [] : [pc.red(`DAMAGED: ${formatCount(damaged, 'file')}`)]),
    ...(found === null ? [] : [pc.red(`DAMAGED, says a verification from here: ${oneLine(found, LONGEST)}`)]),
    ...(pinned === null
      ? []
      : [`pinned${pinned.until === null ? '' : ` until ${pinned.until}`}: ${oneLine(pinned.why, LONGEST)}`]),
  ];
}
