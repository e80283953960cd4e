import { formatSize } from '../../src/shared/units.ts';
import type { Measured } from './measure.ts';

/** One row of the table. */
export interface Row {
  readonly section: string;
  readonly scenario: string;
  readonly what: string;
  readonly measured: Measured;
  /** Wall time divided by that of the row it is compared with; undefined for that row itself. */
  readonly ratio?: number;
}

/** One budget of the project, and whether it held in this run. */
export interface Budget {
  readonly name: string;
  readonly limit: string;
  readonly found: string;
  readonly held: boolean;
}

/** Collects the results of the sections. */
export interface Report {
  readonly rows: Row[];
  readonly budgets: Budget[];
  /** What was left out, and why. Nothing is left out silently. */
  readonly skipped: string[];
  /** Facts in a line. */
  readonly notes: string[];
}

/** The table in Markdown, as in docs/performance.md. */
export function renderReport({ rows, budgets, skipped, notes }: Report): string {
  const lines: string[] = [];
  for (const section of new Set(rows.map((row) => row.section))) {
    lines.push('', `### ${section}`, '', HEAD, RULE);
    for (const row of rows.filter((one) => one.section === section)) lines.push(renderRow(row));
  }
  if (notes.length > 0) lines.push('', '### Beside the table', '', ...notes.map((note) => `- ${note}`));
  lines.push('', '### Budgets', '', '| budget | limit | found | |', '|---|---|---|---|');
  for (const { name, limit, found, held } of budgets) {
    lines.push(`| ${name} | ${limit} | ${found} | ${held ? 'holds' : '**broken**'} |`);
  }
  if (skipped.length > 0) lines.push('', ...skipped.map((what) => `NOT MEASURED: ${what}`));
  return `${lines.join('\n').trim()}\n`;
}

const HEAD =
  '| scenario | what | wall | ratio | CPU here | CPU there | largest process here | there | sent | received |';
const RULE = '|---|---|--:|--:|--:|--:|--:|--:|--:|--:|';

function renderRow({ scenario, what, measured, ratio }: Row): string {
  const { wallMs, cpuMs, serverCpuMs, peaks, up, down } = measured;
  const cells = [
    scenario,
    what,
    seconds(wallMs),
    ratio === undefined ? '' : ratio.toFixed(2),
    seconds(cpuMs),
    serverCpuMs === 0 ? '' : seconds(serverCpuMs),
    largest(peaks, (name) => !name.startsWith('→')),
    largest(peaks, (name) => name.startsWith('→')),
    up === 0 ? '' : formatSize(up),
    down === 0 ? '' : formatSize(down),
  ];
  return `| ${cells.join(' | ')} |`;
}

function largest(peaks: Measured['peaks'], which: (name: string) => boolean): string {
  const [found] = Object.entries(peaks)
    .filter(([name]) => which(name))
    .sort(([, a], [, b]) => b - a);
  return found ? `${found[0].replace('→ ', '')} ${formatSize(found[1])}` : '';
}

/** Milliseconds in seconds, for people. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
