import { renderFamilies, type Family } from '../shared/metrics-text.ts';
import { staleAfter, type Standing } from './standing.ts';

const FAMILIES: readonly Family<Standing>[] = [
  {
    name: 'offsite_rsync_last_success_timestamp_seconds',
    help: 'End of the last run that sealed a snapshot.',
    type: 'gauge',
    value: ({ sealed }) => (sealed ? seconds(sealed.finished) : undefined),
  },
  {
    name: 'offsite_rsync_last_attempt_timestamp_seconds',
    help: 'End of the last run, whether it succeeded or failed.',
    type: 'gauge',
    value: ({ lastRun }) => (lastRun ? seconds(lastRun.finished) : undefined),
  },
  {
    name: 'offsite_rsync_last_exit_code',
    help: 'Exit code of the last run; 0 means sealed and verified.',
    type: 'gauge',
    value: ({ lastRun }) => lastRun?.exitCode,
  },
  {
    name: 'offsite_rsync_last_duration_seconds',
    help: 'Duration of the last run, all attempts together.',
    type: 'gauge',
    value: ({ lastRun }) => (lastRun ? lastRun.durationMs / 1000 : undefined),
  },
  {
    name: 'offsite_rsync_consecutive_failures',
    help: 'Failed runs since the last one that sealed a snapshot.',
    type: 'gauge',
    value: ({ condition, failing }) => (condition === 'unknown' ? undefined : (failing?.count ?? 0)),
  },
  {
    name: 'offsite_rsync_stale',
    help: '1 if a sealed snapshot was due and is missing, otherwise 0; only for jobs with expect.',
    type: 'gauge',
    value: ({ expect, stale }) => (expect ? Number(stale) : undefined),
  },
  {
    name: 'offsite_rsync_stale_after_timestamp_seconds',
    help: 'When the job becomes stale unless a newer snapshot is sealed; remains correct even if this file is no longer written.',
    type: 'gauge',
    value: (standing) => {
      const deadline = staleAfter(standing);
      return deadline && deadline.getTime() / 1000;
    },
  },
  {
    name: 'offsite_rsync_last_verification_timestamp_seconds',
    help: 'Time of the last comparison of stored bytes with the source, after a push or by verify.',
    type: 'gauge',
    value: ({ verified }) => verified && verified.at.getTime() / 1000,
  },
  {
    name: 'offsite_rsync_last_verification_success',
    help: '1 if that comparison found no damage in what could be compared, otherwise 0.',
    type: 'gauge',
    value: ({ verified }) => verified && Number(verified.outcome === 'done' || verified.outcome === 'not-identical'),
  },
  {
    name: 'offsite_rsync_damaged_snapshots',
    help: 'Snapshots that verify found damaged and has not since found intact or gone.',
    type: 'gauge',
    value: ({ condition, damaged }) => (condition === 'unknown' ? undefined : damaged.length),
  },
  {
    name: 'offsite_rsync_snapshot_size_bytes',
    help: 'Size of the last sealed snapshot: all its files, whether sent or linked.',
    type: 'gauge',
    value: ({ sealed }) => sealed?.bytes,
  },
  {
    name: 'offsite_rsync_snapshot_files',
    help: 'Regular files in the last sealed snapshot.',
    type: 'gauge',
    value: ({ sealed }) => sealed?.files,
  },
  {
    name: 'offsite_rsync_snapshot_sent_bytes',
    help: 'Bytes sent over the line for the last sealed snapshot.',
    type: 'gauge',
    value: ({ lastSuccess }) => lastSuccess?.transfer?.sentBytes,
  },
  {
    name: 'offsite_rsync_sent_bytes_total',
    help: 'Bytes sent over the line for all sealed snapshots in the history of this host.',
    type: 'counter',
    value: ({ sentBytesTotal }) => sentBytesTotal,
  },
];

/**
 * The text file for node_exporter's textfile collector. Unknown values are left out.
 *
 * The label is `backup_job`, not `job`: Prometheus sets `job` itself at every scrape and would rename ours.
 * @param version of this program
 */
export function renderMetrics(standings: readonly Standing[], version: string): string {
  return `${renderFamilies([INFO], [version], (text) => ({ version: text }))}${renderFamilies(
    FAMILIES,
    standings,
    ({ job, target }) => ({ backup_job: job, target }),
  )}`;
}

const INFO: Family<string> = {
  name: 'offsite_rsync_build_info',
  help: 'Version of offsite-rsync; always 1.',
  type: 'gauge',
  value: () => 1,
};

function seconds(iso: string): number {
  return new Date(iso).getTime() / 1000;
}
