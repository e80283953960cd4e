import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { until } from '../support/until.ts';
import { flipByte } from './support/flip-byte.ts';
import { everything, storeTwice, type StoredTwice } from './support/stored-twice.ts';
import { listTree } from './support/tree-listing.ts';

/*
 * What the gate has stored, brought back from its disk and through its read key: `restore`, `diff` and `cat`. More of it is in lab/restore.
 */

const isRoot = process.getuid?.() === 0;
/** `nobody`, for a user to whom nothing belongs. */
const NOBODY = 65_534;

let stored: StoredTwice;
beforeAll(async () => {
  stored = await storeTwice();
});
beforeEach(() => stored.sweep());
afterAll(() => stored.stop());

const to = (...names: string[]) => join(stored.work, ...names);
const call: StoredTwice['call'] = (...args) => stored.call(...args);
const restore = (...words: string[]) => call(['restore', 'db', '--from', stored.disk, ...words]);
const snapshot = (...names: string[]) => join(stored.disk, 'db', ...names);

/** Bytes of the only file in a directory. */
function partOf(directory: string): number {
  const [name = ''] = readdirSync(directory);
  return statSync(join(directory, name)).size;
}

describe.runIf(isRoot)('a tree with everything in it (needs root, for owners and devices)', () => {
  it('comes back entry by entry, for root: owners, modes, nanoseconds, ACLs, links, holes', async () => {
    const { code, stdout, stderr } = restore('--to', to('back'), '--snapshot', stored.first);
    expect(code, stdout + stderr).toBe(0);
    expect(everything(to('back'))).toEqual(stored.entries);
    expect(listTree(to('back')).groups).toEqual(stored.groups);
    expect((await stat(to('back/sparse'))).blocks).toBeLessThan(64);
    expect(stdout).toContain('proved    every file by the checksum with which the secondary sealed it');
  });

  it('comes back for an ordinary user but for its owners, and he is told', () => {
    spawnSync('cp', ['-a', snapshot(), to('db')]);
    spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, to('db')]);
    const { code, stdout, stderr } = call(
      ['restore', 'db', '--from', to('db'), '--to', to('back'), '--snapshot', stored.first],
      NOBODY,
    );
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/owners {4}\d+ entries of another owner or group: only root can restore those/);
    expect(stdout).toMatch(/but for \d+ entries that their own modes close to this user/);
    const withoutOwners = (lines: string[]) => lines.map((line) => line.replace(/ (0o\d+) \d+ \d+ /, ' $1 '));
    expect(withoutOwners(everything(to('back')))).toEqual(withoutOwners([...stored.entries]));
  });

  it('comes back from the parts that are named, and nothing else changes', async () => {
    await mkdir(to('there'), { mode: 0o711 });
    await utimes(to('there'), 1_000_000, 1_000_000);
    const { code, stdout, stderr } = restore(
      '--to',
      to('there'),
      'hard-link',
      'setgid/',
      './acl',
      'no-utf8-\\#377\\#376',
    );
    expect(code, stdout + stderr).toBe(0);
    expect((await readdir(to('there'))).length).toBe(4);
    expect(everything(to('there/setgid'))).toEqual(everything(join(stored.primary.source, 'setgid')));
    expect(await stat(to('there'))).toMatchObject({ mode: 0o40711, mtimeMs: 1_000_000_000 });
  });
});

