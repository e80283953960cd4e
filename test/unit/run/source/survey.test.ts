import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ListedEntry } from '../../../../src/rsync/listing.ts';
import type { Inode } from '../../../../src/run/source/inodes.ts';
import { createNameTable } from '../../../../src/run/source/name-table.ts';
import { surveySource, type Links } from '../../../../src/run/source/survey.ts';
import { createManifest } from '../../../../src/state/manifest.ts';

const MTIME = '2026/11/22-02:15:00';
const SINCE = Date.parse('2026-11-22T02:10:00Z');
const BEFORE = SINCE - 1;

const entry = (kind: ListedEntry['kind'], name: string, size = 20): ListedEntry => ({
  kind,
  size,
  mtimeMs: Date.parse('2026-11-22T02:15:00Z'),
  mtime: MTIME,
  name,
});
const inode = (name: string, changed: Partial<Inode> = {}): Inode => ({
  number: '1 7',
  links: 1,
  facts: 'f 20 1.0 2.0',
  mtimeMs: BEFORE,
  ctimeMs: BEFORE,
  name,
  ...changed,
});

/** Surveys a source against a basis, each given by names with facts (`file 20`). */
async function survey(
  basis: Readonly<Record<string, string>>,
  entries: ListedEntry[],
  inodes: Inode[] = [],
  known = true,
  links: Links = 'right',
) {
  const table = createNameTable();
  for (const [name, facts] of Object.entries(basis)) table.add(name, `${facts} ${MTIME}`);
  const manifest = createManifest();
  const watch = surveySource({ table, whole: known }, SINCE, manifest);
  for (const each of entries) watch.onEntry(each);
  for (const each of inodes) watch.onInode(each);
  const found = await watch.end((onName) => {
    for (const [name, facts] of Object.entries(basis)) onName(name, `${facts} ${MTIME}`);
    return Promise.resolve(true);
  }, links);
  const kept = gunzipSync(await manifest.end()).toString();
  return {
    ...found,
    names: [...(found.list?.names ?? [])].sort(),
    kept: kept.split('\n').filter((line) => line !== ''),
  };
}

