import { OUTCOMES } from '../../shared/outcome.ts';
import type { Redact } from '../../shared/redaction.ts';
import { formatCount, formatDuration, formatSize } from '../../shared/units.ts';
import { version } from '../../shared/version.ts';
import type { Condition, Standing } from '../standing.ts';
import { calendar, DAY_WORDS, sample } from './calendar.ts';
import { durationChart, sizeChart, trafficChart } from './charts.ts';
import type { DayState } from './days.ts';
import type { Failure } from './failures.ts';
import {
  figure,
  pill,
  renderDocument,
  timeSpan,
  timeTag,
  timeText,
  verdictBox,
  worstTone,
  type Tone,
} from '../../shared/page/document.ts';
import { markup, type Markup } from '../../shared/page/markup.ts';
import type { JobReport } from './read-report.ts';
import { snapshotTime, type SnapshotId } from '../../shared/snapshot-id.ts';
import { VERIFY_MODES } from '../../shared/verify-mode.ts';

/** The content of the page. */
export interface Report {
  readonly host: string;
  readonly at: Date;
  readonly jobs: readonly JobReport[];
  /** Redacts every message of a run before it becomes markup. */
  readonly redact: Redact;
}

const TONES: Readonly<Record<Condition, Tone>> = {
  secured: 'good',
  failing: 'late',
  never: 'bad',
  stale: 'bad',
  corrupt: 'bad',
  unknown: 'bad',
};

/** From this number of days on, the calendar is above the charts instead of beside them. */
const LONG_CALENDAR = 150;

/** Longest reason of a failed run that is shown, in characters. */
const LONGEST_REASON = 400;

/** One self-contained page. */
export function renderPage({ host, at, jobs, redact }: Report): string {
  const states = ['sealed', 'late', 'failed', 'missing', 'none'] as const;
  return renderDocument({
    title: `Off-site backups of ${redact(host)}`,
    at,
    verdict: verdict(jobs),
    main: markup`${jobs.length > 1 ? overview(jobs, at) : undefined}
${jobs.map((job) => jobSection(job, at, redact))}`,
    footer: markup`<ul class="legend">${states.map(legendItem)}</ul>
<p>A snapshot counts once it is sealed: complete, and compared with its source on both sides. Days are those of the time zone of the schedule; times are UTC. Made by offsite-rsync ${version}.</p>`,
  });
}

function verdict(jobs: readonly JobReport[]): Markup {
  const secured = jobs.filter(({ standing }) => standing.condition === 'secured').length;
  const tones = jobs.map(({ standing }) => toneOf(standing));
  const tone = worstTone(tones);
  const words = { good: 'Everything is secured', late: 'Secured, but runs fail', bad: 'Not everything is secured' };
  return verdictBox(tone, words[tone], `${secured} of ${formatCount(jobs.length, 'backup')} in order`);
}

function toneOf({ condition, stale }: Standing): Tone {
  return stale ? 'bad' : TONES[condition];
}

function overview(jobs: readonly JobReport[], at: Date): Markup {
  const rows = jobs.map(({ standing }) => {
    const { job, target, sealed } = standing;
    return markup`<tr><th scope="row"><a href="#${anchor(standing)}">${job} → ${target}</a></th><td data-label="State">${pillOf(standing)}</td><td data-label="Last sealed">${sealed ? timeText(new Date(sealed.started)) : '–'}</td><td data-label="Age">${ageText(standing)}</td><td data-label="Next due">${dueText(standing, at)}</td><td data-label="Size">${sealed ? formatSize(sealed.bytes) : '–'}</td></tr>
`;
  });
  return markup`<section class="overview" aria-label="Overview"><table>
<thead><tr><th scope="col">Backup</th><th scope="col">State</th><th scope="col">Last sealed</th><th scope="col">Age</th><th scope="col">Next due</th><th scope="col">Size</th></tr></thead>
<tbody>${rows}</tbody></table></section>`;
}

function jobSection({ standing, days, failures, sealed }: JobReport, at: Date, redact: Redact): Markup {
  const { job, target, why } = standing;
  const name = `${job} to ${target}`;
  const long = days.length > LONG_CALENDAR ? ' long' : '';
  return markup`<section class="card" id="${anchor(standing)}" aria-label="${name}">
<div class="title"><h2>${job} <span class="to">→ ${target}</span></h2>${pillOf(standing)}</div>
${why === '' ? undefined : markup`<p class="why">${capital(redact(why))}.</p>`}
${figures(standing, at)}
${restorable(standing, sealed, at)}
<div class="views${long}">
<div><h3>The last ${formatCount(days.length, 'day')}</h3><div class="days" role="region" aria-label="Calendar of ${name}" tabindex="0">${calendar(days, name)}</div></div>
<div class="charts">${sizeChart(days)}${trafficChart(days)}${durationChart(days)}</div>
</div>
${failures.length === 0 ? undefined : failureList(failures, redact)}
</section>
`;
}

