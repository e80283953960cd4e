import { spawnSync } from 'node:child_process';
import { access, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flipByte } from '../ssh/support/flip-byte.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';
import { until } from '../support/until.ts';

let secondary: Secondary;
const primaries: Primary[] = [];

beforeAll(async () => {
  secondary = await startSecondary();
});

afterAll(async () => {
  for (const primary of primaries) await primary.stop();
  await secondary.stop();
});

async function primaryFor(job: string): Promise<Primary> {
  const primary = await makePrimary(secondary, job);
  primaries.push(primary);
  await fillSampleTree(primary.source);
  return primary;
}

/** Longer than the clock of the file system may lag. */
const aMoment = () => new Promise((resolve) => setTimeout(resolve, 1200));

describe('verify', () => {
  it.each([
    ['lost', (path: string) => rm(path), 'missing'],
    ['cut short', (path: string) => writeFile(path, 'INSERT'), 'corruption'],
  ] as const)('tells of a dump of a moment before the push that was %s there', async (name, damage, kind) => {
    const primary = await primaryFor(`fresh-${kind}`);
    await writeFile(join(primary.source, 'tonight.sql'), 'INSERT INTO t VALUES (1);\n');
    await aMoment();
    const id = await primary.secure();
    await damage(secondary.path(primary.job, id, 'tonight.sql'));
    const { code, stdout } = await primary.call('verify', primary.job, '--json');
    const { comparison } = JSON.parse(stdout) as { comparison: { differences: object[] } };
    expect(comparison.differences, name).toContainEqual(
      expect.objectContaining({ kind, name: 'tonight.sql' }) as object,
    );
    expect(code).toBe(20);
  });

  it('takes directories that were rotated since for drift, and still finds a flipped byte beside them', async () => {
    const primary = await primaryFor('rotated');
    const at = (name: string) => join(primary.source, name);
    for (const day of ['0', '1']) {
      await mkdir(at(`daily.${day}/db`), { recursive: true });
      await writeFile(at(`daily.${day}/db/dump.sql`), `-- dump of day ${day}${day === '0' ? ', longer' : ''}\n`);
      await utimes(at(`daily.${day}/db/dump.sql`), 1_600_000_000 + Number(day), 1_600_000_000);
    }
    await utimes(at('daily.1/db/dump.sql'), 1_600_000_001, 1_600_000_001);
    await aMoment();
    const id = await primary.secure();
    await rename(at('daily.1'), at('daily.2'));
    await rename(at('daily.0'), at('daily.1'));
    const rotated = await primary.call('verify', 'rotated');
    expect(rotated.stdout).toMatch(/no damage in what could be compared/);
    expect(rotated.code).toBe(22);
    flipByte(secondary.path('rotated', id, 'dump.sql'), 1000);
    expect((await primary.call('verify', 'rotated')).code).toBe(20);
  });
});

describe('a run', () => {
  it('does not take back a distrust that came up meanwhile, if it linked without reading', async () => {
    const primary = await primaryFor('distrust');
    const note = join(primary.state, 'jobs/distrust@vault.distrusted');
    await primary.configure({ job: { verify: { mode: 'changed' } } });
    await primary.secure();
    // A verification by an administrator finds damage while this run is under way: after it has planned its push.
    const running = await primary.start('run', 'distrust');
    await until(() => running.said().includes('sending'));
    await writeFile(note, 'now\n');
    expect(await running.ended).toMatchObject({ code: 0 });
    expect((await primary.history()).at(-1)).toMatchObject({ verification: { mode: 'changed' } });
    await access(note);
    await primary.secure(); // compares by checksum
    await expect(access(note)).rejects.toThrow(/ENOENT/);
  });

  it('reads everything when a name is too long for a rule of rsync', async () => {
    const primary = await primaryFor('long-names');
    await primary.configure({ job: { verify: { mode: 'changed' } } });
    await primary.secure();
    const deep = `${'*'.repeat(250)}/`.repeat(9);
    const made = spawnSync('mkdir', ['-p', deep], { cwd: primary.source });
    expect(made.status).toBe(0);
    spawnSync('sh', ['-c', 'echo x > "$1/file"', 'sh', deep], { cwd: primary.source });
    await primary.secure();
    expect((await primary.history()).at(-1)).toMatchObject({ verification: { mode: 'full' } });
  });

  it('is found again in the history when an account is called like the job', async () => {
    const primary = await makePrimary(secondary, secondary.sshd.account.name);
    primaries.push(primary);
    await fillSampleTree(primary.source);
    // The words of the call show the job's name, so the check for secrets objects.
    await (await primary.start('run', primary.job)).ended.catch(() => undefined);
    expect((await primary.history()).at(-1)).toMatchObject({ job: primary.job, outcome: 'done' });
  });

  it('of another configuration with the same names does not touch the private files of this one', async () => {
    const [one, other] = [await primaryFor('twin'), await primaryFor('twin')];
    await other.configure({ top: { runtime_dir: join(one.directory, 'run') }, job: { bandwidth_limit: '200kB' } });
    // In one second both may choose the same id; the later one finds its directory there and takes another.
    await one.configure({ job: { retry: { attempts: 3, delay: '100ms' } } });
    const running = await other.start('run', 'twin');
    await until(() => running.said().includes('sending'));
    const meanwhile = await one.call('run', 'twin');
    expect(meanwhile.stderr).not.toMatch(/ssh_config|internal error/);
    const end = await running.ended;
    expect(end.code, end.stderr).toBe(0);
    expect(meanwhile.code, meanwhile.stderr).toBe(0);
  });

  it('with nonsense for a time in its state makes it anew from the history', async () => {
    const primary = await primaryFor('nonsense');
    await primary.configure({ job: { verify: { mode: 'changed' } } });
    const first = await primary.secure();
    const file = join(primary.state, 'jobs/nonsense@vault.json');
    const state = JSON.parse(await readFile(file, 'utf8')) as { sealed: object };
    await writeFile(
      file,
      JSON.stringify({ ...state, lastFullVerification: 'x', sealed: { ...state.sealed, started: 'y' } }),
    );
    const { code, stdout, stderr } = await primary.call('run', 'nonsense');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`linked to ${first}`);
  });

  it('is told of a source that stands still although one file of it is dated in the future', async () => {
    const primary = await primaryFor('future');
    const past = new Date('2026-01-02T03:04:05Z');
    for (const name of ["name with blank, 'quote' and ü", 'empty'])
      await utimes(join(primary.source, name), past, past);
    await utimes(join(primary.source, 'dump.sql'), new Date('2099-01-01'), new Date('2099-01-01'));
    const { code, stderr } = await primary.call('run', 'future');
    expect(stderr).toMatch(/newest file in the source is .* old/);
    expect(code).toBe(16);
  });
});
