import { appendFile, chmod, mkdir, rename, rm, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

// After a sealed run we know what was there. None of these tests waits or sets the clock: what is lost on the secondary a
// moment after a dump was written is as lost as what is lost a year later.

interface Report {
  readonly comparison: { readonly differences: readonly { readonly kind: string; readonly name: string }[] };
}

let secondary: Secondary;
let primary: Primary;
let jobs = 0;

beforeAll(async () => void (secondary = await startSecondary()));
afterAll(() => secondary.stop());

/** A job of its own with a dump that is as fresh as it can be, sent at once. Returns the way to the stored copy. */
async function secureFreshDump(prepare?: (dump: string) => Promise<void>): Promise<(name: string) => string> {
  jobs += 1;
  primary = await makePrimary(secondary, `fresh-${jobs}`);
  await mkdir(source('deep'));
  await writeFile(source('dump.sql'), 'a fresh dump\n');
  await writeFile(source('deep/older.sql'), 'another dump\n');
  await prepare?.(source('dump.sql'));
  const id = await primary.secure();
  return (name) => secondary.path(primary.job, id, name);
}

const source = (name: string) => join(primary.source, name);

async function verified(): Promise<{ code: number | null; told: Record<string, string> }> {
  const { code, stdout } = await primary.call('verify', primary.job, '--json');
  await primary.stop();
  const { differences } = (JSON.parse(stdout) as Report).comparison;
  return { code, told: Object.fromEntries(differences.map(({ name, kind }) => [name, kind])) };
}

const FUTURE = new Date('2037-01-01T00:00:00Z');

describe('verify takes for damage, exit 20, what the secondary lost of', () => {
  it.each([
    ['a dump that was written just before the run: removed', undefined, unlink, 'missing'],
    ['a dump that was written just before the run: emptied', undefined, truncate, 'corruption'],
    [
      'a file whose mtime lies in the future: removed',
      (path: string) => utimes(path, FUTURE, FUTURE),
      unlink,
      'missing',
    ],
    [
      'a file whose mtime lies in the future: emptied',
      (path: string) => utimes(path, FUTURE, FUTURE),
      truncate,
      'corruption',
    ],
  ] as const)('%s', async (_, prepare, damage, kind) => {
    const stored = await secureFreshDump(prepare);
    await damage(stored('dump.sql'));
    expect(await verified()).toMatchObject({ code: 20, told: { 'dump.sql': kind } });
  });

  it.each([
    ['touched', (path: string) => utimes(path, FUTURE, FUTURE)],
    ['given another mode', (path: string) => chmod(path, 0o600)],
    ['changed', (path: string) => appendFile(path, 'more\n')],
  ])('a file that was %s in the source since: removed', async (_, change) => {
    const stored = await secureFreshDump();
    await change(source('dump.sql'));
    await unlink(stored('dump.sql'));
    expect(await verified()).toMatchObject({ code: 20, told: { 'dump.sql': 'missing' } });
  });

  it('a file that was given another mode in the source since, as a rotation by hard links does each night: cut short, or replaced', async () => {
    const stored = await secureFreshDump();
    for (const name of ['dump.sql', 'deep/older.sql']) await chmod(source(name), 0o600);
    await truncate(stored('dump.sql'), 3);
    await writeFile(stored('deep/older.sql'), 'ANOTHER DUMP\n');
    await utimes(stored('deep/older.sql'), 1, 1);
    expect(await verified()).toMatchObject({
      code: 20,
      told: { 'dump.sql': 'corruption', 'deep/older.sql': 'corruption' },
    });
  });

  it('a whole directory, also where it was moved in the source since, and moved back', async () => {
    const stored = await secureFreshDump();
    await rename(source('deep'), source('away'));
    await rename(source('away'), source('deep'));
    await rm(stored('deep'), { recursive: true });
    expect(await verified()).toMatchObject({ code: 20, told: { 'deep/': 'missing', 'deep/older.sql': 'missing' } });
  });

  it('a file of which no list is left on this host, and says that it may have been excluded then', async () => {
    const stored = await secureFreshDump();
    await rm(join(primary.state, 'manifests'), { recursive: true });
    await setTimeout(60); // nothing but its ctime speaks for it now
    await unlink(stored('deep/older.sql'));
    const { code, stdout } = await primary.call('verify', primary.job);
    await primary.stop();
    expect(code, stdout).toBe(20);
    expect(stdout).toMatch(
      /1 missing.*; no list of what was sent then is left .* excluded at that time is called missing too/,
    );
  });

  it('a file of an earlier snapshot', async () => {
    const stored = await secureFreshDump();
    const first = /(\d{4}-\d\d-\d\dT\d{6}Z)/.exec(stored(''))?.[1] ?? '';
    await unlink(source('dump.sql'));
    await writeFile(source('dump.sql'), 'the dump of another night\n');
    await primary.secure();
    await unlink(stored('dump.sql'));
    const { code, stdout } = await primary.call('verify', primary.job, '--snapshot', first, '--json');
    expect(code).toBe(20);
    expect((JSON.parse(stdout) as Report).comparison.differences).toContainEqual(
      expect.objectContaining({ kind: 'missing', name: 'dump.sql' }) as object,
    );
    await primary.stop();
  });
});

describe('verify takes for drift, exit 22,', () => {
  it('what is new, changed, touched, replaced or moved in the source a moment after the run', async () => {
    await secureFreshDump(() => writeFile(source('kind'), 'a file, and then a link\n'));
    await writeFile(source('new.sql'), 'new since\n');
    await appendFile(source('dump.sql'), 'changed since\n');
    await rename(source('deep'), source('moved'));
    await unlink(source('kind'));
    await symlink('dump.sql', source('kind'));
    await symlink('dump.sql', source('link'));
    const { code, told } = await verified();
    expect(code).toBe(22);
    expect(told).toMatchObject({
      'new.sql': 'drift',
      'dump.sql': 'drift',
      'moved/': 'drift',
      'moved/older.sql': 'drift',
      link: 'drift',
      kind: 'drift',
    });
  });

  it('what was excluded when the snapshot was made, however old it is', async () => {
    jobs += 1;
    primary = await makePrimary(secondary, `fresh-${jobs}`);
    await mkdir(source('cache'));
    for (const name of ['dump.sql', 'cache/1', 'cache/2']) await writeFile(source(name), 'content\n');
    await utimes(source('cache/1'), 1, 1);
    await setTimeout(1500); // no longer fresh: nothing but what the run sent can excuse it
    await primary.configure({ job: { exclude: ['/cache/'] } });
    await primary.secure();
    await primary.configure();
    expect(await verified()).toMatchObject({
      code: 22,
      told: { 'cache/': 'drift', 'cache/1': 'drift', 'cache/2': 'drift' },
    });
  });
});
