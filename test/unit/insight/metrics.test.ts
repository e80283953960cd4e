import { describe, expect, it } from 'vitest';
import { renderMetrics } from '../../../src/insight/metrics.ts';
import { standingOf } from '../../../src/insight/standing.ts';
import { runRecord, stateAfterRuns } from './support/records.ts';

const NOW = new Date('2026-11-23T12:00:00Z');

describe('the metrics', () => {
  it('are exactly this text', () => {
    const run = runRecord('2026-11-23T02:16:00Z');
    const postgres = standingOf(
      {
        job: 'postgres',
        target: 'vault',
        expect: { schedule: '15 2 * * *', timezone: 'UTC', graceMs: 3_600_000 },
        ...stateAfterRuns([run]),
        verification: undefined,
        damaged: [],
        lastRun: run,
        lastSuccess: run,
        lastFailure: undefined,
        sentBytesTotal: 123_456,
      },
      NOW,
    );
    expect(renderMetrics([postgres], '1.2.3')).toMatchInlineSnapshot(`
      "# HELP offsite_rsync_build_info Version of offsite-rsync; always 1.
      # TYPE offsite_rsync_build_info gauge
      offsite_rsync_build_info{version="1.2.3"} 1
      # HELP offsite_rsync_last_success_timestamp_seconds End of the last run that sealed a snapshot.
      # TYPE offsite_rsync_last_success_timestamp_seconds gauge
      offsite_rsync_last_success_timestamp_seconds{backup_job="postgres",target="vault"} 1795400280
      # HELP offsite_rsync_last_attempt_timestamp_seconds End of the last run, whether it succeeded or failed.
      # TYPE offsite_rsync_last_attempt_timestamp_seconds gauge
      offsite_rsync_last_attempt_timestamp_seconds{backup_job="postgres",target="vault"} 1795400280
      # HELP offsite_rsync_last_exit_code Exit code of the last run; 0 means sealed and verified.
      # TYPE offsite_rsync_last_exit_code gauge
      offsite_rsync_last_exit_code{backup_job="postgres",target="vault"} 0
      # HELP offsite_rsync_last_duration_seconds Duration of the last run, all attempts together.
      # TYPE offsite_rsync_last_duration_seconds gauge
      offsite_rsync_last_duration_seconds{backup_job="postgres",target="vault"} 120
      # HELP offsite_rsync_consecutive_failures Failed runs since the last one that sealed a snapshot.
      # TYPE offsite_rsync_consecutive_failures gauge
      offsite_rsync_consecutive_failures{backup_job="postgres",target="vault"} 0
      # HELP offsite_rsync_stale 1 if a sealed snapshot was due and is missing, otherwise 0; only for jobs with expect.
      # TYPE offsite_rsync_stale gauge
      offsite_rsync_stale{backup_job="postgres",target="vault"} 0
      # HELP offsite_rsync_stale_after_timestamp_seconds When the job becomes stale unless a newer snapshot is sealed; remains correct even if this file is no longer written.
      # TYPE offsite_rsync_stale_after_timestamp_seconds gauge
      offsite_rsync_stale_after_timestamp_seconds{backup_job="postgres",target="vault"} 1795490100
      # HELP offsite_rsync_last_verification_timestamp_seconds Time of the last comparison of stored bytes with the source, after a push or by verify.
      # TYPE offsite_rsync_last_verification_timestamp_seconds gauge
      offsite_rsync_last_verification_timestamp_seconds{backup_job="postgres",target="vault"} 1795400280
      # HELP offsite_rsync_last_verification_success 1 if that comparison found no damage in what could be compared, otherwise 0.
      # TYPE offsite_rsync_last_verification_success gauge
      offsite_rsync_last_verification_success{backup_job="postgres",target="vault"} 1
      # HELP offsite_rsync_damaged_snapshots Snapshots that verify found damaged and has not since found intact or gone.
      # TYPE offsite_rsync_damaged_snapshots gauge
      offsite_rsync_damaged_snapshots{backup_job="postgres",target="vault"} 0
      # HELP offsite_rsync_snapshot_size_bytes Size of the last sealed snapshot: all its files, whether sent or linked.
      # TYPE offsite_rsync_snapshot_size_bytes gauge
      offsite_rsync_snapshot_size_bytes{backup_job="postgres",target="vault"} 3221225472
      # HELP offsite_rsync_snapshot_files Regular files in the last sealed snapshot.
      # TYPE offsite_rsync_snapshot_files gauge
      offsite_rsync_snapshot_files{backup_job="postgres",target="vault"} 12
      # HELP offsite_rsync_snapshot_sent_bytes Bytes sent over the line for the last sealed snapshot.
      # TYPE offsite_rsync_snapshot_sent_bytes gauge
      offsite_rsync_snapshot_sent_bytes{backup_job="postgres",target="vault"} 20000
      # HELP offsite_rsync_sent_bytes_total Bytes sent over the line for all sealed snapshots in the history of this host.
      # TYPE offsite_rsync_sent_bytes_total counter
      offsite_rsync_sent_bytes_total{backup_job="postgres",target="vault"} 123456
      "
    `);
  });

  it('leave out what is not known instead of saying 0', () => {
    const nothing = {
      job: 'new',
      target: 'vault',
      expect: undefined,
      sealed: null,
      failing: null,
      lastFullVerification: null,
      verification: undefined,
      damaged: [],
      lastRun: undefined,
      lastSuccess: undefined,
      lastFailure: undefined,
      sentBytesTotal: 0,
    };
    const rows = renderMetrics([standingOf(nothing, NOW)], '1.2.3')
      .split('\n')
      .filter((line) => line.includes('backup_job="new"'));
    expect(rows).toEqual([
      'offsite_rsync_consecutive_failures{backup_job="new",target="vault"} 0',
      'offsite_rsync_damaged_snapshots{backup_job="new",target="vault"} 0',
      'offsite_rsync_sent_bytes_total{backup_job="new",target="vault"} 0',
    ]);
  });
});
