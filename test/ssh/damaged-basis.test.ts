import { lstatSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { chown, link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { writeDamage, type DamageEntry } from '../../remote-scripts/store/damage.ts';
import { jobPaths } from '../../remote-scripts/store/places.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startGateSecondary, type GateSecondary } from './support/gate-secondary.ts';
import { makePrimary, type Primary } from './support/primary.ts';

/* A push onto a snapshot in which offsite-scrub has found damage; here the test itself damages it, and notes that as scrub does. */

let secondary: GateSecondary;
let primary: Primary;
const paths = () => jobPaths({ root: join(secondary.gate.jobDirectory, '..'), state: secondary.gate.hostState }, 'db');
const stored = (id: string, name: string) => secondary.path('db', id, name);
const inode = (id: string, name: string) => lstatSync(stored(id, name)).ino;

beforeAll(async () => {
  secondary = await startGateSecondary();
  primary = await makePrimary(secondary, 'db');
}, 60_000);
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});
beforeEach(async () => {
  await primary.configure({
    target: { secondary: 'gate' },
    job: {
      retry: { attempts: 1 },
      verify: { mode: 'changed', full_schedule: '0 0 1 1 *' },
      guard: { max_shrink: 'off' },
    },
  });
  await rm(primary.source, { recursive: true });
  await mkdir(join(primary.source, 'd'), { recursive: true });
  for (const name of ['a', 'b', 'd/c']) await writeFile(join(primary.source, name), `content of ${name}\n`);
  await link(join(primary.source, 'a'), join(primary.source, 'd/also-a'));
  await rm(paths().damage, { force: true });
});

/** Flips a byte of a stored file, and keeps its size and time. */
function flip(id: string, name: string): void {
  const { atime, mtime } = lstatSync(stored(id, name));
  const bytes = readFileSync(stored(id, name));
  bytes.writeUInt8(bytes.readUInt8(3) ^ 1, 3);
  writeFileSync(stored(id, name), bytes);
  utimesSync(stored(id, name), atime, mtime);
}

async function note(names: readonly string[], snapshots: readonly string[]): Promise<void> {
  const ids = snapshots.map((id) => parseSnapshotId(id)).filter((id): id is SnapshotId => id !== undefined);
  const entries = names.map((name): DamageEntry => {
    const foundAt = '2026-11-23T02:15:00.000Z';
    return { name, snapshots: ids, kind: 'content', inode: String(inode(ids[0] ?? '', name)), foundAt, lastGood: null };
  });
  await writeDamage(paths(), { entries, omitted: 0 });
  await own();
}
async function own(): Promise<void> {
  const { uid, gid } = lstatSync(secondary.gate.hostState);
  await chown(paths().damage, uid, gid);
}
const warnings = async () => ((await primary.history()).at(-1) as unknown as { warnings: string[] }).warnings;

it('links to nothing that is damaged, heals in one run, says so, and is content from then on', async () => {
  const first = await primary.secure();
  flip(first, 'a');
  flip(first, 'b');
  await note(['a', 'b', 'd/also-a'], [first]);

  const second = await primary.secure();
  expect(await warnings()).toEqual([
    expect.stringContaining(
      `The secondary has found damage in its snapshot ${first}, so everything was compared by checksum`,
    ),
  ]);
  for (const name of ['a', 'b', 'd/also-a', 'd/c']) {
    expect(readFileSync(stored(second, name)), name).toEqual(readFileSync(join(primary.source, name)));
  }
  expect(inode(second, 'a')).not.toBe(inode(first, 'a'));
  expect(inode(second, 'd/also-a')).toBe(inode(second, 'a'));
  expect(inode(second, 'd/c')).toBe(inode(first, 'd/c'));
  expect(readFileSync(stored(first, 'b'))).not.toEqual(readFileSync(join(primary.source, 'b')));

  const third = await primary.secure();
  expect(await warnings()).toEqual([]);
  for (const name of ['a', 'b', 'd/c']) expect(inode(third, name)).toBe(inode(second, name));
});

it('what was noted and is not damaged is copied, since nobody knows', async () => {
  const first = await primary.secure();
  await note(['b'], [first]);
  const second = await primary.secure();
  expect(inode(second, 'b')).not.toBe(inode(first, 'b'));
  expect(readFileSync(stored(second, 'b'))).toEqual(readFileSync(join(primary.source, 'b')));
  expect(inode(second, 'a')).toBe(inode(first, 'a'));
});

it('damage in an older snapshot alone changes nothing', async () => {
  const first = await primary.secure();
  await writeFile(join(primary.source, 'b'), 'other content\n');
  const second = await primary.secure();
  flip(first, 'b');
  await note(['b'], [first]);
  const third = await primary.secure();
  expect(await warnings()).toEqual([]);
  expect(inode(third, 'b')).toBe(inode(second, 'b'));
});

it.each([
  ['a record that is damaged itself', '{"version":1,'],
  ['one that had no room for all', '{"version":1,"omitted":3,"entries":[]}'],
])('with %s, everything is compared by checksum', async (_, text) => {
  const first = await primary.secure();
  flip(first, 'b');
  await writeFile(paths().damage, text);
  await own();
  const second = await primary.secure();
  expect(readFileSync(stored(second, 'b'))).toEqual(readFileSync(join(primary.source, 'b')));
  expect(inode(second, 'a')).toBe(inode(first, 'a'));
  expect(await warnings()).toHaveLength(1);
});
