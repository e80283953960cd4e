import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { renderMetrics } from '../../src/insight/metrics.ts';
import { renderMetrics as renderSecondary } from '../../remote-scripts/prune/metrics.ts';
import { fullStatus } from '../unit/prune/support/status.ts';
import { createStore } from '../unit/prune/support/store.ts';
import { standingOf } from '../../src/insight/standing.ts';
import { runRecord, stateAfterRuns } from '../unit/insight/support/records.ts';

const docs = new URL('../../docs/prometheus/', import.meta.url);
const rules = fileURLToPath(new URL('offsite-rsync.rules.yml', docs));
const secondaryRules = fileURLToPath(new URL('offsite-secondary.rules.yml', docs));
const DASHBOARDS = ['grafana-dashboard.json', 'grafana-dashboard-secondary.json'];
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

/** What the check on the secondary writes of a host with everything that can be in it. */
function secondarySample(): string {
  const store = createStore({ jobs: '{ db: { expect: { schedule: "0 0 * * *" }, drill: {} } }' });
  try {
    return renderSecondary(fullStatus(store.host), new Date('2026-11-23T12:00:00Z'), '1.2.3');
  } finally {
    store.remove();
  }
}

const metricNames = new Set([...`${sample()}${secondarySample()}`.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));

function unknownMetrics(text: string): string[] {
  return [...text.matchAll(/offsite_(?:rsync|secondary)_\w+/g)]
    .map(([name]) => name)
    .filter((name) => !metricNames.has(name));
}

describe('promtool', () => {
  it('finds nothing to say about the metrics', () => {
    expect(promtool(['check', 'metrics'], sample())).toEqual({ status: 0, said: '' });
    expect(promtool(['check', 'metrics'], secondarySample())).toEqual({ status: 0, said: '' });
  });

  it('finds the example rules in order', () => {
    expect(promtool(['check', 'rules', '--lint-fatal', rules])).toMatchObject({ status: 0 });
    expect(promtool(['check', 'rules', '--lint-fatal', secondaryRules])).toMatchObject({ status: 0 });
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

describe('the rules of the secondary', () => {
  it('fire for what has to be looked at, also when nothing writes the metrics any more', () => {
    const series = (name: string, values: string, labels = '') =>
      `      - series: 'offsite_secondary_${name}{instance="vault",primary="db1"${labels}}'\n        values: '${values}'\n`;
    const job = ',backup_job="postgres"';
    const input = [
      series('build_info', '1x200'),
      series('overdue', '0x200', job),
      series('overdue_after_timestamp_seconds', '3600x200', job),
      series('on_hold', '0x100 1x100', `${job},kind="churn"`),
      series('on_hold', '0x100 1x100', `${job},kind="removals"`),
      series('damaged_files', '0x100 3x100', job),
      series('time_until_full_seconds', '7776000x60 777600x140'),
      series('last_prune_timestamp_seconds', '0x200'),
    ].join('');
    const expected: Record<string, [labels: string, summary: string, description: string]> = {
      OffsiteSecondaryOverdue: [
        'severity: critical, instance: vault, primary: db1, backup_job: postgres',
        'Overdue: postgres of db1 on vault',
        'No snapshot has arrived though one was due. On the secondary: offsite-prune status db1',
      ],
      OffsiteSecondaryRewritten: [
        'severity: critical, instance: vault, primary: db1, backup_job: postgres, kind: churn',
        'Far more than usual was rewritten: postgres of db1',
        'Somebody may be encrypting the primary. Nothing is removed meanwhile. On the secondary: offsite-prune db1 --dry-run',
      ],
      OffsiteSecondaryOnHold: [
        'severity: warning, instance: vault, primary: db1, backup_job: postgres, kind: removals',
        'On hold (removals): postgres of db1 on vault',
        'Prune removes nothing of this job. On the secondary: offsite-prune db1 --dry-run',
      ],
      OffsiteSecondaryDamaged: [
        'severity: critical, instance: vault, primary: db1, backup_job: postgres',
        'Damaged: 3 stored files of postgres of db1 on vault',
        'Look at the disk. On the secondary: offsite-scrub db1 --list',
      ],
      OffsiteSecondaryFull: [
        'severity: warning, instance: vault, primary: db1',
        'Full in 9d 0h 0m 0s: vault (db1)',
        'After that no push begins. Shorten the retention, or enlarge the disk.',
      ],
    };
    const alerts = Object.entries(expected).map(
      ([name, [labels, summary, description]]) => `      - eval_time: 50m
        alertname: ${name}
      - eval_time: 150m
        alertname: ${name}
        exp_alerts:
          - exp_labels: { ${labels} }
            exp_annotations: { summary: '${summary}', description: '${description}' }
`,
    );
    const file = join(directory, 'secondary.test.yml');
    writeFileSync(
      file,
      `rule_files: ['${secondaryRules}']
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
${input}    alert_rule_test:
${alerts.join('')}      - eval_time: 150m
        alertname: OffsiteSecondaryMetricsMissing
`,
    );
    const { status, said } = promtool(['test', 'rules', file]);
    expect(said).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});

describe('the examples', () => {
  it('name only metrics that exist', async () => {
    for (const file of [rules, secondaryRules]) expect(unknownMetrics(await readFile(file, 'utf8'))).toEqual([]);
    for (const name of [...DASHBOARDS, 'README.md']) {
      expect(unknownMetrics(await readFile(new URL(name, docs), 'utf8')), name).toEqual([]);
    }
  });

  it('and the page about them names every metric', async () => {
    const page = await readFile(new URL('README.md', docs), 'utf8');
    expect(
      [...metricNames].filter((name) => !(name ?? '').endsWith('_build_info') && !page.includes(`\`${name}\``)),
    ).toEqual([]);
  });

  it.each(DASHBOARDS)('hold a dashboard whose every query Prometheus can read: %s', async (name) => {
    const dashboard = JSON.parse(await readFile(new URL(name, docs), 'utf8')) as {
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
