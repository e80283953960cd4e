import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { renderMetrics } from '../../src/insight/metrics.ts';
import { standingOf } from '../../src/insight/standing.ts';
import { runRecord, stateAfterRuns } from '../unit/insight/support/records.ts';

const docs = new URL('../../docs/prometheus/', import.meta.url);
const rules = fileURLToPath(new URL('offsite-rsync.rules.yml', docs));
const directory = mkdtempSync(join(tmpdir(), 'offsite-'));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Debian's package `prometheus` has it. */
function promtool(args: readonly string[], input = ''): { status: number | null; said: string } {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  if (error) throw error;
  return { status, said: `${stdout}${stderr}` };
}

function sample(): string {
  const good = runRecord('2026-11-22T02:16:00Z');
  const bad = runRecord('2026-11-23T02:16:00Z', { outcome: 'connection-lost' });
  const standing = standingOf(
    {
      job: 'postgres',
      target: 'vault',
      expect: { schedule: '15 2 * * *', timezone: 'UTC', graceMs: 3_600_000 },
      ...stateAfterRuns([good, bad]),
      verification: undefined,
      damaged: [],
      lastRun: bad,
      lastSuccess: good,
      lastFailure: bad,
      sentBytesTotal: 1,
    },
    new Date('2026-11-23T12:00:00Z'),
  );
  return renderMetrics([standing], '1.2.3');
}

const metricNames = new Set([...sample().matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));

function unknownMetrics(text: string): string[] {
  return [...text.matchAll(/offsite_rsync_\w+/g)].map(([name]) => name).filter((name) => !metricNames.has(name));
}

describe('promtool', () => {
  it('finds nothing to say about the metrics', () => {
    expect(promtool(['check', 'metrics'], sample())).toEqual({ status: 0, said: '' });
  });

  it('finds the example rules in order', () => {
    expect(promtool(['check', 'rules', '--lint-fatal', rules])).toMatchObject({ status: 0 });
  });

  it('sees the rules fire, also when nothing writes the metrics any more', () => {
    const series = (name: string, values: string) =>
      `      - series: '${name}{instance="db1",backup_job="postgres",target="vault"}'\n        values: '${values}'\n`;
    const labels = 'instance: db1, backup_job: postgres, target: vault';
    const file = join(directory, 'rules.test.yml');
    writeFileSync(
      file,
      `rule_files: ['${rules}']
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
${series('offsite_rsync_build_info', '1x200')}${series('offsite_rsync_stale', '0x200')}${series('offsite_rsync_stale_after_timestamp_seconds', '3600x200')}${series('offsite_rsync_last_verification_success', '1x100 0x100')}${series('offsite_rsync_damaged_snapshots', '0x100 3x100')}${series('offsite_rsync_consecutive_failures', '0x100 2x100')}${series('offsite_rsync_last_success_timestamp_seconds', '0x200')}
    alert_rule_test:
      - eval_time: 50m
        alertname: OffsiteBackupStale
      - eval_time: 70m
        alertname: OffsiteBackupStale
        exp_alerts:
          - exp_labels: { severity: critical, ${labels} }
            exp_annotations:
              summary: 'Stale: postgres of db1 on vault'
              description: 'No sealed snapshot has arrived though one was due. On the primary: offsite-rsync status postgres'
      - eval_time: 70m
        alertname: OffsiteRunsFail
      - eval_time: 130m
        alertname: OffsiteRunsFail
        exp_alerts:
          - exp_labels: { severity: warning, ${labels} }
            exp_annotations:
              summary: 'Runs fail: postgres of db1 to vault'
              description: '2 in a row. On the primary: offsite-rsync history postgres'
      - eval_time: 70m
        alertname: OffsiteDamagedSnapshots
      - eval_time: 130m
        alertname: OffsiteDamagedSnapshots
        exp_alerts:
          - exp_labels: { severity: warning, ${labels} }
            exp_annotations:
              summary: 'Damaged snapshots: 3 of postgres on vault'
              description: 'Do not restore from them what verify named. Which ones, on the primary: offsite-rsync status postgres'
      - eval_time: 70m
        alertname: OffsiteVerificationFailed
      - eval_time: 130m
        alertname: OffsiteMetricsMissing
`,
    );
    const { status, said } = promtool(['test', 'rules', file]);
    expect(said).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});

describe('the examples', () => {
  it('name only metrics that exist', async () => {
    expect(unknownMetrics(await readFile(rules, 'utf8'))).toEqual([]);
    expect(unknownMetrics(await readFile(new URL('grafana-dashboard.json', docs), 'utf8'))).toEqual([]);
  });

  it('hold a dashboard whose every query Prometheus can read', async () => {
    const dashboard = JSON.parse(await readFile(new URL('grafana-dashboard.json', docs), 'utf8')) as {
      panels: { title: string; targets: { expr: string }[] }[];
    };
    const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(queries.length).toBeGreaterThan(10);
    const file = join(directory, 'dashboard.yml');
    const rows = queries.map((expr, index) => ({ record: `dashboard:query${index}`, expr }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: rows }] }));
    expect(promtool(['check', 'rules', file])).toMatchObject({ status: 0 });
  });
});
