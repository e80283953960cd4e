import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import {
  appendFile,
  chmod,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nextSnapshotId, parseSnapshotId, snapshotIdOf } from '../../src/shared/snapshot-id.ts';
import { until } from '../support/until.ts';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';

/*
 * What the gate links after a push, for everything that can happen to a source between two backups. Each run verifies everything
 * (`verify.mode: full`), so "secured" says that the snapshot is the source; what is looked at here is how it got there.
 */

const RETRY = {
  target: { secondary: 'gate' },
  job: { retry: { attempts: 3, delay: '100ms', max_delay: '200ms' }, guard: { max_shrink: 'off' } },
};

let secondary: GateSecondary;
let primary: Primary;
const at = (...names: string[]) => join(primary.source, ...names);
const inode = (id: string, name: string) => lstatSync(secondary.path('db', id, name)).ino;
const mtime = (path: string) => lstatSync(path, { bigint: true }).mtimeNs;

const incompressible = (bytes: number) => createHash('shake256', { outputLength: bytes }).update('large').digest();

interface Secured {
  readonly id: string;
  readonly transfer: Record<string, number | string | null>;
  readonly warnings: readonly string[];
  readonly attempts: number;
}
const run = async (): Promise<Secured> => {
  const id = await primary.secure();
  const record = (await primary.history()).at(-1) as unknown as Secured;
  return { id, transfer: record.transfer, warnings: record.warnings, attempts: record.attempts };
};
/** What rrsync was started with for the pushes since. */
const pushes = async () =>
  (await secondary.gate.log())
    .filter(({ event, kind }) => event === 'accepted' && kind === 'push')
    .map(({ reason }) => String(reason));

beforeAll(async () => {
  secondary = await startGateSecondary();
  primary = await makePrimary(secondary, 'db');
  await primary.configure(RETRY);
}, 60_000);
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});
beforeEach(async () => {
  await rm(primary.source, { recursive: true });
  for (const directory of ['d/e', 'empty']) await mkdir(at(directory), { recursive: true });
  for (const name of ['a', 'b', 'd/c', 'd/e/f']) await writeFile(at(name), `content of ${name}\n`);
  await setTimeout(20); // what was touched in the last tick that a run saw is looked at by the next one
  await symlink('a', at('link'));
  await utimes(at('d/e'), 1_000_000_000.25, 1_000_000_000.999_999_9);
});

