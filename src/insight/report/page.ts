import { OUTCOMES } from '../../shared/outcome.ts';
import type { Redact } from '../../shared/redaction.ts';
import { formatCount, formatDuration, formatSize } from '../../shared/units.ts';
import { version } from '../../shared/version.ts';
import type { Condition, Standing } from '../standing.ts';
import { calendar, DAY_WORDS, sample } from './calendar.ts';
import { sizeChart, trafficChart } from './charts.ts';
import type { DayState, Failure } from './days.ts';
import { markup, Markup } from './markup.ts';
import type { JobReport } from './read-report.ts';
import { STYLE } from './style.ts';
import { VERIFY_MODES } from '../../shared/verify-mode.ts';

/** The content of the page. */
export interface Report {
  readonly host: string;
  readonly at: Date;
  readonly jobs: readonly JobReport[];
  /** Redacts every message of a run before it becomes markup. */
  readonly redact: Redact;
}

type Tone = 'good' | 'late' | 'bad';

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

/** One self-contained page: it uses no script, font or image from elsewhere, and its policy forbids loading any. */
export function renderPage({ host, at, jobs, redact }: Report): string {
  const sections = jobs.map((job) => jobSection(job, at, redact));
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>Off-site backups of ${redact(host)}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>Off-site backups of ${redact(host)}</h1>
<p class="when">as of ${timeTag(at)}</p>
${verdict(jobs)}
</header>
<main>
${jobs.length > 1 ? overview(jobs, at) : undefined}
${sections}
</main>
<footer>
<ul class="legend">${(['sealed', 'late', 'failed', 'missing', 'none'] as const).map(legendItem)}</ul>
<p>A snapshot counts once it is sealed: complete, and compared with its source on both sides. Days are those of the time zone of the schedule; times are UTC. Made by offsite-rsync ${version}.</p>
</footer>
</body>
</html>
`;
  return page.text;
}

function verdict(jobs: readonly JobReport[]): Markup {
  const secured = jobs.filter(({ standing }) => standing.condition === 'secured').length;
  const tones = jobs.map(({ standing }) => toneOf(standing));
  const tone: Tone = tones.includes('bad') ? 'bad' : tones.includes('late') ? 'late' : 'good';
  const words = { good: 'Everything is secured', late: 'Secured, but runs fail', bad: 'Not everything is secured' };
  return markup`<div class="verdict ${tone}"><strong>${words[tone]}</strong><span>${secured} of ${formatCount(jobs.length, 'backup')} in order</span></div>`;
}

function toneOf({ condition, stale }: Standing): Tone {
  return stale ? 'bad' : TONES[condition];
}

function overview(jobs: readonly JobReport[], at: Date): Markup {
  const rows = jobs.map(({ standing }) => {
    const { job, target, sealed } = standing;
    return markup`<tr><th scope="row"><a href="#${anchor(standing)}">${job} → ${target}</a></th><td data-label="State">${pill(standing)}</td><td data-label="Last sealed">${sealed ? timeText(new Date(sealed.started)) : '–'}</td><td data-label="Age">${ageText(standing)}</td><td data-label="Next due">${dueText(standing, at)}</td><td data-label="Size">${sealed ? formatSize(sealed.bytes) : '–'}</td></tr>
`;
  });
  return markup`<section class="overview" aria-label="Overview"><table>
<thead><tr><th scope="col">Backup</th><th scope="col">State</th><th scope="col">Last sealed</th><th scope="col">Age</th><th scope="col">Next due</th><th scope="col">Size</th></tr></thead>
<tbody>${rows}</tbody></table></section>`;
}

function jobSection({ standing, days, failures }: JobReport, at: Date, redact: Redact): Markup {
  const { job, target, why } = standing;
  const name = `${job} to ${target}`;
  const long = days.length > LONG_CALENDAR ? ' long' : '';
  return markup`<section class="card" id="${anchor(standing)}" aria-label="${name}">
<div class="title"><h2>${job} <span class="to">→ ${target}</span></h2>${pill(standing)}</div>
${why === '' ? undefined : markup`<p class="why">${capital(redact(why))}.</p>`}
${figures(standing, at)}
<div class="views${long}">
<div><h3>The last ${formatCount(days.length, 'day')}</h3><div class="days" role="region" aria-label="Calendar of ${name}" tabindex="0">${calendar(days, name)}</div></div>
<div class="charts">${sizeChart(days)}${trafficChart(days)}</div>
</div>
${failures.length === 0 ? undefined : failureList(failures, redact)}
</section>
`;
}

function figures(standing: Standing, at: Date): Markup {
  const { sealed, lastSuccess, verified } = standing;
  const ago = (time: Date) => `${formatDuration(Math.max(0, at.getTime() - time.getTime()))} ago`;
  const sent = lastSuccess?.transfer?.sentBytes;
  return markup`<dl>
${figure('Last sealed', sealed ? ago(new Date(sealed.started)) : 'never', sealed ? timeText(new Date(sealed.started)) : undefined)}
${figure('Next due', dueText(standing, at), standing.expect ? `${standing.expect.schedule} ${standing.expect.timezone}, grace ${formatDuration(standing.expect.graceMs)}` : 'no schedule is expected')}
${figure('Last verification', verified ? verifiedText(standing) : 'never', verified ? `${ago(verified.at)}, ${VERIFY_MODES[verified.scope].short}` : undefined)}
${standing.damaged.length === 0 ? undefined : figure('Damaged', markup`<span class="bad-text">${formatCount(standing.damaged.length, 'snapshot')}</span>`, standing.damaged.map(({ snapshot }) => snapshot).join(', '))}
${figure('Size', sealed ? formatSize(sealed.bytes) : '–', sealed ? formatCount(sealed.files, 'file') : undefined)}
${figure('Sent for it', sent === undefined ? '–' : formatSize(sent), sent !== undefined && sealed && sealed.bytes > sent ? `${(Math.floor((1 - sent / sealed.bytes) * 10_000) / 100).toFixed(2)} % saved` : undefined)}
${figure('Took', lastSuccess ? formatDuration(lastSuccess.durationMs) : '–', lastSuccess && lastSuccess.attempts > 1 ? formatCount(lastSuccess.attempts, 'attempt') : undefined)}
</dl>`;
}

function figure(label: string, value: string | Markup, detail: string | undefined): Markup {
  return markup`<div><dt>${label}</dt><dd>${value}${detail === undefined ? undefined : markup`<small>${detail}</small>`}</dd></div>`;
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

function pill(standing: Standing): Markup {
  const signs = { good: '✓', late: '!', bad: '✗' };
  const tone = toneOf(standing);
  const word = standing.condition === 'never' ? 'never secured' : standing.condition;
  return markup`<span class="pill ${tone}"><span aria-hidden="true">${signs[tone]}</span> ${word}</span>`;
}

function failureList(failures: readonly Failure[], redact: Redact): Markup {
  const items = failures.map(({ at, outcome, reason }) => {
    const text = redact(reason).trim().slice(0, LONGEST_REASON);
    return markup`<li>${timeTag(new Date(at))}<div>${OUTCOMES[outcome].title}${text === '' ? undefined : markup`<p>${text}</p>`}</div></li>`;
  });
  return markup`<div class="failures"><h3>Last failures</h3><ul>${items}</ul></div>`;
}

function legendItem(state: DayState): Markup {
  return markup`<li>${sample(state)}${DAY_WORDS[state]}</li>`;
}

function anchor({ job, target }: Standing): string {
  return `${job}@${target}`;
}

function timeTag(time: Date): Markup {
  return markup`<time datetime="${time.toISOString()}">${timeText(time)}</time>`;
}

function timeText(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
