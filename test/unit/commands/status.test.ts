import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { status } from '../../../src/commands/status/status.ts';
import { runRecord, writeStateDirectory } from '../insight/support/records.ts';
import { makeConfig, testContext, type ConfigDirectory } from './support.ts';

const EXPECT = { schedule: '15 2 * * *', timezone: 'UTC', grace: '1h' };
const MORNING = '2026-11-23T08:00:00Z';

let place: ConfigDirectory;

beforeEach(async () => {
  place = await makeConfig(
    {
      postgres: { source: '/var/backups/postgres', expect: EXPECT },
      files: { source: '/srv/files' },
    },
    {
      metrics: { textfile: '/nonexistent/offsite.prom' },
      alerts: { channels: { never: { type: 'command', command: ['/bin/false'], retries: 0 } } },
    },
  );
});

afterEach(() => place.remove());

const fresh = runRecord('2026-11-23T02:16:00Z');
const files = runRecord('2026-11-20T12:00:00Z', { job: 'files' });

describe('status', () => {
  it('shows every job at a glance, and exits 0 when none is stale', async () => {
    await writeStateDirectory(place.state, [files, fresh]);
    const context = testContext(MORNING);
    expect(await status(undefined, { config: place.config }, context)).toBe(0);
    const [head, postgres, other] = context.said().split('\n');
    expect(head?.split(/\s{2,}/).map((word) => word.trim())).toEqual(
      expect.arrayContaining(['job', 'state', 'last sealed', 'age', 'due', 'size', 'sent', 'verified', 'last failure']),
    );
    expect(postgres).toMatch(
      /^postgres → vault {2,}✓ secured +2026-11-23 02:16 UTC +5 h 44 min +in 18 h 15 min +3\.00 GiB +19\.5 KiB +5 h 42 min ago, all +–$/,
    );
    expect(other).toMatch(/^files → vault +✓ secured +2026-11-20 12:00 UTC +2 d 20 h +– /);
  });

  it('exits 40 and says why when one is stale', async () => {
    await writeStateDirectory(place.state, [runRecord('2026-11-22T02:16:00Z'), files]);
    const context = testContext(MORNING);
    expect(await status(undefined, { config: place.config }, context)).toBe(40);
    expect(context.said()).toContain('✗ stale');
    expect(context.said()).toContain(
      '✗ postgres → vault: no sealed snapshot since 2026-11-22T021600Z: one was due 2026-11-23 02:15 UTC, 5 h 45 min ago',
    );
    expect(await status('files', { config: place.config }, testContext(MORNING))).toBe(0);
  });

  it('does not exit 0 when the last run failed, though the last snapshot is new enough', async () => {
    const failed = runRecord('2026-11-23T07:00:00Z', { outcome: 'could-not-connect' });
    await writeStateDirectory(place.state, [files, fresh, failed]);
    expect(await status(undefined, { config: place.config }, testContext(MORNING))).toBe(10);
    expect(await status('files', { config: place.config }, testContext(MORNING))).toBe(0);
    const ended = runRecord('2026-11-23T07:30:00Z', { outcome: 'interrupted', exitCode: 143 });
    await writeStateDirectory(place.state, [files, fresh, failed, ended]);
    expect(await status(undefined, { config: place.config }, testContext(MORNING))).toBe(143);
    // The run has told of itself: the unit of the freshness check need not fail each hour for it.
    expect(await status(undefined, { config: place.config, alert: true }, testContext(MORNING))).toBe(0);
  });

  it('exits 20 when a verification has found damage in the newest snapshot', async () => {
    await writeStateDirectory(place.state, [files, fresh]);
    await writeFile(
      join(place.state, 'jobs', 'postgres@vault.verified.json'),
      JSON.stringify({
        version: 1,
        snapshot: fresh.snapshot,
        at: '2026-11-23T07:00:00Z',
        outcome: 'corruption',
        durationMs: 1,
      }),
    );
    const context = testContext(MORNING);
    expect(await status(undefined, { config: place.config }, context)).toBe(20);
    expect(context.said()).toContain('✗ corrupt');
    expect(context.said()).toContain('DAMAGED, 1 h ago');
  });

  it('is a block for each job where the terminal is narrow', async () => {
    await writeStateDirectory(place.state, [files, fresh]);
    const context = testContext(MORNING, { columns: 80 });
    await status('postgres', { config: place.config }, context);
    expect(
      Math.max(
        ...context
          .said()
          .split('\n')
          .map(({ length }) => length),
      ),
    ).toBeLessThanOrEqual(80);
    expect(context.said()).toMatch(/^ {2}last sealed +2026-11-23 02:16 UTC$/m);
  });

  it('knows nothing before the first run, and does not fail', async () => {
    const context = testContext(MORNING);
    expect(await status(undefined, { config: place.config }, context)).toBe(40);
    expect(context.said()).toContain('files → vault: nothing of it has been secured yet');
  });

  it('reads on behind damaged lines and notes', async () => {
    await writeStateDirectory(place.state, [files, fresh]);
    await appendFile(join(place.state, 'history.jsonl'), '{"version":1,"run":"half a li');
    await writeFile(join(place.state, 'jobs', 'postgres@vault.verified.json'), '{');
    await writeFile(join(place.state, 'jobs', 'files@vault.json'), 'garbage');
    expect(await status(undefined, { config: place.config }, testContext(MORNING))).toBe(0);
  });

  it('speaks to programs in JSON, with times in ISO 8601', async () => {
    await writeStateDirectory(place.state, [files, fresh]);
    const context = testContext(MORNING);
    await status(undefined, { config: place.config, json: true }, context);
    expect(JSON.parse(context.said())).toMatchObject({
      version: 1,
      exitCode: 0,
      jobs: [
        {
          job: 'postgres',
          condition: 'secured',
          sealed: { id: '2026-11-23T021600Z' },
          freshness: { state: 'fresh', nextDue: '2026-11-24T02:15:00.000Z' },
          lastVerification: { at: fresh.finished, outcome: 'done', scope: 'full' },
        },
        { job: 'files', freshness: null },
      ],
    });
  });

  it('refuses a job that does not exist, with a hint', async () => {
    await expect(status('postgre', { config: place.config }, testContext(MORNING))).rejects.toThrow(
      /did you mean "postgres"/i,
    );
  });
});

