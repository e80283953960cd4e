import Table from 'cli-table3';
import type { Colors } from 'picocolors/types.js';
import { HOLDS } from '../retention/holds.ts';
import { describePolicy } from '../retention/policy.ts';
import { formatInZone } from '../../src/shared/time-zone.ts';
import { formatCount, formatDuration, formatSize } from '../../src/shared/units.ts';
import { damageRemark } from './damage.ts';
import { drillRemarks } from './drills.ts';
import type { JobFault } from './faults.ts';
import type { Freed } from './freed.ts';
import { describePin, type JobPins } from './pins.ts';
import type { Forecast, Space } from './space.ts';
import { releaseMark, type JobPlan } from './plan.ts';

/** What a report needs besides the plans. */
export interface ReportStyle {
  readonly colors: Colors;
  readonly timezone: string;
  readonly now: Date;
  /** Of the terminal; undefined if there is none. */
  readonly columns: number | undefined;
}

/** A table without borders, which can be pasted into a ticket and leaves the width to the text. */
export const PLAIN_TABLE = {
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

/** The text of such a table, without the blanks with which cli-table3 fills the last column. */
export function drawTable(table: Table.Table): string {
  return table.toString().replace(/ +$/gm, '');
}

/** A plan for people: every snapshot with the decision and all reasons. */
export function renderPlan(host: string, plan: JobPlan, freed: Freed, style: ReportStyle): string {
  const { colors, timezone } = style;
  const held = plan.holds.length > 0;
  const table = new Table({
    ...PLAIN_TABLE,
    head: ['snapshot', 'arrived', 'size', 'decision', 'reasons'].map(colors.bold),
  });
  for (const { snapshot, action, reasons } of plan.decisions) {
    const paint = action === 'keep' ? colors.green : action === 'remove' ? colors.red : colors.yellow;
    const guess = snapshot.receivedBy === 'birth-time' ? '*' : '';
    table.push([
      snapshot.id,
      `${formatArrival(snapshot.received, timezone)}${guess}`,
      formatSize(snapshot.bytes),
      paint(action === 'remove' && held ? 'remove (held)' : action),
      reasons.join('\n'),
    ]);
  }
  for (const { leftover, action, reason } of plan.leftovers) {
    const paint = action === 'keep' ? colors.green : colors.red;
    table.push([leftover.name, formatArrival(leftover.since, timezone), '', paint(action), reason]);
  }
  for (const { name, reason } of plan.oddities) {
    table.push([JSON.stringify(name), '', '', colors.yellow('untouched'), reason]);
  }
  const lines = [
    colors.bold(`${host}/${plan.job}`) + `  ${describePolicy(plan.policy)}  (${timezone})`,
    plan.decisions.length + plan.leftovers.length + plan.oddities.length === 0 ? 'nothing there' : drawTable(table),
    ...pinLines(plan.pins).map(colors.yellow),
    ...plan.holds.map(({ kind, reason }) => colors.yellow(`ON HOLD (${kind}): ${reason}. ${HOLDS[kind].advice}`)),
    ...releaseLine(host, plan).map(colors.yellow),
    summary(plan, freed),
  ];
  if (plan.decisions.some(({ snapshot }) => snapshot.receivedBy === 'birth-time')) {
    lines.push('* no receipt of the gate: the time is that at which the file of its seal was made on this machine');
  }
  return `${lines.join('\n')}\n`;
}

function pinLines({ ended, lost }: JobPins): string[] {
  return [
    ...ended.map((pin) => `The pin of ${pin.id} has ended (${describePin(pin)}): the policy decides again.`),
    ...lost.map((pin) => `${pin.id} is ${describePin(pin)}, but it is not there.`),
  ];
}

function releaseLine(host: string, plan: JobPlan): string[] {
  const mark = releaseMark(plan);
  if (mark === undefined) return [];
  return [`If this plan is right, carry it out once, as shown here: offsite-prune ${host} --release ${mark}`];
}

function summary({ decisions, holds, leftovers }: JobPlan, freed: Freed): string {
  const count = (wanted: string) => decisions.filter(({ action }) => action === wanted).length;
  const parts = [`keep ${count('keep')}`, `remove ${count('remove')}`];
  if (count('quarantine') > 0) parts.push(`quarantine ${count('quarantine')}`);
  const going = leftovers.filter(({ action }) => action === 'remove').length;
  if (going > 0) parts.push(`remove ${formatCount(going, 'leftover')}`);
  const gain = `frees ${freed.complete ? '' : 'at least '}${formatSize(freed.bytes)} in ${formatCount(freed.inodes, 'inode')}`;
  return `${parts.join(', ')}; ${holds.length > 0 ? `if nothing were on hold, removing ${gain}` : `removing ${gain}`}`;
}

/** An instant in the report's time zone, or `unknown`. */
export function formatArrival(time: Date, timezone: string): string {
  return Number.isNaN(time.getTime()) ? 'unknown' : formatInZone(time, timezone);
}

/** One host as `status` shows it. */
export interface HostStatus {
  readonly host: string;
  readonly plans: readonly JobPlan[];
  readonly faults: readonly JobFault[];
  readonly lastRun: Date | undefined;
  readonly space: Space;
  /** When nothing more will be let in, if that can be told. */
  readonly fullIn: Forecast | undefined;
}

/** The state of a job, in one word and in remarks. */
export function judge(plan: JobPlan): { state: 'ok' | 'stale' | 'damaged' | 'look'; remarks: string[] } {
  const remarks: string[] = [];
  const { freshness } = plan;
  const stale = freshness?.state === 'overdue' || plan.holds.some(({ kind }) => kind === 'stale');
  if (freshness?.state === 'overdue') remarks.push(`overdue by ${formatDuration(freshness.overdueBy)}`);
  for (const { kind, reason } of plan.holds) {
    if (kind !== 'stale' || freshness?.state !== 'overdue') remarks.push(`on hold (${kind}): ${reason}`);
  }
  const damage = damageRemark(plan.damage);
  if (damage !== undefined && !plan.holds.some(({ kind }) => kind === 'damage')) remarks.push(damage);
  const quarantined = plan.decisions.filter(({ action }) => action === 'quarantine').length;
  if (quarantined > 0) remarks.push(`${formatCount(quarantined, 'snapshot')} in quarantine`);
  if (plan.oddities.length > 0) remarks.push(formatCount(plan.oddities.length, 'unknown entry', 'unknown entries'));
  if (plan.leftovers.length > 0) remarks.push(formatCount(plan.leftovers.length, 'unfinished attempt'));
  const { ended, lost } = plan.pins;
  if (ended.length > 0) remarks.push(`${formatCount(ended.length, 'pin')} ended`);
  if (lost.length > 0) remarks.push(`${formatCount(lost.length, 'pinned snapshot')} not there`);
  const drills = drillRemarks(plan.drills);
  remarks.push(...drills.remarks);
  const wrong = plan.holds.length + quarantined + plan.oddities.length + lost.length > 0 || drills.wrong;
  return { state: stale ? 'stale' : damage !== undefined ? 'damaged' : wrong ? 'look' : 'ok', remarks };
}