describe('restore', () => {
  it('takes the snapshot that is named, and says which', async () => {
    const { code, stdout } = restore('--to', to('back'), '--snapshot', stored.first, '--json');
    expect(code).toBe(0);
    const printed = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event?: string; step?: string });
    const steps = printed.filter(({ event }) => event === 'step-started').map(({ step }) => step);
    expect(steps).toEqual(['looking', 'fetching', 'manifest', 'comparing']);
    expect(printed.at(-1)).toMatchObject({
      job: 'db',
      snapshot: stored.first,
      path: to('back'),
      outcome: 'done',
      resumed: false,
      damaged: [],
      different: [],
    });
    expect(await readFile(to('back/goes'), 'utf8')).toBe('away');
    expect(await readdir(to('back'))).not.toContain('comes');
  });

  it('brings names with every character that means something to a pattern', async () => {
    const { code, stderr } = restore('--to', to('back'), 'sub dir/[deep]/dump*.sql');
    expect(code, stderr).toBe(0);
    expect(await readFile(to('back/sub dir/[deep]/dump*.sql'), 'utf8')).toBe('a dump\n');
    expect(await readdir(to('back'))).toEqual(['sub dir']);
    expect(await readdir(to('back/sub dir'))).toEqual(['[deep]']);
  });

  it.each([
    [['nowhere', 'big'], /The snapshot has no "nowhere"\. .*\n.*offsite-rsync list shows which/],
    [['../etc'], /leads out of the snapshot/],
    [['--snapshot', '2020-01-01T000000Z'], /There is no snapshot 2020-01-01T000000Z/],
    [['--snapshot', 'today'], /"today" names no snapshot/],
  ])('does nothing with %s', async (words, message) => {
    const { code, stderr, stdout } = restore('--to', to('back'), ...words);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(await readdir(stored.work)).toEqual([]);
  });

  it('does nothing where something is, or among the snapshots, or in a file', async () => {
    await mkdir(to('back'));
    await writeFile(to('back/mine'), '');
    expect(restore('--to', to('back')).stderr).toMatch(/is not empty: it holds 1 entry \(mine\)\.\n.*--overwrite/);
    expect(restore('--to', snapshot('back')).stderr).toMatch(/lies among the snapshots/);
    expect(restore('--to', join(stored.disk, 'back')).stderr).toMatch(/lies among the snapshots/);
    expect(restore('--to', to('back/mine')).stderr).toMatch(/cannot be used/);
    expect(await readdir(to('back'))).toEqual(['mine']);
  });

  it('names what is damaged there, and brings everything else', async () => {
    const damaged = snapshot(stored.second, 'comes');
    flipByte(damaged, 0);
    try {
      const { code, stdout } = restore('--to', to('back'));
      expect(code).toBe(20);
      expect(stdout).toMatch(/not as it was when the snapshot was sealed: comes\n/);
      expect(stdout).toMatch(/^ +left +\S+\/back\/\.offsite-restore: the same command goes on with it/m);
      expect(await readFile(to('back/sub dir/other'), 'utf8')).toBe('x');
      expect(restore('--to', to('other'), 'big').code).toBe(0);
      const said = call(['cat', 'db', 'comes', '--from', stored.disk]);
      expect(said).toMatchObject({ code: 20, stdout: '' });
    } finally {
      flipByte(damaged, 0);
    }
  });

  it.each([
    ['a Ctrl-C', 'SIGINT'],
    ['a kill -9', 'SIGKILL'],
  ] as const)('goes on where %s stopped it, when the same command is typed again', async (_, signal) => {
    // A slow disk: rsync itself, held back.
    await mkdir(to('bin'));
    const slow =
      '#!/bin/sh\n[ "$1" = --server ] && exec /usr/bin/rsync "$@"\nexec /usr/bin/rsync --bwlimit=1000 "$@"\n';
    await writeFile(to('bin/rsync'), slow, { mode: 0o755 });
    const words = ['restore', 'db', '--from', stored.disk, '--to', to('back'), 'big'];
    const env = { PATH: `${to('bin')}:${process.env.PATH ?? ''}`, TMPDIR: to('bin') };
    const child = spawn(process.execPath, [inject('cli'), ...words], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await until(() => partOf(to('back/.offsite-restore/tmp')) > 500_000);
    child.kill(signal);
    expect(await ended).toBe(signal === 'SIGINT' ? 130 : null);
    // All that is left is one directory, and who can still be told is told what it is.
    expect(await readdir(to('back'))).toEqual(['.offsite-restore']);
    const left = /^ +left +(\S+): the same command goes on with it; if it is not to, remove that directory$/m;
    expect(left.exec(said)?.[1]).toBe(signal === 'SIGINT' ? to('back/.offsite-restore') : undefined);

    expect(call([...words.slice(0, -1), 'comes']).stderr).toMatch(/holds an unfinished restore of db, .* \(1 name\)/);
    const { code, stdout } = call([...words, '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
    expect(report).toMatchObject({ resumed: true, left: null });
    if (signal === 'SIGINT') expect(report.receivedBytes).toBeLessThan((3 << 20) - 400_000);
    expect(await readdir(to('back'))).toEqual(['big']);
  });

  it('leaves nothing of its own where nothing could be fetched', async () => {
    await mkdir(to('bin'));
    await writeFile(to('bin/rsync'), '#!/bin/sh\nexit 12\n', { mode: 0o755 });
    const words = ['restore', 'db', '--from', stored.disk, '--to', to('back')];
    const env = { PATH: `${to('bin')}:${process.env.PATH ?? ''}`, TMPDIR: to('bin') };
    const { status, stdout } = spawnSync(process.execPath, [inject('cli'), ...words], { env, encoding: 'utf8' });
    expect(status, stdout).not.toBe(0);
    expect(stdout).not.toContain('.offsite-restore');
    await expect(readdir(to('back'))).rejects.toThrow('ENOENT');
  });
});

describe('diff', () => {
  it('tells what is new, gone and changed', () => {
    const { code, stdout } = call(['diff', 'db', stored.first, 'latest', '--from', snapshot()]);
    expect(code).toBe(0);
    expect(stdout).toContain('3 B  comes');
    expect(stdout).toContain('- ');
    expect(stdout).toMatch(/~ .*big \(size 3\.00 MiB → 3\.00 MiB, time\)/);
    expect(stdout).toMatch(/~ .*sub dir\/other \(mode\)/);
    expect(stdout).toMatch(/: 1 entry new \(3 B\), \d entr(y|ies) gone \(.*\), 2 entries changed\n/);
    const { stdout: json } = call(['diff', 'db', stored.first, stored.second, '--from', stored.disk, '--json']);
    expect(JSON.parse(json)).toMatchObject({
      from: stored.first,
      to: stored.second,
      new: [{ name: 'comes', kind: 'file', size: 3 }],
      gone: [{ name: 'goes', kind: 'file', size: 4 }, ...(isRoot ? [{ name: 'sparse' }] : [])],
      changed: [
        { name: 'big', what: ['size', 'time'] },
        { name: 'sub dir/other', what: ['mode'] },
      ],
    });
  });
});

describe('cat', () => {
  it('writes one file and nothing else, and leaves nothing behind', async () => {
    expect(call(['cat', 'db', 'sub dir/[deep]/dump*.sql', '--from', stored.disk])).toMatchObject({
      code: 0,
      stdout: 'a dump\n',
    });
    expect(call(['cat', 'db', 'goes', '--from', stored.disk, '--snapshot', stored.first]).stdout).toBe('away');
    expect(await readdir(stored.work)).toEqual([]);
  });

  it.each([
    ['goes', /The snapshot has no "goes"/],
    ['sub dir', /"sub dir" is a directory/],
  ])('writes nothing for %s', (name, message) => {
    const { code, stdout, stderr } = call(['cat', 'db', name, '--from', stored.disk]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('the read key', () => {
  const withKey = (...words: string[]) => stored.primary.call(...words, '--identity', stored.key);

  it('brings a whole snapshot back, proved by its manifest', async () => {
    const { code, stdout, stderr } = await withKey('restore', 'db', '--to', to('back'), '--snapshot', stored.second);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain('by the checksum with which the secondary sealed it');
    expect(everything(to('back'))).toEqual(everything(stored.primary.source));
    expect(await readdir(to('back'))).not.toContain('.offsite-restore');
  });

  it('restores nothing when the secondary says fake_super and the target plain', async () => {
    const configure = (metadata: 'plain' | 'fake_super') =>
      stored.primary.configure({ target: { secondary: 'gate', metadata } });
    await configure('plain');
    try {
      const { code, stderr } = await withKey('restore', 'db', '--to', to('back'));
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/vault says `metadata: plain`, but the secondary says `metadata: fake_super`/);
      expect(await readdir(stored.work)).toEqual([]);
    } finally {
      await configure('fake_super');
    }
  });

  it('is asked for where there is none, and nothing is written', async () => {
    const { code, stderr } = await stored.primary.call('restore', 'db', '--to', to('back'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/there is no key with which vault may be read/);
    expect(await readdir(stored.work)).toEqual([]);
  });
});
