import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remember } from '../ssh/support/as-it-was.ts';
import { flipByte } from '../ssh/support/flip-byte.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

let secondary: Secondary;
let primary: Primary;
let metrics: string;
let putBack: () => void;

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'postgres');
  metrics = join(primary.directory, 'offsite.prom');
  await writeFile(join(primary.source, 'dump.sql'), 'x'.repeat(100_000));
  await primary.configure({
    job: { expect: { schedule: '* * * * *', grace: '10m' } },
    top: {
      metrics: { textfile: metrics },
      alerts: {
        channels: {
          file: {
            type: 'command',
            command: [join(primary.directory, 'tell'), join(primary.directory, 'alerts')],
            events: ['success', 'failure', 'recovery', 'warning', 'stale'],
          },
        },
      },
    },
  });
  putBack = remember(secondary.sshd.directory, [primary.directory, secondary.root]);
});
beforeEach(() => putBack());

afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

const events = (alerts: readonly { readonly event: string }[]) => alerts.map(({ event }) => event);

async function metric(name: string): Promise<number | undefined> {
  const row = (await readFile(metrics, 'utf8')).split('\n').find((line) => line.startsWith(`offsite_rsync_${name}{`));
  return row === undefined ? undefined : Number(row.split(' ').at(-1));
}

describe('what people and monitors see of a job', () => {
  it('a job that never ran is told as stale, once', async () => {
    const first = await primary.call('status', '--alert');
    expect(first).toMatchObject({ code: 40 });
    expect(first.alerts).toMatchObject([{ event: 'stale', outcome: 'stale', exit_code: 40 }]);
    expect((await primary.call('status', '--alert')).alerts).toEqual([]);
    expect(await metric('stale')).toBe(1);
  });

  it('the first good run tells the recovery, once, and the metrics follow', async () => {
    await primary.call('status', '--alert');
    const run = await primary.call('run', 'postgres');
    expect(run).toMatchObject({ code: 0 });
    expect(events(run.alerts)).toEqual(['recovery']);
    expect(await metric('stale')).toBe(0);
    expect(await metric('last_exit_code')).toBe(0);
    expect(await metric('snapshot_size_bytes')).toBe(100_000);
    expect(events((await primary.call('run', 'postgres')).alerts)).toEqual(['success']);
    // What was due then is recorded, so that a later change of `expect` does not repaint the report.
    const history = await primary.call('history', '--json');
    expect(JSON.parse(history.stdout.split('\n')[0] ?? '')).toMatchObject({
      expect: { schedule: '* * * * *', timezone: expect.any(String) as string, graceMs: 600_000 },
    });
    const status = await primary.call('status');
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('✓ secured') as string });
  });

  it('a failed run shows at once, though the last snapshot is still new enough', async () => {
    await primary.secure();
    const port = primary.environment.VAULT_PORT ?? '';
    primary.environment.VAULT_PORT = '9';
    const run = await primary.call('run', 'postgres');
    primary.environment.VAULT_PORT = port;
    expect(events(run.alerts)).toEqual(['failure']);
    expect(await metric('consecutive_failures')).toBe(1);
    expect(await metric('last_exit_code')).toBe(10);
    const plugin = await primary.call('status', '--nagios');
    expect(plugin).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^OFFSITE WARNING - .*could not/) as string,
    });
    expect(events((await primary.call('run', 'postgres')).alerts)).toEqual(['recovery']);
  });

  it('a verification that finds damage shows until the damaged snapshot is found intact', async () => {
    const id = await primary.secure();
    flipByte(secondary.path('postgres', id, 'dump.sql'), 10);
    expect(await primary.call('verify', 'postgres')).toMatchObject({ code: 20 });
    expect(await metric('last_verification_success')).toBe(0);
    const damaged = await primary.call('status');
    expect(damaged).toMatchObject({ code: 20, stdout: expect.stringContaining('✗ corrupt') as string });
    await primary.secure();
    const later = await primary.call('status');
    expect(later).toMatchObject({ code: 20, stdout: expect.stringContaining(`known to be damaged: ${id}`) as string });
    flipByte(secondary.path('postgres', id, 'dump.sql'), 10);
    expect(await primary.call('verify', 'postgres', '--snapshot', id)).toMatchObject({ code: 0 });
    expect(await primary.call('status')).toMatchObject({ code: 0 });
    expect(await primary.call('verify', 'postgres')).toMatchObject({ code: 0 });
    expect(await metric('last_verification_success')).toBe(1);
  });

  it('a metrics file that cannot be written is a warning and changes no outcome', async () => {
    await primary.configure({ top: { metrics: { textfile: '/nonexistent/offsite.prom' } } });
    const run = await primary.call('run', 'postgres');
    expect(run).toMatchObject({ code: 0 });
    expect(events(run.alerts)).toEqual(['success', 'warning']);
    expect(run.alerts[1]?.subject).toContain('The metrics file could not be written');
  });

  it('several runs that end at once lose none of their lines', async () => {
    const jobs = Object.fromEntries(
      ['one', 'two', 'three', 'four'].map((name) => [name, { source: primary.source, guard: { max_age: 'off' } }]),
    );
    await primary.configure({ top: { metrics: { textfile: metrics }, jobs } });
    const ends = await Promise.all(Object.keys(jobs).map((name) => primary.call('run', name)));
    expect(ends.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '', '', '']);
    const rows = (await readFile(metrics, 'utf8')).match(/^offsite_rsync_last_success_timestamp_seconds\{.*/gm);
    expect(rows).toHaveLength(4);
  });
});
