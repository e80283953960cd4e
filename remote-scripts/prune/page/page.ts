import {
  figure,
  pill,
  renderDocument,
  timeTag,
  verdictBox,
  worstTone,
  type Tone,
} from '../../../src/shared/page/document.ts';
import { lineChart } from '../../../src/shared/page/chart.ts';
import { dayGrid, sampleCell } from '../../../src/shared/page/day-grid.ts';
import { markup, Markup } from '../../../src/shared/page/markup.ts';
import { formatCount, formatDuration, formatSize } from '../../../src/shared/units.ts';
import { version } from '../../../src/shared/version.ts';
import { HOLDS } from '../../retention/holds.ts';
import { describePolicy } from '../../retention/policy.ts';
import { dayOf } from '../../store/pins.ts';
import { addedPerDay } from '../metrics.ts';
import { describePin } from '../pins.ts';
import type { JobPlan } from '../plan.ts';
import { judge, type HostStatus } from '../report.ts';
import type { SpaceDays } from '../space.ts';
import { wordFor, type Word } from '../status-table.ts';
import { drawKept, KEPT_WORDS, keptDays, type KeptState } from './kept-days.ts';
import type { Outlook } from './outlook.ts';

const DAY = 86_400_000;

/** From this number of days on, the calendar is above the chart instead of beside it. */
const LONG_CALENDAR = 150;

/** Snapshots older than the calendar that are named. */
const MOST_OLDER = 40;

const TONES: Readonly<Record<Word, Tone>> = {
  ok: 'good',
  look: 'late',
  'on hold': 'late',
  stale: 'bad',
  damaged: 'bad',
  unknown: 'bad',
};

/** One host, for the page. */
export interface HostReport {
  readonly status: HostStatus;
  readonly space: SpaceDays;
  /** By job; a job of which nothing can be foretold is not in it. */
  readonly outlooks: ReadonlyMap<string, Outlook>;
}

/** A part of the page: one host, as markup, so that each host can be read by its own account. */
export interface HostPart {
  readonly host: string;
  readonly tones: readonly Tone[];
  /** Rows of the overview. */
  readonly rows: string;
  readonly sections: string;
}

/** What the page depends on besides the hosts. */
export interface PageSetting {
  readonly at: Date;
  readonly timezone: string;
  /** Days of the calendars. */
  readonly days: number;
}

/** Renders the part of one host. */
export function renderPart(report: HostReport, setting: PageSetting): HostPart {
  const { host, plans, faults } = report.status;
  return {
    host,
    tones: [...plans.map((plan) => TONES[wordFor(plan)]), ...faults.map((): Tone => 'bad')],
    rows: markup`${plans.map((plan) => overviewRow(host, plan, setting.at))}${faults.map(
      ({ job }) =>
        markup`<tr><th scope="row">${host}/${job}</th><td data-label="State">${pill('bad', 'unknown')}</td><td colspan="5" data-label="More">see below</td></tr>`,
    )}`.text,
    sections: markup`${spaceSection(report, setting)}${plans.map((plan) => jobSection(report, plan, setting))}`.text,
  };
}

/** Puts the parts together: one self-contained page. */
export function renderSecondaryPage(machine: string, at: Date, parts: readonly HostPart[]): string {
  const tones = parts.flatMap((part) => part.tones);
  const words = {
    good: 'Everything is in order',
    late: 'Somebody has to look',
    bad: 'Not everything is in order',
  };
  const good = tones.filter((tone) => tone === 'good').length;
  const head = ['Job', 'State', 'Newest', 'Kept', 'Space', 'Scrubbed', 'Drilled'];
  const rows = parts.map((part) => new Markup(part.rows));
  const states: KeptState[] = ['kept', 'pinned', 'going', 'doubtful', 'none'];
  return renderDocument({
    title: `Off-site backups on ${machine}`,
    at,
    verdict: verdictBox(
      worstTone(tones),
      words[worstTone(tones)],
      `${good} of ${formatCount(tones.length, 'job')} in order`,
    ),
    main: markup`<section class="overview"><table><thead><tr>${head.map((word) => markup`<th scope="col">${word}</th>`)}</tr></thead><tbody>
${rows}</tbody></table></section>
${parts.map((part) => new Markup(part.sections))}`,
    footer: markup`<ul class="legend">${states.map((state) => markup`<li>${sampleCell(state, drawKept)}${KEPT_WORDS[state]}</li>`)}</ul>
<p>Days are those of the time zone of the settings, by the arrival of the seal; times are UTC. What is foretold assumes that snapshots keep arriving as they do, and that nothing is on hold. Made by offsite-rsync ${version}.</p>`,
  });
}

function overviewRow(host: string, plan: JobPlan, at: Date): Markup {
  const { newest, stored, scrubbed, drills } = plan;
  return markup`<tr><th scope="row"><a href="#${host}/${plan.job}">${host}/${plan.job}</a></th><td data-label="State">${pillOf(plan)}</td><td data-label="Newest">${agoText(newest?.received, at)}</td><td data-label="Kept">${plan.decisions.length}</td><td data-label="Space">${stored ? formatSize(stored.bytes) : '–'}</td><td data-label="Scrubbed">${agoText(scrubbed.finishedAt, at)}</td><td data-label="Drilled">${drills.failed.length > 0 ? markup`<span class="bad-text">failed</span>` : agoText(drills.last?.started, at)}</td></tr>
`;
}

