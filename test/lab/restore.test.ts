import { spawnSync } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatSeal } from '../../src/shared/seal.ts';
import { parseSnapshotId } from '../../src/shared/snapshot-id.ts';
import { flipByte } from '../ssh/support/flip-byte.ts';
import { sealOf } from '../ssh/support/gate-host.ts';
import { storeTwice, type StoredTwice } from '../ssh/support/stored-twice.ts';

// What ssh/restore has no time for.

const isRoot = process.getuid?.() === 0;
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

describe('restore', () => {
  it('replaces what has the same name when told to, after a dry run has shown it, even if size and time are the same', async () => {
    expect(restore('--to', to('back')).code).toBe(0);
    flipByte(to('back/big'), 5);
    await writeFile(to('back/mine'), 'mine');
    const shown = restore('--to', to('back'), '--overwrite', '--dry-run');
    expect(shown.stdout).toMatch(
      /0 entries new there, 2 entries to be replaced\n +replaced {2}\.\/\n +replaced {2}big\n/,
    );
    expect(restore('--to', to('back'), '--overwrite').code).toBe(0);
    expect(await readFile(to('back/big'))).toEqual(await readFile(join(stored.primary.source, 'big')));
    expect(await readFile(to('back/mine'), 'utf8')).toBe('mine');
  });
});

describe('a snapshot that is not like others', () => {
  const ID = '2025-01-01T000000Z';

  it('has no seal: it is taken only when that is asked for, and proved by what is stored', async () => {
    await mkdir(to('disk/db', `${ID}.frozen`), { recursive: true });
    await writeFile(to('disk/db', `${ID}.frozen`, 'half'), 'half');
    const words = ['restore', 'db', '--from', to('disk'), '--to', to('back'), '--snapshot', ID];
    const without = call(words.slice(0, -2));
    expect(without.stderr).toContain(`--incomplete --snapshot ${ID} takes the newest`);
    expect(call(words)).toMatchObject({ code: 2, stdout: '' });
    const { code, stdout } = call([...words, '--incomplete']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/proved {4}every file by checksum against what is stored \(there is no manifest/);
    expect(await readFile(to('back/half'), 'utf8')).toBe('half');
  });

  it.runIf(isRoot)('was sent without owners: none come from the account that has it (needs root)', async () => {
    await mkdir(to('disk/db', ID), { recursive: true });
    await writeFile(to('disk/db', ID, 'file'), 'text');
    await writeFile(to('disk/db', `${ID}.sealed`), formatSeal(sealOf(parseSnapshotId(ID)!, { job: 'db' })));
    spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, to('disk')]);
    const words = ['restore', 'db', '--from', to('disk'), '--metadata', 'plain', '--to', to('back')];
    expect(call(words)).toMatchObject({ code: 0 });
    expect(await stat(to('back/file'))).toMatchObject({ uid: 0, gid: 0 });
  });

  it.runIf(isRoot)(
    'is larger than the disk here: it goes on when there is more space (needs root, to mount a small one)',
    async () => {
      await mkdir(to('back'));
      expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', to('back')]).status).toBe(0);
      try {
        const words = ['restore', 'db', 'big', '--from', stored.disk, '--to', to('back')];
        const { code, stdout } = call(words);
        expect(code, stdout).toBe(5);
        expect(stdout).toMatch(
          /no space left here: .*\n +what to do {2}Free space there\. Type the same command again/,
        );
        expect(spawnSync('mount', ['-o', 'remount,size=64m', to('back')]).status).toBe(0);
        expect(call(words)).toMatchObject({ code: 0 });
      } finally {
        spawnSync('umount', [to('back')]);
      }
    },
  );
});

describe('the read key', () => {
  const withKey = (...words: string[]) => stored.primary.call(...words, '--identity', stored.key);

  it('brings names with any character, a difference, and one file', async () => {
    expect((await withKey('restore', 'db', 'sub dir/[deep]', '--to', to('part'))).code).toBe(0);
    expect(await readFile(to('part/sub dir/[deep]/dump*.sql'), 'utf8')).toBe('a dump\n');
    const { stdout } = await withKey('diff', 'db', stored.first, stored.second, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      new: [{ name: 'comes' }],
      changed: [{ name: 'big' }, { name: 'sub dir/other' }],
    });
    expect(await withKey('cat', 'db', 'goes', '--snapshot', stored.first)).toMatchObject({ code: 0, stdout: 'away' });
  });
});
