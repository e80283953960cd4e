import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readDamage, writeDamage, type DamageEntry } from '../../../remote-scripts/store/damage.ts';
import { jobPaths } from '../../../remote-scripts/store/places.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';

let state: string;
const paths = () => jobPaths({ root: '/nowhere', state }, 'db');

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'offsite-damage-'));
});
afterEach(() => rmSync(state, { recursive: true }));

const entry = (name: string, more: Partial<DamageEntry> = {}): DamageEntry => ({
  name,
  snapshots: [parseSnapshotId('2026-11-23T021500Z')!, parseSnapshotId('2026-11-24T021500Z')!],
  kind: 'content',
  inode: '18446744073709551615',
  foundAt: '2026-11-28T10:00:00.000Z',
  lastGood: null,
  ...more,
});

it('knows of no damage where there is no record', async () => {
  expect(await readDamage(paths())).toEqual({ entries: [], omitted: 0 });
});

it('reads back what was written, with every kind of name', async () => {
  const entries = [
    entry('a/b\\#012c'),
    entry('umläut "x"', { kind: 'unreadable', lastGood: '2026-11-01T00:00:00.000Z' }),
    entry('gone', { kind: 'missing', inode: null }),
    entry('more', { kind: 'unlisted', inode: '7' }),
  ];
  await writeDamage(paths(), { entries, omitted: 3 });
  expect(await readDamage(paths())).toEqual({ entries, omitted: 3 });
  expect(readdirSync(state)).toEqual(['db.damage.json']);
});

it('leaves no record when all is well again', async () => {
  await writeDamage(paths(), { entries: [entry('a')], omitted: 0 });
  await writeDamage(paths(), { entries: [], omitted: 0 });
  expect(readdirSync(state)).toEqual([]);
});

it('counts what a record that is read at every push has no place for', async () => {
  const entries = Array.from({ length: 6000 }, (_, at) => entry(`${at}/${'x'.repeat(4000)}`));
  await writeDamage(paths(), { entries, omitted: 2 });
  const read = await readDamage(paths());
  expect(read.entries.length).toBeGreaterThan(3000);
  expect(read.entries).toEqual(entries.slice(0, read.entries.length));
  expect(read.omitted).toBe(2 + entries.length - read.entries.length);
});

const GOOD = {
  name: 'a',
  snapshots: ['2026-11-23T021500Z'],
  kind: 'content',
  inode: '7',
  foundAt: '2026-11-28T10:00:00Z',
};

it.each<[string, string]>([
  ['is empty', ''],
  ['is cut off', '{"version":1,"omitted":0,"entries":[{'],
  ['is of another version', '{"version":2,"omitted":0,"entries":[]}'],
  ['has no entries', '{"version":1,"omitted":0}'],
  ['has no count', '{"version":1,"entries":[]}'],
  ...Object.entries({
    'names no snapshot': { ...GOOD, lastGood: null, snapshots: [] },
    'names an impossible snapshot': { ...GOOD, lastGood: null, snapshots: ['2026-11-23T021500Z', '../x'] },
    'has an unknown kind': { ...GOOD, lastGood: null, kind: 'odd' },
    'has an inode that is none': { ...GOOD, lastGood: null, inode: 'x' },
    'has no time': { ...GOOD, lastGood: null, foundAt: 'soon' },
    'does not say when it was good': GOOD,
  }).map(([what, value]): [string, string] => [what, JSON.stringify({ version: 1, omitted: 0, entries: [value] })]),
])('does not take a record for good that %s', async (_what, text) => {
  writeFileSync(paths().damage, text);
  await expect(readDamage(paths())).rejects.toThrow(`${paths().damage} is not a record of damage`);
});

it('does not take a place for empty in which something else lies', async () => {
  mkdirSync(paths().damage);
  await expect(readDamage(paths())).rejects.toThrow('is a directory');
  await expect(writeDamage(paths(), { entries: [entry('a')], omitted: 0 })).rejects.toThrow('is a directory');
});
