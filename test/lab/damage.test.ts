import { spawnSync } from 'node:child_process';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remember } from '../ssh/support/as-it-was.ts';
import { flipByte } from '../ssh/support/flip-byte.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

let secondary: Secondary;
let primary: Primary;
let older: string;
let putBack: () => void;
const FILE = 'deep/secret.conf';
const metrics = () => join(primary.directory, 'offsite.prom');
const stored = () => secondary.path('postgres', older, FILE);

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'postgres');
  await primary.configure({ top: { metrics: { textfile: metrics() } } });
  await fillSampleTree(primary.source);
  older = await primary.secure();
  await primary.secure();
  // An inode of its own, so that the damage is that of the older snapshot alone.
  const holder = dirname(stored());
  const { atime, mtime } = await stat(holder);
  if (spawnSync('cp', ['-a', stored(), `${stored()}.own`]).status !== 0) throw new Error('cp');
  await rename(`${stored()}.own`, stored());
  await utimes(holder, atime, mtime);
  putBack = remember(secondary.sshd.directory, [primary.directory, secondary.root]);
});
beforeEach(() => putBack());
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

/** Damages the older snapshot, and lets verify find it. */
async function foundDamage(): Promise<void> {
  flipByte(stored(), 0);
  expect(await primary.call('verify', 'postgres', '--snapshot', older)).toMatchObject({ code: 20, alerts: [] });
}

describe('damage that verify finds in an older snapshot', () => {
  it('is told to people with --alert, and never with the advice to run the job again', async () => {
    flipByte(stored(), 0);
    const end = await primary.call('verify', 'postgres', '--snapshot', older, '--alert');
    expect(end.code, end.stderr).toBe(20);
    expect(end.alerts).toMatchObject([
      { event: 'failure', subject: expect.stringContaining(`snapshot ${older} is damaged`) as string },
    ]);
    expect(end.alerts[0]?.body).toContain(FILE);
    expect(`${end.alerts[0]?.body ?? ''}${end.stdout}`).not.toMatch(/run again|run the job again/);
    expect(end.stdout).toMatch(/what to do .*Do not restore/);
  });

  it('is told without it where systemd has started it, and to nobody else', async () => {
    await foundDamage();
    primary.environment.INVOCATION_ID = '0123456789abcdef0123456789abcdef';
    const end = await primary.call('verify', 'postgres', '--snapshot', older);
    delete primary.environment.INVOCATION_ID;
    expect(end.alerts).toHaveLength(1);
  });

  it('is not forgotten by the next good run: status, history, report and metrics show it', async () => {
    await foundDamage();
    await primary.secure();
    const status = await primary.call('status');
    expect(status).toMatchObject({ code: 20 });
    expect(status.stdout).toMatch(new RegExp(`known to be damaged: ${older}`));
    expect(status.stdout).not.toContain('✓ secured');
    const json = JSON.parse((await primary.call('status', '--json')).stdout) as { jobs: { damaged: unknown }[] };
    expect(json.jobs[0]?.damaged).toMatchObject([{ snapshot: older }]);
    expect((await primary.call('history')).stdout).toMatch(new RegExp(`${older} DAMAGED`));
    const out = join(primary.directory, 'report.html');
    await primary.call('report', '--out', out);
    expect(await readFile(out, 'utf8')).toContain(older);
    expect(await readFile(metrics(), 'utf8')).toMatch(/offsite_rsync_damaged_snapshots\{[^}]*\} 1/);
  });

  it('is forgotten when verify finds it intact, every entry of it', async () => {
    await foundDamage();
    flipByte(stored(), 0);
    expect(await primary.call('verify', 'postgres', '--snapshot', older)).toMatchObject({ code: 0 });
    expect(await primary.call('status')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('✓ secured') as string,
    });
  });

  it('is forgotten when the next verification, of any snapshot, sees that it is gone', async () => {
    await foundDamage();
    expect(await primary.call('verify', 'postgres')).toMatchObject({ code: 0 });
    expect(await primary.call('status'), 'while it is there').toMatchObject({ code: 20 });
    await rm(secondary.path('postgres', older), { recursive: true });
    await primary.secure();
    expect(await primary.call('verify', 'postgres')).toMatchObject({ code: 0 });
    expect(await primary.call('status')).toMatchObject({ code: 0 });
  });

  it('is not taken for none when what is known of it cannot be read', async () => {
    await writeFile(join(primary.state, 'jobs', 'postgres@vault.damage.json'), '{');
    expect(await primary.call('status')).toMatchObject({
      code: 42,
      stdout: expect.stringMatching(/cannot be determined: .*damage\.json is damaged: move it away/) as string,
    });
    const shown = await primary.call('history');
    expect(shown).toMatchObject({ code: 0, stderr: expect.stringContaining('are not marked') as string });
    expect(await primary.call('verify', 'postgres')).toMatchObject({ code: 0 });
    expect(await primary.call('report', '--out', join(primary.directory, 'report.html'))).toMatchObject({ code: 0 });
  });
});
