import width from 'string-width';
import { formatCount, formatDuration, formatSize } from '../../src/shared/units.ts';
import { plainTable } from '../../src/shared/plain-table.ts';
import { wrapLine } from '../../src/shared/wrap.ts';
import { describePin } from './pins.ts';
import type { JobPlan } from './plan.ts';
import type { Scrubbed } from './scrubbed.ts';
import { judge, type HostStatus, type ReportStyle } from './report.ts';

/** How a job can stand, as the table says it. */
const LOOKS = {
  ok: { sign: '✓', color: 'green' },
  'on hold': { sign: '!', color: 'yellow' },
  look: { sign: '!', color: 'yellow' },
  stale: { sign: '✗', color: 'red' },
  damaged: { sign: '✗', color: 'red' },
  unknown: { sign: '?', color: 'red' },
} as const;

export type Word = keyof typeof LOOKS;

const HEAD = ['host', 'job', 'newest', 'kept', 'space', 'scrubbed', 'drilled', 'state'];

/** Columns that are aligned to the right. */
const RIGHT = ['kept', 'space'].map((word) => HEAD.indexOf(word));

/** Columns that the table needs with names of usual length. */
const TABLE_WIDTH = 80;

const NOTHING = '–';

/**
 * How the jobs of some hosts stand, for people: a table that fits 80 columns, or blocks where a terminal is narrower than
 * its names need. Below, in words: what is wrong, what is pinned, and when prune ran.
 */
export function renderStatus(hosts: readonly HostStatus[], style: ReportStyle): string {
  const rows = hosts.flatMap((status) => rowsOf(status, style));
  const notes = hosts.flatMap((status) => notesOf(status, style));
  const { columns } = style;
  const lines = notes.map((note) => (columns === undefined ? note : wrapLine(note, Math.max(columns, 40), '  ')));
  return `${[...(rows.length === 0 ? [] : [layOut(rows, style), '']), ...lines].join('\n')}\n`;
}

function layOut(rows: readonly (readonly string[])[], { colors, columns = Infinity }: ReportStyle): string {
  const head = HEAD.map((word) => colors.dim(word));
  const table = plainTable(head, rows, RIGHT);
  if (columns >= TABLE_WIDTH && table.split('\n').every((line) => width(line) <= columns)) return table;
  return rows
    .map(([host = '', job = '', ...cells]) => {
      const lines = cells.map((text, index) => `  ${(HEAD[index + 2] ?? '').padEnd(10)}${text}`);
      return [`${host}/${job}`, ...lines.filter((line) => !line.endsWith(NOTHING))].join('\n');
    })
    .join('\n');
}

function rowsOf({ host, plans, faults }: HostStatus, { colors, now }: ReportStyle): string[][] {
  const state = (word: Word) => colors[LOOKS[word].color](`${LOOKS[word].sign} ${word}`);
  return [
    ...plans.map((plan) => [
      host,
      colors.bold(plan.job),
      plan.newest ? agoText(now.getTime() - plan.newest.received.getTime()) : 'none',
      String(plan.decisions.length),
      plan.stored ? formatSize(plan.stored.bytes) : NOTHING,
      scrubText(plan.scrubbed, now),
      drilledText(plan, now),
      state(wordFor(plan)),
    ]),
    ...faults.map(({ job }) => [host, colors.bold(job), ...Array<string>(5).fill(NOTHING), state('unknown')]),
  ];
}

function notesOf({ host, plans, faults, lastRun, space, fullIn }: HostStatus, { colors, now }: ReportStyle): string[] {
  const note = (word: Word, job: string, text: string) =>
    `${colors[LOOKS[word].color](LOOKS[word].sign)} ${colors.bold(`${host}/${job}`)}: ${text}`;
  const jobs = plans.flatMap((plan) => {
    const remarks = judge(plan).remarks.map((remark) => note(wordFor(plan), plan.job, remark));
    const pinned = plan.pins.holding.map(
      (pin) => `${colors.cyan('·')} ${colors.bold(`${host}/${plan.job}`)}: ${pin.id} is ${describePin(pin)}`,
    );
    return [...remarks, ...pinned];
  });
  const ran = lastRun ? `ran ${agoText(now.getTime() - lastRun.getTime())}` : 'has not run yet';
  return [
    ...jobs,
    ...faults.map(({ job, reason }) => note('unknown', job, reason)),
    ...(plans.length + faults.length === 0 ? [] : [colors.dim(`${host}: prune ${ran}; ${spaceText(space, fullIn)}`)]),
  ];
}

function spaceText({ freeBytes, totalBytes }: HostStatus['space'], fullIn: HostStatus['fullIn']): string {
  const share = totalBytes === 0 ? '' : ` (${Math.round((freeBytes / totalBytes) * 100)}%)`;
  const end = fullIn
    ? `, ${fullIn.what === 'inodes' ? 'no inodes' : 'full'} in ${formatCount(Math.floor(fullIn.days), 'day')}`
    : '';
  return `${formatSize(freeBytes)} free${share}${end}`;
}

/** When everything was last read, or how far the first time has come. */
function scrubText({ finishedAt, done }: Scrubbed, now: Date): string {
  if (finishedAt) return agoText(now.getTime() - finishedAt.getTime());
  return done === undefined ? NOTHING : `${Math.floor(done * 100)}% done`;
}

export function wordFor(plan: JobPlan): Word {
  const { state } = judge(plan);
  return state === 'look' && plan.holds.length > 0 ? 'on hold' : state;
}

function drilledText({ drills: { last, failed } }: JobPlan, now: Date): string {
  if (failed.length > 0) return 'failed';
  return last === undefined ? NOTHING : agoText(now.getTime() - last.started.getTime());
}

/** Coarse, so that the column stays narrow: `9 h ago`. */
function agoText(ms: number): string {
  return ms < 0 ? 'in future' : `${formatDuration(ms).split(' ').slice(0, 2).join(' ')} ago`;
}