describe('a survey', () => {
  it('lists every directory, and of the rest what is new or has another size, time or kind', async () => {
    const found = await survey({ a: 'file 20', grown: 'file 19', other: 'symlink 20' }, [
      entry('directory', '.', 4096),
      entry('directory', 'd'),
      ...['a', 'grown', 'other', 'd/new'].map((name) => entry('file', name)),
    ]);
    expect(found.names).toEqual(['.', 'd', 'd/new', 'grown', 'other']);
    expect(found.list).toMatchObject({ files: 3, bytes: 60 });
    expect(found.kept).toEqual([`file 20 ${MTIME} a`]);
    expect(found.gone).toEqual([]);
  });

  it('lists what was touched since, whatever its size and time say', async () => {
    const found = await survey(
      { a: 'file 20', b: 'file 20' },
      [entry('file', 'a'), entry('file', 'b')],
      [inode('a', { ctimeMs: SINCE }), inode('b')],
    );
    expect(found.names).toEqual(['a']);
    expect(found.list).toMatchObject({ files: 1, bytes: 20 });
  });

  it('lists what is below a directory that was moved, and not what is in one with a new entry', async () => {
    const names = ['moved/a', 'moved/in/b', 'grown/c'];
    const directory = (name: string, mtimeMs: number) =>
      inode(name, { facts: 'd 4096 1.0 2.0', mtimeMs, ctimeMs: SINCE + 5 });
    const found = await survey(
      Object.fromEntries(names.map((name) => [name, 'file 20'])),
      names.map((name) => entry('file', name)),
      [directory('.', 0), directory('moved', 0), directory('grown', SINCE + 5)],
    );
    expect(found.names).toEqual(['moved/a', 'moved/in/b']);
  });

  it('lists nothing below a directory that was touched last of all that the last run saw', async () => {
    const last = inode('filled', { facts: 'd 4096 1.0 2.0', mtimeMs: 0, ctimeMs: SINCE });
    const found = await survey({ 'filled/a': 'file 20' }, [entry('file', 'filled/a')], [last]);
    expect(found.names).toEqual([]);
  });

  it('names what is gone, but no directories, nor what went with them', async () => {
    const basis = { './': 'directory 0', 'd/': 'directory 0', a: 'file 20', 'd/b': 'file 20', 'e/c': 'file 20' };
    const found = await survey(basis, [entry('directory', 'd'), entry('file', 'a')]);
    expect(found.gone).toEqual(['d/b']);
  });

  it('names files of several names together, and lists the first of them alone', async () => {
    const several = { links: 2, number: '1 8', ctimeMs: SINCE };
    const found = await survey(
      { a: 'file 20', old: 'file 20', 'old-too': 'file 20' },
      ['a', 'b', 'c', 'old', 'old-too'].map((name) => entry('file', name)),
      [
        inode('a', several),
        inode('b', several),
        inode('c', { ...several, number: '1 9' }),
        ...['old', 'old-too'].map((name) => inode(name, { ...several, number: '1 10', ctimeMs: BEFORE })),
      ],
    );
    expect(found.groups).toEqual({
      onList: [['a', 'b']],
      all: [
        ['a', 'b'],
        ['old', 'old-too'],
      ],
    });
    expect(found.names).toEqual(['a', 'c']);
    expect(found.kept).toContain(`file 20 ${MTIME} b`);
  });

  it('links a name that is new to one that has not changed, though nothing of the file was touched', async () => {
    const several = { links: 3, number: '1 8' };
    const found = await survey(
      { 'd/a': 'file 20', other: 'file 20' },
      ['e/a', 'e/b', 'other'].map((name) => entry('file', name)),
      ['e/a', 'e/b', 'other'].map((name) => inode(name, several)),
    );
    expect(found.groups?.onList).toEqual([['other', 'e/a', 'e/b']]);
    expect(found.groups?.all).toEqual(found.groups?.onList);
    expect(found.names).toEqual([]);
    expect(found.kept.sort()).toEqual(['e/a', 'e/b', 'other'].map((name) => `file 20 ${MTIME} ${name}`));
  });

  it('lists each name of its own where inode numbers are false', async () => {
    const several = { links: 2, number: '1 8', ctimeMs: SINCE };
    const entries = ['a', 'b'].map((name) => entry('file', name));
    const inodes = ['a', 'b'].map((name) => inode(name, several));
    const found = await survey({}, entries, inodes, true, 'false');
    expect([found.names, found.groups]).toEqual([['a', 'b'], { onList: [], all: [] }]);
    expect((await survey({}, entries, inodes, true, 'unknown')).list).toBeUndefined();
  });

  it('knows a symbolic link by its name, also where that holds an arrow', async () => {
    const link = (name: string) => entry('symlink', name, 5);
    const found = await survey(
      { l: 'symlink 5', 'x -> y': 'symlink 5', 'p -> q': 'symlink 5' },
      [link('l -> there'), link('new -> there'), link('x -> y -> z'), link('p -> q -> r')],
      [inode('x -> y', { facts: 'l 5 1.0 2.0' }), inode('p', { facts: 'l 5 1.0 2.0' })],
    );
    expect(found.names).toEqual(['l', 'new', 'p', 'x -> y']); // changed or not, but never a name that does not exist
    expect(found.gone).toEqual(['p -> q']);
  });

  it('leaves out what no snapshot holds', async () => {
    expect((await survey({}, [entry('device', 'sda'), entry('special', 'fifo')])).names).toEqual([]);
  });

  it('has no list where the names would take too much memory', async () => {
    const long = 'x'.repeat(2000);
    const entries = Array.from({ length: 17_000 }, (_, index) => entry('file', `${index}${long}`));
    const found = await survey({ gone: 'file 20' }, entries);
    expect(found.list).toBeUndefined();
    expect(found.gone).toEqual(['gone']);
  });

  it('does not know what is gone where nothing is known of the basis', async () => {
    expect((await survey({}, [entry('file', 'a')], [], false)).gone).toBeUndefined();
    expect(
      (await survey({ a: 'file 20' }, [entry('file', 'a')], [], false)).gone,
      'the rest of its list is damaged',
    ).toBeUndefined();
  });

  it('does not take for gone what is a directory now', async () => {
    expect((await survey({ a: 'file 20' }, [entry('directory', 'a')])).gone).toEqual([]);
  });
});

describe('a table of names', () => {
  it('tells a million names apart, and what is known of them', () => {
    const table = createNameTable();
    const name = (index: number) => `directory ${index % 1000}/file-${index}.txt`;
    for (let index = 0; index < 1_000_000; index += 1) table.add(name(index), `file ${index} ${MTIME}`);
    const wrong = { same: 0, changed: 0, new: 0 };
    for (let index = 0; index < 1_000_000; index += 1) {
      if (table.see(name(index), `file ${index} ${MTIME}`) !== 'same') wrong.same += 1;
      if (index % 2 === 0 && table.see(`${name(index)}~`, 'file 1 x') !== 'new') wrong.new += 1;
      if (index % 2 === 1 && table.see(name(index), `file ${index + 1} ${MTIME}`) !== 'changed') wrong.changed += 1;
    }
    expect(wrong).toEqual({ same: 0, changed: 0, new: 0 });
    expect(table.unseen()).toBe(0);
  });

  it('remembers which names were seen', () => {
    const table = createNameTable();
    table.add('a', '1');
    table.add('b', '1');
    table.add('b', '2');
    expect([
      table.see('b', '2'),
      table.unseen(),
      table.isUnseen('a'),
      table.isUnseen('b'),
      table.isUnseen('c'),
    ]).toEqual(['same', 1, true, false, false]);
  });
});
