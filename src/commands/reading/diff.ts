import { displayName } from '../../rsync/itemized.ts';
import { diffSnapshots, type ChangedEntry, type DiffEntry, type SnapshotDiff } from '../../restore/diff.ts';
import { formatCount, formatSize } from '../../shared/units.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';
import { withSource, type SourceOptions } from './open-source.ts';

/** What the comparison does not see. */
const NOT_COMPARED =
  'Not compared: contents of files whose size and time are the same, ACLs, hard links. Directories count by mode and owner.';

/**
 * `offsite-rsync diff JOB FROM TO`: what is new, gone and changed from one snapshot to another.
 * @returns 0, whether they differ or not; otherwise the code of the failure
 */
export function diff(job: string, from: string, to: string, options: SourceOptions, context: Context): Promise<number> {
  return withSource(job, options, context, async ({ source, choose, deps }) => {
    const both = [choose(from), choose(to)] as const;
    const found = await diffSnapshots(source, job, both, deps);
    const [{ id: earlier }, { id: later }] = both;
    if (options.json === true)
      printJson(context, 'diff --json', { job, source: source.name, from: earlier, to: later, ...found });
    else context.out(describe(`${job}, ${earlier} → ${later}`, found));
    return 0;
  });
}

function describe(name: string, found: SnapshotDiff): string {
  const rows = [
    ...found.new.map((entry) => ({ entry, text: `+ ${sizeOf(entry)}  ${displayName(entry.name)}` })),
    ...found.gone.map((entry) => ({ entry, text: `- ${sizeOf(entry)}  ${displayName(entry.name)}` })),
    ...found.changed.map((entry) => ({
      entry,
      text: `~ ${sizeOf(entry)}  ${displayName(entry.name)} (${changes(entry)})`,
    })),
  ].sort((a, b) => (a.entry.name < b.entry.name ? -1 : 1));
  const totals = [
    `${formatCount(found.new.length, 'entry', 'entries')} new (${formatSize(total(found.new))})`,
    `${formatCount(found.gone.length, 'entry', 'entries')} gone (${formatSize(total(found.gone))})`,
    `${formatCount(found.changed.length, 'entry', 'entries')} changed`,
  ];
  return [...rows.map(({ text }) => text), `${name}: ${totals.join(', ')}`, NOT_COMPARED]
    .map((line) => `${line}\n`)
    .join('');
}

function sizeOf({ kind, size }: DiffEntry): string {
  return (kind === 'file' ? formatSize(size) : kind).padStart(9);
}

function changes({ what, before, size }: ChangedEntry): string {
  return what.map((word) => (word === 'size' ? `size ${formatSize(before)} → ${formatSize(size)}` : word)).join(', ');
}

function total(entries: readonly DiffEntry[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0);
}