function spaceSection({ status, space }: HostReport, { at, timezone }: PageSetting): Markup {
  const { host, plans, faults, lastRun, space: now, fullIn } = status;
  const samples = [...space].sort(([a], [b]) => a - b);
  const days = samples.map(([day, { freeBytes }]) => ({ date: dayOf(new Date(day * DAY), 'UTC'), value: freeBytes }));
  const added = plans.reduce((sum, plan) => sum + (addedPerDay(plan, at) ?? 0), 0);
  const full = fullIn
    ? dayOf(new Date(at.getTime() + fullIn.days * DAY), timezone)
    : 'not within ten years, or not known yet';
  const inodes = fullIn?.what === 'inodes' ? 'the inodes will be used up' : undefined;
  return markup`<section class="card" id="${host}">
<div class="title"><h2>Space for ${host}</h2></div>
<dl>
${figure('Free', formatSize(now.freeBytes), `of ${formatSize(now.totalBytes)}`)}
${figure('Inodes free', now.freeInodes === undefined ? 'not counted' : formatCount(now.freeInodes, 'inode'))}
${figure('Full', full, inodes)}
${figure('Added in a day', added === 0 ? '–' : formatSize(added))}
${figure('Prune ran', agoText(lastRun, at))}
</dl>
${faults.length === 0 ? undefined : markup`<ul class="notes bad-text">${faults.map(({ job, reason }) => markup`<li>${job} cannot be examined: ${reason}</li>`)}</ul>`}
${lineChart({ title: 'Free space', nothing: 'not known yet', days, format: formatSize })}
</section>
`;
}

function jobSection({ status: { host }, outlooks }: HostReport, plan: JobPlan, setting: PageSetting): Markup {
  const { at, timezone, days: count } = setting;
  const { job, newest, stored, scrubbed, drills, decisions, freshness } = plan;
  const outlook = outlooks.get(job);
  const { days, older } = keptDays(plan, outlook, { count, now: at, timezone });
  const added = addedPerDay(plan, at);
  const kept = days.filter(({ state }) => state !== 'none').length;
  const label = `${host}/${job}: ${formatCount(days.length, 'day')}, of ${kept} of which something can be restored`;
  const held = (outlook?.held ?? []).map((day) => ({ date: dayOf(day.at, timezone), value: day.value }));
  const last = held.at(-1)?.value ?? 0;
  return markup`<section class="card" id="${host}/${job}">
<div class="title"><h2>${host}/${job}</h2>${pillOf(plan)}</div>
${notes(plan)}
<dl>
${figure('Newest', agoText(newest?.received, at), newest?.id)}
${figure('Kept', String(decisions.length), decisions[0] ? `back to ${decisions[0].snapshot.id.slice(0, 10)}` : undefined)}
${figure('Space', stored ? formatSize(stored.bytes) : '–', added === undefined ? undefined : `${formatSize(added)} added in a day`)}
${figure('Due', freshness ? timeTag(freshness.nextDue) : '–')}
${figure('Scrubbed', agoText(scrubbed.finishedAt, at), scrubbed.done === undefined ? undefined : `${Math.floor(scrubbed.done * 100)}% of this cycle`)}
${figure('Drilled', agoText(drills.last?.started, at), drills.last ? (drills.last.ok ? 'nothing wrong' : 'failed') : undefined)}
${figure('Policy', describePolicy(plan.policy))}
</dl>
<div class="views${count >= LONG_CALENDAR ? ' long' : ''}">
<div><h3>What can be restored</h3><div class="days" tabindex="0" role="group" aria-label="${label}">${dayGrid(days, label, drawKept)}</div>${olderText(older)}</div>
<div class="charts">${lineChart({
    title: 'Snapshots that the policy will keep',
    nothing: 'nothing says how often snapshots arrive',
    days: held,
    format: (value) => String(Math.round(value)),
    note: `in ${formatCount(held.length, 'day')}: ${last}`,
  })}</div>
</div>
</section>
`;
}

function notes(plan: JobPlan): Markup | undefined {
  const { remarks } = judge(plan);
  const advice = plan.holds.map(({ kind }) => HOLDS[kind].advice);
  const pins = plan.pins.holding.map((pin) => `${pin.id} is ${describePin(pin)}`);
  const lines = [...remarks, ...advice, ...pins];
  return lines.length === 0
    ? undefined
    : markup`<ul class="notes">${lines.map((line) => markup`<li>${line}</li>`)}</ul>`;
}

function olderText(older: readonly { readonly id: string }[]): Markup | undefined {
  if (older.length === 0) return undefined;
  const ids = older.slice(-MOST_OLDER).map(({ id }) => id);
  const more = older.length > ids.length ? ` and ${older.length - ids.length} older ones` : '';
  return markup`<p class="why">Before that: ${ids.join(', ')}${more}</p>`;
}

function pillOf(plan: JobPlan): Markup {
  const word = wordFor(plan);
  return pill(TONES[word], word);
}

function agoText(time: Date | undefined, at: Date): string {
  if (time === undefined || Number.isNaN(time.getTime())) return '–';
  const age = at.getTime() - time.getTime();
  return age < 0 ? 'in the future' : `${formatDuration(age)} ago`;
}