function figures(standing: Standing, at: Date): Markup {
  const { sealed, lastSuccess, verified, fullyVerified } = standing;
  const ago = (time: Date) => agoText(time, at);
  const sent = lastSuccess?.transfer?.sentBytes;
  return markup`<dl>
${figure('Last sealed', sealed ? ago(new Date(sealed.started)) : 'never', sealed ? timeText(new Date(sealed.started)) : undefined)}
${figure('Next due', dueText(standing, at), standing.expect ? `${standing.expect.schedule} ${standing.expect.timezone}, grace ${formatDuration(standing.expect.graceMs)}` : 'no schedule is expected')}
${figure('Last verification', verified ? verifiedText(standing) : 'never', verified ? `${ago(verified.at)}, ${VERIFY_MODES[verified.scope].short}` : undefined)}
${figure('Found intact', fullyVerified ? ago(fullyVerified) : 'never', fullyVerified ? timeText(fullyVerified) : undefined)}
${standing.damaged.length === 0 ? undefined : figure('Damaged', markup`<span class="bad-text">${formatCount(standing.damaged.length, 'snapshot')}</span>`, standing.damaged.map(({ snapshot }) => snapshot).join(', '))}
${figure('Size', sealed ? formatSize(sealed.bytes) : '–', sealed ? formatCount(sealed.files, 'file') : undefined)}
${figure('Sent for it', sent === undefined ? '–' : formatSize(sent), sent !== undefined && sealed && sealed.bytes > sent ? `${(Math.floor((1 - sent / sealed.bytes) * 10_000) / 100).toFixed(2)} % saved` : undefined)}
${figure('Took', lastSuccess ? formatDuration(lastSuccess.durationMs) : '–', lastSuccess && lastSuccess.attempts > 1 ? formatCount(lastSuccess.attempts, 'attempt') : undefined)}
</dl>`;
}

/** What there is to restore from, as far as the primary knows. */
function restorable({ sealed, damaged }: Standing, snapshots: readonly SnapshotId[], at: Date): Markup {
  const bad = new Set(damaged.map(({ snapshot }) => snapshot));
  const known = [...new Set([...snapshots, ...(sealed ? [sealed.id] : [])])].sort();
  const whole = known.filter((id) => !bad.has(id));
  const newest = whole.at(-1);
  if (newest === undefined) return markup`<p class="restore">Nothing is known that could be restored.</p>`;
  const others = whole.length - 1;
  const older =
    others === 0
      ? ''
      : ` Before it, ${formatCount(others, 'snapshot')} sealed since ${whole[0]?.slice(0, 10) ?? ''}; which of them are kept, the secondary decides.`;
  return markup`<p class="restore">To restore from: <code>${newest}</code>, with data from ${agoText(snapshotTime(newest), at)}.${older}</p>`;
}

function agoText(time: Date, at: Date): string {
  return `${formatDuration(Math.max(0, at.getTime() - time.getTime()))} ago`;
}

function verifiedText({ verified }: Standing): string | Markup {
  if (verified?.outcome === 'done') return 'intact';
  if (verified?.outcome === 'not-identical') return 'no damage; not all comparable';
  return markup`<span class="bad-text">${verified?.outcome === 'corruption' ? 'damage found' : 'blind: proves nothing'}</span>`;
}

function ageText({ ageMs }: Standing): string {
  if (ageMs === undefined) return '–';
  return ageMs < 0 ? 'from the future' : formatDuration(ageMs);
}

function dueText({ freshness, stale }: Standing, at: Date): string | Markup {
  if (!freshness) return '–';
  if (stale) {
    const text =
      freshness.state === 'clock-wrong' ? 'clock is wrong' : `${formatDuration(freshness.overdueBy)} overdue`;
    return markup`<span class="bad-text">${text}</span>`;
  }
  if (freshness.state === 'waiting') return `now, ${formatDuration(freshness.deadline.getTime() - at.getTime())} left`;
  return `in ${formatDuration(freshness.nextDue.getTime() - at.getTime())}`;
}

function pillOf(standing: Standing): Markup {
  return pill(toneOf(standing), standing.condition === 'never' ? 'never secured' : standing.condition);
}

function failureList(failures: readonly Failure[], redact: Redact): Markup {
  const items = failures.map(({ from, at, count, outcome, reason }) => {
    const text = redact(reason).trim().slice(0, LONGEST_REASON);
    const when = count === 1 ? timeTag(new Date(at)) : timeSpan(new Date(from), new Date(at));
    const often = count === 1 ? '' : `, ${count} times in a row`;
    return markup`<li>${when}<div>${OUTCOMES[outcome].title}${often}${text === '' ? undefined : markup`<p>${text}</p>`}</div></li>`;
  });
  return markup`<div class="failures"><h3>Last failures</h3><ul>${items}</ul></div>`;
}

function legendItem(state: DayState): Markup {
  return markup`<li>${sample(state)}${DAY_WORDS[state]}</li>`;
}

function anchor({ job, target }: Standing): string {
  return `${job}@${target}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