describe('a run behind the gate', () => {
  it('links what has not changed, and looks at nothing else than directories', async () => {
    const first = await run();
    const second = await run();
    for (const name of ['a', 'd/c', 'd/e/f', 'link']) expect(inode(second.id, name)).toBe(inode(first.id, name));
    expect(second).toMatchObject({
      transfer: { newFiles: 0, changedFiles: 0, linkedFiles: 4, copiedFiles: 0 },
      warnings: [],
    });
    expect((await pushes()).at(-1)).toMatch(
      /^rsync --server -[A-Za-z]*R[a-z]*e\.\S* .*--compare-dest \/\S+\/ .*\.partial\/$/,
    );
    expect((await pushes()).at(-1)).not.toMatch(/ -[A-Za-z]*[Hr][A-Za-z]*e\./);
    for (const name of ['d/e', 'd', '']) {
      expect(mtime(secondary.path('db', second.id, name)), name).toBe(mtime(at(name)));
    }
  });

  it('stores what is new, changed, moved, gone, and of another kind', async () => {
    const first = await run();
    await writeFile(at('d/new'), 'new\n');
    await appendFile(at('a'), 'more\n');
    await rename(at('b'), at('d/e/b'));
    await rm(at('d/c'));
    await mkdir(at('d/c'));
    await writeFile(at('d/c/inner'), 'x');
    await rm(at('empty'), { recursive: true });
    await writeFile(at('empty'), 'a file now');
    await rm(at('link'));
    await symlink('d', at('link'));
    const second = await run();
    expect(second).toMatchObject({ attempts: 1, warnings: [], transfer: { linkedFiles: 1 } });
    expect(inode(second.id, 'd/e/f')).toBe(inode(first.id, 'd/e/f'));
    expect(inode(second.id, 'a')).not.toBe(inode(first.id, 'a'));

    await rm(at('d/c'), { recursive: true });
    await writeFile(at('d/c'), 'a file again');
    await rm(at('empty'));
    await mkdir(at('empty'));
    expect(await run()).toMatchObject({ attempts: 1, warnings: [] });
    expect((await readdir(secondary.path('db', second.id))).sort()).toEqual(['a', 'd', 'empty', 'link']);
  });

  it('notices what changes only the mode, and content that keeps size and time', async () => {
    const first = await run();
    const { mtimeMs, atimeMs } = lstatSync(at('b'));
    await chmod(at('a'), 0o611);
    await writeFile(at('b'), 'CONTENT of b\n');
    await utimes(at('b'), atimeMs / 1000, mtimeMs / 1000);
    const second = await run();
    // Size and time do not show it: the first attempt finds it out by comparing, the second sends it.
    expect(second.attempts).toBe(2);
    expect(await readFile(secondary.path('db', second.id, 'b'), 'utf8')).toBe('CONTENT of b\n');
    expect(await readFile(secondary.path('db', first.id, 'b'), 'utf8')).toBe('content of b\n');
    expect(inode(second.id, 'a')).not.toBe(inode(first.id, 'a'));
  });

  it('notices two directories that have taken each other’s place, which touches nothing in them', async () => {
    for (const [name, mode] of [
      ['one', 0o600],
      ['two', 0o644],
    ] as const) {
      await mkdir(at(name));
      await writeFile(at(name, 'f'), name);
      await chmod(at(name, 'f'), mode);
      await utimes(at(name, 'f'), 1_000_000_000, 1_000_000_000);
    }
    await run();
    await rename(at('one'), at('x'));
    await rename(at('two'), at('one'));
    await rename(at('x'), at('two'));
    const { id, attempts } = await run();
    expect(await readFile(secondary.path('db', id, 'one/f'), 'utf8')).toBe('two');
    // Size and time are the same, so rsync does not see that the content is not.
    expect(attempts).toBe(2);
  });

  it('takes names of any kind', async () => {
    for (const name of [
      '#hash',
      ';semicolon',
      '-dash',
      ' blank ',
      'a\nb',
      'c\rd',
      '*',
      'é',
      'e\u0301',
      'A',
      '\\#012',
      'x -> y',
    ])
      await writeFile(at(name), name);
    await writeFile(Buffer.concat([Buffer.from(at('latin-')), Buffer.from([0xe9])]), 'x');
    await symlink('here -> there', at('arrow -> link'));
    await run();
    await writeFile(at('a\nb'), 'changed, and longer');
    await rm(at('*'));
    await rm(at('c\rd'));
    await rm(at('x -> y'));
    expect(await run()).toMatchObject({ attempts: 1, warnings: [], transfer: { changedFiles: 1, newFiles: 0 } });
  });

  it('keeps excluded names out, also at the top', async () => {
    await primary.configure({ ...RETRY, job: { ...RETRY.job, exclude: ['*.tmp'] } });
    await writeFile(at('x.tmp'), 'x');
    await run();
    await writeFile(at('d/y.tmp'), 'y');
    await writeFile(at('z'), 'z');
    const { id, attempts } = await run();
    expect(attempts).toBe(1);
    const names = await readdir(secondary.path('db', id), { recursive: true });
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await primary.configure(RETRY);
  });

  it('asks the secondary what is gone when the list of the last snapshot is lost, and sends nothing twice', async () => {
    const first = await run();
    await rm(join(primary.state, 'manifests'), { recursive: true });
    await rm(at('b'));
    const second = await run();
    expect(second).toMatchObject({ attempts: 1, transfer: { newFiles: 0, changedFiles: 0 } });
    expect(inode(second.id, 'a')).toBe(inode(first.id, 'a'));
    expect(await readdir(secondary.path('db', second.id))).not.toContain('b');
  });

  it('asks too when that list can be read in part only', async () => {
    const first = await run();
    const file = join(primary.state, 'manifests/db@vault', `${first.id}.list.gz`);
    await truncate(file, lstatSync(file).size - 20);
    await rm(at('d/e/f'));
    expect(await run()).toMatchObject({ attempts: 1, warnings: [] });
  });

  it('sends everything when the secondary no longer has the basis', async () => {
    const first = await run();
    for (const name of [first.id, `${first.id}.sealed`]) await rm(secondary.path('db', name), { recursive: true });
    const second = await run();
    expect(second).toMatchObject({ attempts: 1, transfer: { newFiles: 4, basis: null } });
    expect(second.warnings.join()).toContain(`Nothing of the basis ${first.id} was found on the secondary`);
  });

  it('heals what is gone from the basis', async () => {
    const first = await run();
    await rm(secondary.path('db', first.id, 'd/c'));
    const second = await run();
    expect(second).toMatchObject({ attempts: 2 });
    expect(await readFile(secondary.path('db', second.id, 'd/c'), 'utf8')).toBe('content of d/c\n');
  });
});