describe('status --nagios', () => {
  const ask = async (job?: string, config = place.config) => {
    const context = testContext(MORNING);
    const code = await status(job, { config, nagios: true }, context);
    expect(context.said().trimEnd()).not.toContain('\n');
    return `${code} ${context.said().trimEnd()}`;
  };

  it('is OK, with figures', async () => {
    await writeStateDirectory(place.state, [files, fresh]);
    expect(await ask('postgres')).toBe(
      "0 OFFSITE OK - job secured, oldest snapshot 5 h 44 min | 'postgres@vault age'=20640s;;89940;0 'postgres@vault size'=3221225472B;;;0 'postgres@vault sent'=20000B;;;0 'postgres@vault failures'=0;;;0",
    );
  });

  it('is WARNING while a run failed but the last snapshot is new enough', async () => {
    const failed = runRecord('2026-11-23T07:00:00Z', { outcome: 'refused', reason: 'a | b\nsecond line' });
    await writeStateDirectory(place.state, [fresh, failed]);
    expect(await ask('postgres')).toMatch(
      /^1 OFFSITE WARNING - 1 of 1 not in order: postgres to vault: failing, the last run failed: refused by the secondary \(a \/ b\) \| 'postgres/,
    );
  });

  it('is CRITICAL when one is stale; the worst comes first', async () => {
    await writeStateDirectory(place.state, [runRecord('2026-11-22T02:16:00Z')]);
    expect(await ask()).toMatch(
      /^2 OFFSITE CRITICAL - 2 of 2 not in order: postgres to vault: stale, .*; files to vault: never/,
    );
  });

  it('is UNKNOWN when nothing can be said, in the same form', async () => {
    expect(await ask(undefined, '/nonexistent/config.yaml')).toMatch(
      /^3 OFFSITE UNKNOWN - The configuration \/nonexistent/,
    );
    expect(await ask('nothing')).toMatch(/^3 OFFSITE UNKNOWN - There is no job "nothing"/);
  });
});

