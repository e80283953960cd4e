import { renderFamilies, type Family } from '../../src/shared/metrics-text.ts';
import { HOLDS } from '../retention/holds.ts';
import type { JobPlan } from './plan.ts';
import type { HostStatus } from './report.ts';

const DAY = 86_400_000;

/** Days over which the average of what a job adds is taken. */
const AVERAGED_DAYS = 28;

/** One host at the time of a check. */
interface Checked {
  readonly status: HostStatus;
  readonly at: Date;
}

/** One job at that time. */
interface CheckedJob extends Checked {
  readonly plan: JobPlan;
}

const HOST_FAMILIES: readonly Family<Checked>[] = [
  {
    name: 'offsite_secondary_checked_timestamp_seconds',
    help: 'When these figures were collected.',
    type: 'gauge',
    value: ({ at }) => seconds(at),
  },
  {
    name: 'offsite_secondary_last_prune_timestamp_seconds',
    help: 'End of the last run of prune.',
    type: 'gauge',
    value: ({ status: { lastRun } }) => lastRun && seconds(lastRun),
  },
  {
    name: 'offsite_secondary_unknown_jobs',
    help: 'Jobs that could not be examined, and have no figures here.',
    type: 'gauge',
    value: ({ status: { faults } }) => faults.length,
  },
  {
    name: 'offsite_secondary_size_bytes',
    help: 'Size of the file system that holds the snapshots.',
    type: 'gauge',
    value: ({ status: { space } }) => space.totalBytes,
  },
  {
    name: 'offsite_secondary_free_bytes',
    help: 'Bytes free on that file system.',
    type: 'gauge',
    value: ({ status: { space } }) => space.freeBytes,
  },
  {
    name: 'offsite_secondary_free_inodes',
    help: 'Inodes free on that file system, if it counts them.',
    type: 'gauge',
    value: ({ status: { space } }) => space.freeInodes,
  },
  {
    name: 'offsite_secondary_time_until_full_seconds',
    help: 'Time until the gate lets no push begin, if things go on as in the last four weeks; missing if that will not come.',
    type: 'gauge',
    value: ({ status: { fullIn } }) => fullIn && fullIn.days * (DAY / 1000),
  },
];