describe('names of one file', () => {
  const inodes = (id: string, ...names: string[]) => new Set(names.map((name) => inode(id, name))).size;

  it('stay one, where their group appears, grows, is written to, splits and goes', async () => {
    await run();
    await link(at('a'), at('d/a2'));
    const appeared = await run();
    expect(inodes(appeared.id, 'a', 'd/a2')).toBe(1);

    await link(at('a'), at('a0'));
    const grown = await run();
    expect(inodes(grown.id, 'a', 'd/a2', 'a0')).toBe(1);
    expect(grown.attempts).toBe(1);

    await appendFile(at('a'), 'more\n');
    const written = await run();
    expect(inodes(written.id, 'a', 'd/a2', 'a0')).toBe(1);
    expect(await readFile(secondary.path('db', written.id, 'd/a2'), 'utf8')).toBe('content of a\nmore\n');
    expect(await readFile(secondary.path('db', grown.id, 'd/a2'), 'utf8')).toBe('content of a\n');

    await rm(at('d/a2'));
    await writeFile(at('d/a2'), 'a file of its own\n');
    const split = await run();
    expect([inodes(split.id, 'a', 'a0'), inodes(split.id, 'a', 'd/a2')]).toEqual([1, 2]);

    await rm(at('a0'));
    expect(await run()).toMatchObject({ attempts: 1, warnings: [] });
  });

  it('stay one when their directory is moved, which touches none of them', async () => {
    await link(at('d/c'), at('d/c2'));
    const first = await run();
    await rename(at('d'), at('moved'));
    const second = await run();
    expect(inodes(second.id, 'moved/c', 'moved/c2')).toBe(1);
    expect(inodes(first.id, 'd/c', 'd/c2')).toBe(1);
    await rename(at('moved'), at('d'));
  });

  it('stay one when what the basis has of them is damaged, and everything is compared by checksum', async () => {
    await link(at('d/c'), at('d/c2'));
    const first = await run();
    await writeFile(secondary.path('db', first.id, 'd/c'), 'CONTENT OF d/c\n', { flag: 'r+' });
    expect((await primary.call('verify', 'db')).code).toBe(20);
    const second = await run();
    expect(inodes(second.id, 'd/c', 'd/c2')).toBe(1);
    expect(await readFile(secondary.path('db', second.id, 'd/c'), 'utf8')).toBe('content of d/c\n');
  });

  it.each(['full', 'content', 'changed'] as const)(
    'that somebody has broken on the secondary are noticed (verify.mode: %s), and made again',
    async (mode) => {
      await primary.configure({ ...RETRY, job: { ...RETRY.job, verify: { mode } } });
      await link(at('a'), at('d/a2'));
      await setTimeout(20);
      await writeFile(at('newest'), 'newest');
      await rm(at('link'));
      await run();
      const first = await run();
      expect(first).toMatchObject({ attempts: 1, warnings: [] });
      const name = secondary.path('db', first.id, 'd/a2');
      execFileSync('cp', ['--preserve=all', '--no-preserve=links', name, `${name}.copy`]);
      await rename(`${name}.copy`, name);
      execFileSync('touch', ['--no-dereference', '--reference', at('d'), secondary.path('db', first.id, 'd')]);

      const verified = await primary.call('verify', 'db');
      expect(verified.code).toBe(22);
      expect(verified.stdout).toMatch(
        /identical to the source, but for 1 hard link that the secondary holds as copies[^]*link.*d\/a2/,
      );

      const second = await run();
      expect(second.attempts).toBe(2);
      expect(second.warnings).toEqual([
        expect.stringMatching(/the last snapshot is not as it was.*1 no longer linked.*\(d\/a2: hard link\)/),
      ]);
      expect(inodes(second.id, 'a', 'd/a2')).toBe(1);
      expect(await run()).toMatchObject({ attempts: 1, warnings: [] });
      await primary.configure(RETRY);
    },
  );

  it('are made again by the next run where there is one attempt only, and hide no other content', async () => {
    const once = { ...RETRY, job: { ...RETRY.job, retry: { ...RETRY.job.retry, attempts: 1 } } };
    await primary.configure(once);
    await link(at('a'), at('d/a2'));
    const first = await run();
    const name = secondary.path('db', first.id, 'd/a2');
    execFileSync('cp', ['--preserve=all', '--no-preserve=links', name, `${name}.copy`]);
    await writeFile(`${name}.copy`, 'CONTENT of a\n', { flag: 'r+' });
    execFileSync('touch', ['--reference', at('a'), `${name}.copy`]);
    await rename(`${name}.copy`, name);
    execFileSync('touch', ['--reference', at('d'), secondary.path('db', first.id, 'd')]);

    // rsync alone says of this no more than of an equal copy.
    const verified = await primary.call('verify', 'db');
    expect(verified).toMatchObject({ code: 20, stdout: expect.stringMatching(/CORRUPT.*d\/a2.*content/) as string });
    const second = await run();
    expect(await readFile(secondary.path('db', second.id, 'd/a2'), 'utf8')).toBe('content of a\n');
    expect(inodes(second.id, 'a', 'd/a2')).toBe(1);
    await primary.configure(RETRY);
  });

  it('are linked as a group when nothing of it has changed', async () => {
    await link(at('a'), at('d/a2'));
    const first = await run();
    const second = await run();
    expect(inode(second.id, 'd/a2')).toBe(inode(first.id, 'a'));
    expect(second.transfer).toMatchObject({ newFiles: 0, changedFiles: 0 });
  });
});