describe('status --alert', () => {
  const told = async () =>
    (await readFile(join(place.directory, 'told'), 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { event: string; subject: string; reason: string });

  async function configure(command: readonly string[]): Promise<void> {
    await place.remove();
    place = await makeConfig(
      { postgres: { source: '/var/backups/postgres', expect: EXPECT } },
      { alerts: { channels: { file: { type: 'command', command, retries: 0 } } } },
    );
    await writeStateDirectory(place.state, [runRecord('2026-11-22T02:16:00Z')]);
    const metrics = { textfile: join(place.directory, 'offsite.prom') };
    await writeFile(
      place.config,
      JSON.stringify({
        ...(JSON.parse(await readFile(place.config, 'utf8')) as object),
        metrics,
        alerts: {
          channels: { file: { type: 'command', command: [...command, join(place.directory, 'told')], retries: 0 } },
        },
      }),
    );
  }
  const TELL = ['/bin/sh', '-c', 'cat >> "$0"; echo >> "$0"'];
  const check = (now: string) => status(undefined, { config: place.config, alert: true }, testContext(now));

  it('tells once that a job is stale, and again the next day', async () => {
    await configure(TELL);
    expect(await check('2026-11-23T02:30:00Z')).toBe(0);
    expect(await told()).toEqual([]);
    expect(await check('2026-11-23T04:00:00Z')).toBe(40);
    expect(await check('2026-11-23T05:00:00Z')).toBe(40);
    expect(await told()).toMatchObject([
      {
        event: 'stale',
        subject: 'Stale: db1/postgres to vault: no sealed snapshot since 2026-11-22T021600Z',
        reason: 'one was due 2026-11-23 02:15 UTC, 1 h 45 min ago',
      },
    ]);
    await check('2026-11-24T04:00:00Z');
    expect(await told()).toHaveLength(2);
    expect((await told())[1]?.reason).toContain('This is alert number 2 about it');
  });

  it('tries again at the next check when nobody could be reached', async () => {
    await configure(['/bin/false']);
    await check('2026-11-23T04:00:00Z');
    await configureChannel(TELL);
    await check('2026-11-23T05:00:00Z');
    expect(await told()).toHaveLength(1);
  });

  async function configureChannel(command: readonly string[]): Promise<void> {
    const config = JSON.parse(await readFile(place.config, 'utf8')) as {
      alerts: { channels: { file: { command: string[] } } };
    };
    config.alerts.channels.file.command = [...command, join(place.directory, 'told')];
    await writeFile(place.config, JSON.stringify(config));
  }

  it('writes the metrics, readable by the collector whatever the umask is', async () => {
    await configure(TELL);
    const before = process.umask(0o077);
    try {
      await check('2026-11-23T04:00:00Z');
    } finally {
      process.umask(before);
    }
    const file = join(place.directory, 'offsite.prom');
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    expect(await readFile(file, 'utf8')).toContain('offsite_rsync_stale{backup_job="postgres",target="vault"} 1');
  });

  it('answers all the same when the metrics cannot be written', async () => {
    const context = testContext(MORNING);
    await writeStateDirectory(place.state, [files, fresh]);
    expect(await status(undefined, { config: place.config, alert: true }, context)).toBe(0);
    expect(context.lines).toMatchObject([
      {
        level: 'warning',
        text: expect.stringMatching(/^The metrics file could not be written: .*nonexistent/) as string,
      },
    ]);
  });
});
