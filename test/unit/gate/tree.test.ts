import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GroupBounds } from '../../../remote-scripts/gate/child-group.ts';
import { fillTree, unshareTree } from '../../../remote-scripts/gate/tree/work-on-tree.ts';
import { MAX_NOTES_RECORDS, NOTES_HEADER } from '../../../src/shared/notes.ts';

let base: string;
let lock: number;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'offsite-tree-'));
  lock = openSync(join(base, 'lock'), 'w');
});
afterEach(() => {
  closeSync(lock);
  rmSync(base, { recursive: true });
});

const at = (...names: string[]) => join(base, ...names);
const bounds = (limitMs = 60_000): GroupBounds => ({ lockFd: lock, limitMs, signal: new AbortController().signal });
const inode = (path: string) => lstatSync(at(path)).ino;
const put = (path: string, text = path) => {
  mkdirSync(join(at(path), '..'), { recursive: true });
  writeFileSync(at(path), text);
};
const setTime = (path: string, time: string) => execFileSync('touch', ['--no-dereference', '-d', time, at(path)]);
const timeOf = (path: string) => lstatSync(at(path), { bigint: true }).mtimeNs;

function notes(...records: (string | Buffer)[]): string {
  const parts = [NOTES_HEADER, ...records].flatMap((record) => [Buffer.from(record), Buffer.of(0)]);
  writeFileSync(at('notes'), Buffer.concat(parts));
  return at('notes');
}
const nothing = { notes: undefined, most: 0, damage: undefined };
const fill = (noted?: string, most = 1e9, damage?: { record: string; id: string }) =>
  fillTree({ tree: at('tree'), basis: at('basis'), notes: noted, most, damage }, bounds());

