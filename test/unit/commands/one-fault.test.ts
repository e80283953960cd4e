import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { report } from '../../../src/commands/report.ts';
import { status } from '../../../src/commands/status/status.ts';
import { runRecord, writeStateDirectory } from '../insight/support/records.ts';
import { makeConfig, testContext, type ConfigDirectory } from './support.ts';

const EXPECT = { schedule: '15 2 * * *', timezone: 'UTC', grace: '1h' };
const MORNING = '2026-11-23T08:00:00Z';
let place: ConfigDirectory;

const sound = runRecord('2026-11-20T02:16:00Z', { job: 'stale' });
const broken = runRecord('2026-11-23T02:16:00Z', { job: 'broken' });

beforeEach(async () => {
  const top = {
    metrics: { textfile: '/proc/nonexistent' },
    alerts: { channels: { never: { type: 'command', command: ['/bin/true'], retries: 0 } } },
  };
  place = await makeConfig(
    { broken: { source: '/x', expect: EXPECT }, quiet: { source: '/y' }, stale: { source: '/z', expect: EXPECT } },
    top,
  );
  const config = JSON.parse(await readFile(place.config, 'utf8')) as typeof top;
  config.metrics.textfile = join(place.directory, 'offsite.prom');
  await writeFile(place.config, JSON.stringify(config));
  await writeStateDirectory(place.state, [sound, broken]);
  await rm(join(place.state, 'jobs', 'broken@vault.json'));
  await mkdir(join(place.state, 'jobs', 'broken@vault.json'));
});

afterEach(() => place.remove());

describe('a job whose state cannot be read keeps no other from being seen', () => {
  it('in status, which says so of it and does not call it secured', async () => {
    const context = testContext(MORNING);
    expect(await status(undefined, { config: place.config }, context)).toBe(40);
    expect(context.said()).toMatch(/\? unknown/);
    expect(context.said()).toMatch(/broken → vault: its state cannot be determined: .*broken@vault\.json/);
    expect(context.said()).toContain('stale → vault: no sealed snapshot since');
  });

  it('in status --alert, which tells of both, and in the metrics', async () => {
    const context = testContext(MORNING);
    expect(await status(undefined, { config: place.config, alert: true }, context)).toBe(40);
    const told = context.lines.map(({ text }) => text).filter((text) => text.startsWith('Stale: '));
    expect(told).toHaveLength(2);
    expect(told[0]).toContain('db1/broken to vault');
    const metrics = await readFile(join(place.directory, 'offsite.prom'), 'utf8');
    for (const job of ['broken', 'stale']) {
      expect(metrics).toContain(`offsite_rsync_stale{backup_job="${job}",target="vault"} 1`);
    }
    expect(metrics).not.toContain('consecutive_failures{backup_job="broken"');
  });

  it('in the report and for a monitor', async () => {
    const out = join(place.directory, 'report.html');
    expect(await report({ config: place.config, out, days: '30' }, testContext(MORNING))).toBe(0);
    expect(await readFile(out, 'utf8')).toMatch(/unknown[\s\S]*stale/);
    const context = testContext(MORNING);
    expect(await status(undefined, { config: place.config, nagios: true }, context)).toBe(2);
    expect(context.said()).toMatch(/broken to vault: unknown, its state cannot be determined/);
  });

  it('and its own fault shows in the exit code where nothing is expected of it', async () => {
    await mkdir(join(place.state, 'jobs', 'quiet@vault.json'));
    expect(await status('quiet', { config: place.config }, testContext(MORNING))).toBe(42);
  });
});