describe('a push that broke', () => {
  beforeAll(() => primary.configure({ ...RETRY, job: { ...RETRY.job, retry: { ...RETRY.job.retry, attempts: 1 } } }));
  afterAll(() => primary.configure(RETRY));

  it('is continued in its own tree, which shares nothing while rsync writes', async () => {
    const first = await run();
    const size = 32 * 1024 ** 2;
    await writeFile(at('large'), incompressible(size));
    await writeFile(at('d/small'), 'small\n');
    secondary.line.after(size / 2, () => secondary.line.cut());
    const broken = await primary.call('run', 'db');
    expect(broken.code).toBe(12);
    const second = await run();
    expect(Number(second.transfer.literalBytes)).toBeLessThan(0.8 * size);
    expect(inode(second.id, 'a')).toBe(inode(first.id, 'a'));
    expect((await secondary.names('db')).filter((name) => /frozen|partial/.test(name))).toEqual([]);
  });

  /** Ends a run when the names of the source lie in the attempt, but not all of the file that is sent last. */
  const breakRun = async () => {
    await writeFile(at('z-large'), incompressible(8 * 1024 ** 2));
    secondary.line.after(4 * 1024 ** 2, () => secondary.line.cut());
    expect((await primary.call('run', 'db')).code).toBe(12);
    await rm(at('z-large'));
  };

  it.each(['the first one', 'a later one'])('leaves out what the source has lost since: %s', async (which) => {
    if (which === 'the first one') {
      await rm(secondary.gate.jobDirectory, { recursive: true });
      await rm(join(primary.state, 'jobs'), { recursive: true });
    } else await run();
    for (const name of ['d/lost', 'lost directory/and/what is in it', 'file or directory/x', 'other\nname']) {
      await mkdir(dirname(at(name)), { recursive: true });
      await writeFile(at(name), 'lost soon\n');
    }
    await writeFile(at('directory or file'), 'a file as yet\n');
    await breakRun();
    for (const name of ['d/lost', 'lost directory', 'file or directory', 'other\nname', 'directory or file'])
      await rm(at(name), { recursive: true });
    await mkdir(at('directory or file/deep'), { recursive: true });
    await writeFile(at('file or directory'), 'a file now\n');

    const { id, attempts } = await run();
    expect(attempts).toBe(1);
    expect((await readdir(secondary.path('db', id), { recursive: true })).sort()).toEqual(
      (await readdir(primary.source, { recursive: true })).sort(),
    );
  });

  it('is asked for by each name that it may have', async () => {
    await run();
    await writeFile(at('d/lost'), 'lost soon\n');
    await breakRun();
    await rm(at('d/lost'));
    const [name = ''] = (await secondary.names('db')).filter((each) => each.endsWith('.frozen'));
    const id = parseSnapshotId(name.replace('.frozen', ''))!;
    // The run died after it had noted the next id, and before the gate had gone on.
    const state = join(primary.state, 'jobs/db@vault.json');
    const noted = JSON.parse(await readFile(state, 'utf8')) as { broken: object };
    const next = nextSnapshotId(new Date(), id);
    await writeFile(state, JSON.stringify({ ...noted, lastId: next, broken: { ...noted.broken, id: next, formerly: [id] } })); // prettier-ignore
    await until(() => snapshotIdOf(new Date()) > next);
    expect(await run()).toMatchObject({ attempts: 1 });
    expect((await secondary.names('db')).filter((each) => /frozen|partial/.test(each))).toEqual([]);
  });
});
