import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { readInventory } from '../../../remote-scripts/prune/inventory.ts';
import { createStore, type Store } from './support/store.ts';

let store: Store | undefined;
afterEach(() => store?.remove());

const DAY = new Date('2026-11-20T02:15:00Z');
const ID = '2026-11-20T021500Z';

async function inventory(made: Store, secondary: 'gate' | 'rrsync' = 'gate', uid = process.getuid!()) {
  const { dev } = await lstat(made.root);
  return readInventory(join(made.root, 'db'), { secondary, uid, device: dev });
}

it('takes the arrival from the receipt of the gate', async () => {
  store = createStore();
  store.seal('db', DAY, { received: new Date('2026-11-20T02:19:00Z'), bytes: 77 });
  expect((await inventory(store)).snapshots).toEqual([
    { id: ID, bytes: 77, files: 1, received: new Date('2026-11-20T02:19:00Z'), receivedBy: 'receipt' },
  ]);
});

it('takes the birth of the seal for the arrival where there is no gate, whatever receipt the sender wrote', async () => {
  store = createStore({ secondary: 'rrsync' });
  const before = Date.now() - 1000;
  store.seal('db', DAY, { received: new Date('2026-11-20T02:19:00Z') });
  const { snapshots } = await inventory(store, 'rrsync');
  expect(snapshots[0]?.receivedBy).toBe('birth-time');
  expect(snapshots[0]?.received.getTime()).toBeGreaterThan(before);
});

it('knows the manifest of a snapshot, one without its snapshot, and one that was never finished', async () => {
  store = createStore();
  store.seal('db', DAY);
  writeFileSync(join(store.root, `db/${ID}.sha256`), '');
  writeFileSync(join(store.root, 'db/2026-11-18T021500Z.sha256'), '');
  writeFileSync(join(store.root, 'db/.2026-11-17T021500Z.sha256.1.2.3.4.tmp'), '');
  const { leftovers, snapshots, oddities } = await inventory(store);
  expect(leftovers.map(({ name, kind }) => [name, kind])).toEqual([
    ['.2026-11-17T021500Z.sha256.1.2.3.4.tmp', 'temporary'],
    ['2026-11-18T021500Z.sha256', 'manifest'],
  ]);
  expect(snapshots.map(({ id }) => id)).toEqual([ID]);
  expect(oddities).toEqual([]);
});

it('tells leftovers: partial, frozen, a seal without its snapshot, a seal that was never finished', async () => {
  store = createStore();
  store.directory(`db/${ID}.partial`);
  store.directory('db/2026-11-19T021500Z.frozen');
  writeFileSync(join(store.root, 'db/2026-11-18T021500Z.sealed'), '{}');
  writeFileSync(join(store.root, 'db/.2026-11-17T021500Z.sealed.4711.tmp'), '{');
  const { leftovers, snapshots, oddities } = await inventory(store);
  expect(leftovers.map(({ name, kind }) => [name, kind])).toEqual([
    ['.2026-11-17T021500Z.sealed.4711.tmp', 'temporary'],
    ['2026-11-18T021500Z.sealed', 'seal'],
    ['2026-11-19T021500Z.frozen', 'frozen'],
    [`${ID}.partial`, 'partial'],
  ]);
  expect([...snapshots, ...oddities]).toEqual([]);
  expect(leftovers.every(({ since }) => Math.abs(since.getTime() - Date.now()) < 60_000)).toBe(true);
});

it('takes a directory without a seal for an attempt under a plain rrsync, and for an oddity behind the gate', async () => {
  store = createStore();
  store.directory(`db/${ID}`);
  expect((await inventory(store, 'rrsync')).leftovers).toMatchObject([{ name: ID, kind: 'unsealed' }]);
  expect((await inventory(store, 'gate')).oddities).toEqual([{ name: ID, reason: 'it has no seal' }]);
});

it('touches nothing that it cannot account for', async () => {
  store = createStore();
  const db = join(store.root, 'db');
  mkdirSync(join(db, 'lost+found'), { recursive: true });
  mkdirSync(join(store.base, 'elsewhere'));
  symlinkSync(join(store.base, 'elsewhere'), join(db, ID));
  writeFileSync(join(db, '2026-11-19T021500Z.partial'), 'a file');
  mkdirSync(join(db, '2026-02-30T021500Z'));
  store.seal('db', new Date('2026-11-18T02:15:00Z'));
  writeFileSync(join(db, '2026-11-18T021500Z.sealed'), '{ "version": 1 }');
  store.seal('db', new Date('2026-11-17T02:15:00Z'));
  writeFileSync(join(db, '2026-11-17T021500Z.sealed'), ' '.repeat(70_000));
  const found = await inventory(store);
  expect(Object.fromEntries(found.oddities.map(({ name, reason }) => [name, reason]))).toEqual({
    'lost+found': 'its name is not a snapshot id',
    [ID]: 'it is a symbolic link; neither it nor what it points to is touched',
    '2026-11-19T021500Z.partial': 'it is not a directory',
    '2026-02-30T021500Z': 'its name is not a snapshot id',
    '2026-11-18T021500Z.sealed': 'its seal is for another snapshot id',
    '2026-11-17T021500Z.sealed': 'its seal is larger than 65536 bytes',
  });
  expect([...found.snapshots, ...found.leftovers]).toEqual([]);
});

it('reads no seal through a symbolic link', async () => {
  store = createStore();
  store.directory(`db/${ID}`);
  symlinkSync('/etc/hostname', join(store.root, 'db', `${ID}.sealed`));
  expect((await inventory(store)).oddities.map(({ reason }) => reason)).toEqual([
    'its seal is unreadable (ELOOP)',
    'it is a symbolic link; neither it nor what it points to is touched',
  ]);
});

it('does not touch what belongs to somebody else', async () => {
  store = createStore();
  store.seal('db', DAY);
  const found = await inventory(store, 'gate', 4711);
  expect(found.oddities).toHaveLength(2);
  expect(found.snapshots).toEqual([]);
});

it('finds nothing in a job that never pushed', async () => {
  store = createStore();
  expect(await inventory(store)).toMatchObject({ snapshots: [], leftovers: [], oddities: [] });
});
