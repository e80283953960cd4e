import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { measureFreed } from '../../../remote-scripts/prune/freed.ts';
import { runProcess } from '../../../src/platform/process.ts';
import { writerMark } from '../../../src/platform/writer-mark.ts';
import { createStore, type Store } from './support/store.ts';

let store: Store | undefined;
afterEach(() => store?.remove());

const day = (number: number) => new Date(Date.UTC(2026, 10, number, 2, 15));
const id = (number: number) => `2026-11-${String(number).padStart(2, '0')}T021500Z`;

const freedBy = async (made: Store, names: readonly string[]) =>
  measureFreed(join(made.root, 'db'), names, join(made.state, 'prune.tmp'), runProcess);

function threeSnapshots(): Store {
  const made = createStore();
  made.seal('db', day(1), { files: { a: 'a'.repeat(50_000), b: 'b'.repeat(70_000), c: 'c'.repeat(9000) } });
  made.seal('db', day(2), { files: { new: 'n'.repeat(20_000) }, links: { a: `${id(1)}/a`, b: `${id(1)}/b` } });
  made.seal('db', day(3), { files: { 'deep/x/y': 'y' }, links: { a: `${id(1)}/a` } });
  return made;
}

it('counts only what really goes: an inode whose last link is removed', async () => {
  store = threeSnapshots();
  const size = (path: string) =>
    Number(execFileSync('stat', ['-c', '%b', join(store!.root, 'db', path)], { encoding: 'utf8' })) * 512;
  const blocks = (...paths: string[]) => paths.reduce((sum, path) => sum + size(path), 0);
  // c and the directory of the first; a and b live on in others
  expect(await freedBy(store, [id(1)])).toEqual({ bytes: blocks(id(1), `${id(1)}/c`), inodes: 2, complete: true });
  // the first two together: b too, once
  expect(await freedBy(store, [id(1), id(2)])).toEqual({
    bytes: blocks(id(1), id(2), `${id(1)}/c`, `${id(1)}/b`, `${id(2)}/new`),
    inodes: 5,
    complete: true,
  });
  expect(await freedBy(store, [])).toEqual({ bytes: 0, inodes: 0, complete: true });
});

it('agrees with what the disk says after removing', async () => {
  store = threeSnapshots();
  const used = () => Number(/^\d+/.exec(execFileSync('du', ['-s', '-B1', store!.root], { encoding: 'utf8' }))![0]);
  const before = used();
  const { bytes } = await freedBy(store, [id(1), id(2)]);
  execFileSync('rm', ['-r', join(store.root, 'db', id(1)), join(store.root, 'db', id(2))]);
  expect(before - used()).toBe(bytes);
});

it('leaves nothing of its own behind, and fails when something cannot be read', async () => {
  store = threeSnapshots();
  await freedBy(store, [id(1)]);
  await expect(freedBy(store, ['gone'])).rejects.toThrow(/find could not count/);
  expect(readdirSync(join(store.state, 'prune.tmp'))).toEqual([]);
  expect(existsSync(join(store.root, 'db', id(1)))).toBe(true);
});

it('clears away what a count that was killed has left, and not what one beside it needs', async () => {
  store = threeSnapshots();
  const scratch = join(store.state, 'prune.tmp');
  const [pid, start, namespace] = writerMark().split('.');
  const [living, dead] = [`freed-${writerMark()}-abcdef`, `freed-${pid}.${Number(start) - 1}.${namespace}-abcdef`];
  for (const name of [living, dead]) mkdirSync(join(scratch, name), { recursive: true });
  writeFileSync(join(scratch, dead, 'shared'), '1 2 3\n');
  await freedBy(store, [id(1)]);
  expect(readdirSync(scratch)).toEqual([living]);
});