const JOB_FAMILIES: readonly Family<CheckedJob>[] = [
  {
    name: 'offsite_secondary_newest_timestamp_seconds',
    help: 'When the newest sealed snapshot arrived.',
    type: 'gauge',
    value: ({ plan: { newest } }) => newest && seconds(newest.received),
  },
  {
    name: 'offsite_secondary_overdue',
    help: '1 if a snapshot was due and is missing, otherwise 0; only for jobs with expect.',
    type: 'gauge',
    value: ({ plan: { freshness } }) => freshness && Number(freshness.state === 'overdue'),
  },
  {
    name: 'offsite_secondary_overdue_after_timestamp_seconds',
    help: 'When the job becomes overdue unless a newer snapshot arrives; remains correct even if this file is no longer written.',
    type: 'gauge',
    value: ({ plan: { freshness } }) => freshness && seconds(freshness.deadline),
  },
  {
    name: 'offsite_secondary_on_hold',
    help: '1 if prune removes nothing of the job for this reason, otherwise 0.',
    type: 'gauge',
    value: ({ plan: { holds } }) =>
      Object.keys(HOLDS).map((kind) => ({ labels: { kind }, value: Number(holds.some((hold) => hold.kind === kind)) })),
  },
  {
    name: 'offsite_secondary_snapshots',
    help: 'Sealed snapshots that are there.',
    type: 'gauge',
    value: ({ plan: { decisions } }) => decisions.length,
  },
  {
    name: 'offsite_secondary_quarantined_snapshots',
    help: 'Snapshots in quarantine.',
    type: 'gauge',
    value: ({ plan: { decisions } }) => decisions.filter(({ action }) => action === 'quarantine').length,
  },
  {
    name: 'offsite_secondary_unknown_entries',
    help: 'Entries of the directory of the job that prune cannot explain.',
    type: 'gauge',
    value: ({ plan: { oddities } }) => oddities.length,
  },
  {
    name: 'offsite_secondary_pinned_snapshots',
    help: 'Snapshots that are pinned.',
    type: 'gauge',
    value: ({ plan: { pins } }) => pins.holding.length,
  },
  {
    name: 'offsite_secondary_lost_pins',
    help: 'Pinned snapshots that are not there.',
    type: 'gauge',
    value: ({ plan: { pins } }) => pins.lost.length,
  },
  {
    name: 'offsite_secondary_snapshot_size_bytes',
    help: 'Size of the newest snapshot, as its seal says.',
    type: 'gauge',
    value: ({ plan: { newest } }) => newest?.bytes,
  },
  {
    name: 'offsite_secondary_stored_bytes',
    help: 'Bytes on the disk of all snapshots of the job together, measured once a week.',
    type: 'gauge',
    value: ({ plan: { stored } }) => stored?.bytes,
  },
  {
    name: 'offsite_secondary_added_bytes_per_day',
    help: 'Bytes on the disk that arrive in a day, on average over the last four weeks.',
    type: 'gauge',
    value: ({ plan, at }) => addedPerDay(plan, at),
  },
  {
    name: 'offsite_secondary_last_scrub_timestamp_seconds',
    help: 'When the scrub last did its share.',
    type: 'gauge',
    value: ({ plan: { scrubbed } }) => scrubbed.ranAt && seconds(scrubbed.ranAt),
  },
  {
    name: 'offsite_secondary_scrub_finished_timestamp_seconds',
    help: 'When the scrub had last read everything.',
    type: 'gauge',
    value: ({ plan: { scrubbed } }) => scrubbed.finishedAt && seconds(scrubbed.finishedAt),
  },
  {
    name: 'offsite_secondary_scrub_done_ratio',
    help: 'How much of the present cycle of the scrub is done, from 0 to 1.',
    type: 'gauge',
    value: ({ plan: { scrubbed } }) => scrubbed.done,
  },
  {
    name: 'offsite_secondary_damaged_files',
    help: 'Stored files that are known to be damaged, each once however many snapshots have it.',
    type: 'gauge',
    value: ({ plan: { damage } }) =>
      damage.unknown === undefined ? damage.entries.length + damage.omitted : undefined,
  },
  {
    name: 'offsite_secondary_last_drill_timestamp_seconds',
    help: 'When the last drill with a newest snapshot began.',
    type: 'gauge',
    value: ({ plan: { drills } }) => drills.last && seconds(drills.last.started),
  },
  {
    name: 'offsite_secondary_last_drill_success',
    help: '1 if that drill found nothing wrong, otherwise 0.',
    type: 'gauge',
    value: ({ plan: { drills } }) => drills.last && Number(drills.last.ok),
  },
  {
    name: 'offsite_secondary_last_drill_duration_seconds',
    help: 'How long that drill took.',
    type: 'gauge',
    value: ({ plan: { drills } }) => drills.last && drills.last.durationMs / 1000,
  },
  {
    name: 'offsite_secondary_failed_drills',
    help: 'Of the last drill with a newest snapshot and the last with an old one, those that failed.',
    type: 'gauge',
    value: ({ plan: { drills } }) => drills.failed.length,
  },
  {
    name: 'offsite_secondary_drill_overdue',
    help: '1 if a drill was due and was not made, otherwise 0; only for jobs with drills.',
    type: 'gauge',
    value: ({ plan: { drills } }) => (drills.expected ? Number(drills.overdueBy !== undefined) : undefined),
  },
];

/** The text for node_exporter's textfile collector: how one host stands. @param version of this program */
export function renderMetrics(status: HostStatus, at: Date, version: string): string {
  const jobs = status.plans.map((plan) => ({ status, at, plan }));
  const primary = status.host;
  return [
    renderFamilies([INFO], [version], (text) => ({ primary, version: text })),
    renderFamilies(HOST_FAMILIES, [{ status, at }], () => ({ primary })),
    renderFamilies(JOB_FAMILIES, jobs, ({ plan: { job } }) => ({ primary, backup_job: job })),
  ].join('');
}

const INFO: Family<string> = {
  name: 'offsite_secondary_build_info',
  help: 'Version of the programs of the secondary; always 1.',
  type: 'gauge',
  value: () => 1,
};

/** What a job adds in a day; undefined if it was measured for less than a week. */
export function addedPerDay({ churn }: Pick<JobPlan, 'churn'>, at: Date): number | undefined {
  if (!churn) return undefined;
  const known = Math.min(AVERAGED_DAYS, (at.getTime() - churn.since.getTime()) / DAY);
  if (known < 7) return undefined;
  const first = Math.floor(at.getTime() / DAY) - known;
  const sum = [...churn.days].reduce((total, [day, { fresh }]) => total + (day > first ? fresh : 0), 0);
  return Math.round(sum / known);
}

function seconds(time: Date): number {
  return time.getTime() / 1000;
}