describe('filling a tree', () => {
  beforeEach(() => {
    for (const name of ['a', 'd/b', 'd/e/c', 'gone/x']) put(`basis/${name}`);
    symlinkSync('a', at('basis/link'));
    mkdirSync(at('tree/d/e'), { recursive: true });
  });

  it('links what the basis has and the tree lacks, and nothing of a directory that the tree has not', async () => {
    put('tree/d/b', 'sent anew');
    expect(await fill()).toEqual({ kind: 'filled', linked: 3, copied: 0 });
    expect(inode('tree/a')).toBe(inode('basis/a'));
    expect(inode('tree/d/e/c')).toBe(inode('basis/d/e/c'));
    expect(readlinkSync(at('tree/link'))).toBe('a');
    expect(readFileSync(at('tree/d/b'), 'utf8')).toBe('sent anew');
    expect(existsSync(at('tree/gone'))).toBe(false);
    expect(await fill(), 'a second time').toMatchObject({ kind: 'shares' });
  });

  it('misses nothing of a tree of many directories, however often it is filled', async () => {
    for (let directory = 0; directory < 150; directory += 1) put(`basis/many-${directory}/in/file`);
    const names = readdirSync(at('basis'), { recursive: true }).length;
    for (let round = 0; round < 20; round += 1) {
      rmSync(at('tree'), { recursive: true });
      for (let directory = 0; directory < 150; directory += 1)
        mkdirSync(at(`tree/many-${directory}/in`), { recursive: true });
      mkdirSync(at('tree/d/e'), { recursive: true });
      mkdirSync(at('tree/gone'));
      await fill();
      expect(readdirSync(at('tree'), { recursive: true }).length, `round ${round}`).toBe(names);
    }
  }, 60_000);

  it('gives directories back their time to the nanosecond', async () => {
    setTime('tree/d', '2026-11-23 02:15:00.999999999');
    setTime('tree', '2001-02-03 04:05:06.000000001');
    const before = [timeOf('tree/d'), timeOf('tree')];
    await fill();
    expect([timeOf('tree/d'), timeOf('tree')]).toEqual(before);
    expect(String(before[0])).toMatch(/999999999$/);
  });

  it('links nothing that the source no longer has, and removes what an earlier attempt had sent of it', async () => {
    put('tree/old/file');
    const filled = await fill(notes('-a', '-d/e/c', '-old', '-old/file', '-never'));
    expect(filled).toMatchObject({ kind: 'filled', linked: 2 });
    expect(readdirSync(at('tree')).sort()).toEqual(['d', 'link']);
    expect(readdirSync(at('tree/d/e'))).toEqual([]);
    expect(readFileSync(at('basis/a'), 'utf8')).toBe('basis/a');
  });

  it('stops where the tree has something else than a directory, and follows no link', async () => {
    mkdirSync(at('outside'));
    rmSync(at('tree/d/e'), { recursive: true });
    symlinkSync(at('outside'), at('tree/d/e'));
    put('tree/gone', 'a file now');
    await fill(notes('-d/e/outside', '=a', '+d/e/new'));
    expect(readdirSync(at('outside'))).toEqual([]);
    expect(readFileSync(at('tree/gone'), 'utf8')).toBe('a file now');
  });

  it('stops at a named pipe in the place of a directory, and waits for nobody who writes to it', async () => {
    rmSync(at('tree/d'), { recursive: true });
    execFileSync('mkfifo', [at('tree/d')]);
    expect(await fill(notes('-d/b', '=a', '+d/new'))).toMatchObject({ kind: 'filled' });
    expect(lstatSync(at('tree/d')).isFIFO()).toBe(true);
    expect(inode('tree/a')).toBe(inode('basis/a'));
  });

  it('makes names of one file of what the notes say is one file', async () => {
    put('basis/d/two', 'old');
    put('tree/d/one', 'new');
    setTime('tree/d', '2026-11-23 02:15:00.5');
    const before = timeOf('tree/d');
    await fill(notes('=d/one', '+d/two', '+d/three', '+nowhere/four', '=absent', '+a'));
    for (const name of ['two', 'three']) expect(inode(`tree/d/${name}`)).toBe(inode('tree/d/one'));
    expect(timeOf('tree/d')).toBe(before);
    expect(readFileSync(at('basis/d/two'), 'utf8'), 'the basis is as it was').toBe('old');
    expect(inode('tree/a')).toBe(inode('basis/a'));
  });

  it('takes names of any bytes', async () => {
    const odd = Buffer.from([0x61, 0x0a, 0xff, 0x5c]);
    writeFileSync(Buffer.concat([Buffer.from(`${at('basis')}/`), odd]), 'x');
    await fill(notes(Buffer.concat([Buffer.from('-'), odd])));
    expect(readdirSync(at('tree'), { encoding: 'buffer' }).some((name) => name.equals(odd))).toBe(false);
    await rmTree();
    await fill();
    expect(readdirSync(at('tree'), { encoding: 'buffer' }).some((name) => name.equals(odd))).toBe(true);
  });
  const rmTree = () => {
    rmSync(at('tree'), { recursive: true });
    mkdirSync(at('tree/d/e'), { recursive: true });
    return Promise.resolve();
  };

  it.each([
    ['climb', ['-../basis/a']],
    ['are absolute', ['-/etc/passwd']],
    ['climb further on', ['-d/../../basis/a']],
    ['are empty', ['-']],
    ['stand for the tree itself', ['-.']],
    ['have empty parts', ['-d//b']],
    ['are too long', [`-${'x'.repeat(256)}`]],
    ['belong to no group', ['+a']],
    ['are of an unknown kind', ['?a']],
    ['have no kind', ['', '-a']],
  ])('refuses notes with names that %s, before anything is done', async (_, records) => {
    expect(await fill(notes(...records))).toMatchObject({ kind: 'bad-notes' });
    expect(existsSync(at('tree/a'))).toBe(false);
  });

  it('refuses notes with more than a million names', async () => {
    writeFileSync(at('notes'), `${NOTES_HEADER}\0${'-a\0'.repeat(MAX_NOTES_RECORDS)}`);
    expect(await fill(at('notes'))).toEqual({ kind: 'bad-notes', reason: 'the notes hold too many names' });
    expect(existsSync(at('tree/a'))).toBe(false);
  });

  it('refuses notes that were cut off, or are none', async () => {
    writeFileSync(at('notes'), `${NOTES_HEADER}\0-a`);
    expect(await fill(at('notes'))).toEqual({ kind: 'bad-notes', reason: 'the notes are not complete' });
    writeFileSync(at('notes'), '');
    expect(await fill(at('notes'))).toMatchObject({ kind: 'bad-notes' });
  });

  it('links nothing into a tree that shares a file with anything else', async () => {
    linkSync(at('basis/d/b'), at('tree/d/stolen'));
    expect(await fill()).toEqual({ kind: 'shares', names: 'd/stolen' });
    expect(existsSync(at('tree/a'))).toBe(false);
  });

  it('takes names of one file within the tree for what they are', async () => {
    put('tree/one');
    linkSync(at('tree/one'), at('tree/d/two'));
    expect(await fill()).toMatchObject({ kind: 'filled' });
  });

  it('reports the error of the system when the basis cannot be read', async () => {
    rmSync(at('basis'), { recursive: true });
    await expect(fill()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends when it takes too long, or is told to', async () => {
    expect(await fillTree({ tree: at('tree'), basis: at('basis'), ...nothing }, bounds(0))).toEqual({
      kind: 'too-long',
    });
    const stopped = { ...bounds(), signal: AbortSignal.abort() };
    expect(await fillTree({ tree: at('tree'), basis: at('basis'), ...nothing }, stopped)).toEqual({
      kind: 'stopped',
    });
  });

  it('links to nothing that is damaged: what rsync has sent stays, and what it has not is copied', async () => {
    linkSync(at('basis/a'), at('basis/d/second'));
    put('tree/d/b', 'sent anew');
    const entries = ['a', 'd/b', 'd/e/c'].map((name) => ({
      inode: String(inode(`basis/${name}`)),
      snapshots: name === 'd/e/c' ? ['another'] : ['one', 'this'],
    }));
    put('damage', JSON.stringify({ entries: [...entries, { inode: null, snapshots: ['this'] }] }));
    const filled = await fill(undefined, 1e9, { record: at('damage'), id: 'this' });
    expect(filled).toEqual({ kind: 'filled', linked: 2, copied: 1 });
    expect(readFileSync(at('tree/d/b'), 'utf8')).toBe('sent anew');
    expect(readFileSync(at('tree/a'), 'utf8')).toBe('basis/a');
    expect(inode('tree/a')).not.toBe(inode('basis/a'));
    expect(inode('tree/d/second')).toBe(inode('tree/a'));
    expect(inode('tree/d/e/c')).toBe(inode('basis/d/e/c'));
    expect(lstatSync(at('basis/d/b')).nlink).toBe(1);
  });

  it('copies under a name that no source can have taken on purpose', async () => {
    put('tree/.offsite-rsync.copied', 'of the source');
    const entries = [{ inode: String(inode('basis/a')), snapshots: ['this'] }];
    put('damage', JSON.stringify({ entries }));
    expect(await fill(undefined, 1e9, { record: at('damage'), id: 'this' })).toMatchObject({ copied: 1 });
    expect(readFileSync(at('tree/.offsite-rsync.copied'), 'utf8')).toBe('of the source');
    expect(readdirSync(at('tree')).sort()).toEqual(['.offsite-rsync.copied', 'a', 'd', 'link']);
  });

  it('does what the notes say where there is no basis', async () => {
    put('tree/old');
    put('tree/one');
    const filled = await fillTree(
      { ...nothing, tree: at('tree'), basis: undefined, notes: notes('-old', '=one', '+two') },
      bounds(),
    );
    expect(filled).toMatchObject({ kind: 'filled' });
    expect(readdirSync(at('tree')).sort()).toEqual(['d', 'one', 'two']);
  });
});

describe.skipIf(process.getuid?.() !== 0)('what cannot be linked (needs root, for a file that is immutable)', () => {
  const immutable = (path: string, on: boolean) => execFileSync('chattr', [on ? '+i' : '-i', at(path)]);
  let fits = true;
  beforeEach(() => {
    mkdirSync(at('tree'));
    put('basis/fixed', 'text');
    chmodSync(at('basis/fixed'), 0o640);
    execFileSync('python3', ['-c', 'import os,sys; os.setxattr(sys.argv[1], "user.x", b"y")', at('basis/fixed')]);
    setTime('basis/fixed', '2026-11-23 02:15:00.123456789');
    linkSync(at('basis/fixed'), at('basis/second'));
    try {
      immutable('basis/fixed', true);
    } catch {
      fits = false; // a file system without such a flag (tmpfs)
    }
  });
  afterEach(() => fits && immutable('basis/fixed', false));

  it('is copied with all that belongs to it, once for all its names', async ({ skip }) => {
    if (!fits) skip();
    expect(await fill()).toEqual({ kind: 'filled', linked: 0, copied: 1 });
    expect(inode('tree/fixed')).not.toBe(inode('basis/fixed'));
    expect(inode('tree/fixed')).toBe(inode('tree/second'));
    expect(readFileSync(at('tree/fixed'), 'utf8')).toBe('text');
    expect(timeOf('tree/fixed')).toBe(timeOf('basis/fixed'));
    expect(lstatSync(at('tree/fixed')).mode & 0o777).toBe(0o640);
    const attribute = ['-c', 'import os,sys; print(os.getxattr(sys.argv[1], "user.x"))', at('tree/fixed')];
    expect(execFileSync('python3', attribute, { encoding: 'utf8' })).toBe("b'y'\n");
  });

  it('costs no directory its time, though others were linked there before it', async ({ skip }) => {
    if (!fits) skip();
    for (let name = 0; name < 50; name += 1) put(`basis/${name}`);
    setTime('tree', '2001-02-03 04:05:06.7');
    const before = timeOf('tree');
    expect(await fill()).toMatchObject({ copied: 1 });
    expect(timeOf('tree')).toBe(before);
  });

  it('is not copied where too little may be written', async ({ skip }) => {
    if (!fits) skip();
    await expect(fill(undefined, 3)).rejects.toMatchObject({ code: 'ENOSPC' });
  });
});

describe('making a tree share nothing', () => {
  it('removes the names of files that have names elsewhere, and no others', async () => {
    put('sealed/shared');
    put('tree/d/own');
    linkSync(at('tree/d/own'), at('tree/own-too'));
    linkSync(at('sealed/shared'), at('tree/d/shared'));
    linkSync(at('sealed/shared'), at('tree/shared-too'));
    expect(await unshareTree(at('tree'), bounds())).toBe(true);
    expect(readdirSync(at('tree'), { recursive: true, encoding: 'utf8' }).sort()).toEqual(['d', 'd/own', 'own-too']);
    expect(readFileSync(at('sealed/shared'), 'utf8')).toBe('sealed/shared');
  });

  it('leaves the tree as it is where it is not a directory, or time is over', async () => {
    symlinkSync(base, at('tree'));
    await expect(unshareTree(at('tree'), bounds())).rejects.toThrow();
    rmSync(at('tree'));
    mkdirSync(at('tree'));
    expect(await unshareTree(at('tree'), bounds(0))).toBe(false);
  });
});
