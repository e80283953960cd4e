import pc from 'picocolors';
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

const HEAD = ['snapshot', 'begun', 'size', 'files', 'verified', ''];
const NUMBERS = [2, 3];

/** Longest remark of somebody, in characters. */
const LONGEST = 60;

/** One job for people. @param timezone for the times */
export function describeJob({ job, target, snapshots, omitted, problems }: ShownJob, timezone: string): string {
  const lines = [pc.bold(`${job} → ${target}`)];
  const rows = snapshots.map((snapshot) => rowOf(snapshot, timezone));
  if (rows.length === 0) lines.push('  no snapshot');
  else lines.push(indent(plainTable(HEAD.map((word) => pc.dim(word)), rows, NUMBERS))); // prettier-ignore
  if (omitted > 0) lines.push(`  and ${formatCount(omitted, 'older one')}`);
  lines.push(...problems.map((problem) => `  ${pc.yellow('!')} ${oneLine(problem)}`));
  return `${lines.join('\n')}\n`;
}

function rowOf(snapshot: ShownSnapshot, timezone: string): string[] {
  const { id, sealed, files, bytes, verification, manifest } = snapshot;
  return [
    id,
    formatInZone(snapshotTime(id), timezone),
    bytes === null ? '–' : formatSize(bytes),
    files === null ? '–' : String(files),
    sealed ? `${verification ?? '–'}${manifest === null ? '' : ', manifest'}` : '–',
    remarksOn(snapshot).join('; '),
  ];
}

function remarksOn({ sealed, damaged, found, pinned }: ShownSnapshot): string[] {
  return [
    ...(sealed ? [] : [pc.yellow('not sealed')]),
    ...(damaged === null || damaged === 0 ? [] : [pc.red(`DAMAGED: ${formatCount(damaged, 'file')}`)]),
    ...(found === null ? [] : [pc.red(`DAMAGED: ${oneLine(found, LONGEST)}`)]),
    ...(pinned === null
      ? []
      : [`pinned${pinned.until === null ? '' : ` until ${pinned.until}`}: ${oneLine(pinned.why, LONGEST)}`]),
  ];
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
