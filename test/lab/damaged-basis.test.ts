import { lstatSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { appendFile, chmod, chown, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { writeDamage, type DamageEntry } from '../../remote-scripts/store/damage.ts';
import { jobPaths } from '../../remote-scripts/store/places.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startProgram, type Ended } from '../unit/prune/support/run-prune.ts';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';

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

it('from a flipped byte to a snapshot that is whole: scrub finds it, people are told, and the next run heals it', async () => {
  const { account, directory } = secondary.sshd;
  const told = join(directory, 'told');
  await writeFile(told, '');
  await chmod(told, 0o666);
  const channel = { type: 'command', command: ['/bin/sh', '-c', 'cat >> "$0"', told], events: ['failure', 'warning'] };
  await secondary.amend({ retention: { last: 1, within: '1d' } }, { alerts: { channels: { file: channel } } });
  const call = (program: 'scrub' | 'prune', ...words: string[]): Promise<Ended> =>
    startProgram(inject(program), [...words, '--config', secondary.gate.config], account.uid).ended;
  await writeFile(join(primary.source, 'lost'), 'the source will lose this\n');
  const first = await primary.secure();
  expect(await call('scrub', 'web1', '--all')).toMatchObject({ code: 0 });
  await rm(join(primary.source, 'lost'));
  await appendFile(join(primary.source, 'd/c'), 'more\n');
  for (const name of ['b', 'lost']) flip(first, name);

  const found = await call('scrub', 'web1', '--all');
  expect(found.code).toBe(43);
  for (const name of ['b', 'lost']) expect(found.stdout).toContain(name);
  const alert = await readFile(told, 'utf8');
  expect(alert).toContain('2 stored files of web1/db damaged');
  expect(alert).toContain(first);

  const second = await primary.secure();
  expect(await warnings()).toEqual([expect.stringContaining(`found damage in its snapshot ${first}`)]);
  expect(readFileSync(stored(second, 'b'))).toEqual(readFileSync(join(primary.source, 'b')));
  expect(inode(second, 'a')).toBe(inode(first, 'a'));

  expect((await call('scrub', 'web1', '--all')).code).toBe(43);
  expect(await readFile(told, 'utf8'), 'what people know is not told again').toBe(alert);
  const { jobs } = JSON.parse((await call('scrub', 'web1', '--list', '--json')).stdout) as {
    jobs: { job: string; damage: DamageEntry[] }[];
  };
  const known = jobs.find(({ job }) => job === 'db')?.damage.map(({ name, snapshots }) => [name, snapshots]);
  expect(known).toEqual([
    ['b', [first]],
    ['lost', [first]],
  ]);
  const status = await call('prune', 'status', 'web1');
  expect(status.stderr).toBe('');
  expect(status.code).toBe(43);
  expect(status.stdout).toContain('on hold (damage): 2 stored files damaged, in 1 snapshot (b, lost)');
  await secondary.restore();
});
