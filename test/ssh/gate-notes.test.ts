import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { MAX_NOTES_BYTES, NOTES_HEADER } from '../../src/shared/notes.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startGateHost, type GateHost } from './support/gate-host.ts';
import { fillSampleTree } from './support/sample-tree.ts';
import { recordTree } from './support/tree-record.ts';

/* What the holder of the push key can try with notes, lists and the linking that follows a push, by stock rsync. */

let host: GateHost;
let sealed: SnapshotId;
let before: string[];
let aside: string;

const shell = () => host.sshd.remoteShell.join(' ');
const record = () => recordTree(host.jobDirectory).filter((line) => line.includes(sealed));
const place = (id: SnapshotId, ...names: string[]) => join(host.jobDirectory, `${id}.partial`, ...names);

/** Sends notes as our client does. @param records each is ended by a NUL */
async function note(id: SnapshotId, ...records: string[]) {
  const file = join(aside, `${id}.notes`);
  await writeFile(file, [NOTES_HEADER, ...records].map((text) => `${text}\0`).join(''));
  return host.rsync(['-t', '-e', shell(), file, `secondary:db/${id}.notes`]);
}

/** Pushes a list of names of the source. */
async function pushList(id: SnapshotId, names: readonly string[], ...more: string[]) {
  const list = join(aside, 'list');
  await writeFile(list, names.map((name) => `${name}\0`).join(''));
  const words = [
    '-lptgoDA',
    '--numeric-ids',
    '-M--fake-super',
    '--partial',
    '--from0',
    `--files-from=${list}`,
    ...more,
  ];
  return host.rsync([...words, '-e', shell(), `${host.source}/`, `secondary:db/${id}/`]);
}
const compare = (id: SnapshotId) => `--compare-dest=/db/${id}/`;

beforeAll(async () => {
  host = await startGateHost();
  await host.configure({ gate: { attempts_per_day: 1000 } });
  await fillSampleTree(host.source);
  aside = join(host.source, '..', 'aside');
  sealed = await host.store();
  before = record();
  expect(before.length).toBeGreaterThan(10);
});
beforeEach(async () => {
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside);
});
afterAll(() => host.stop());

test('a list, notes and a basis make a whole snapshot, and leave the basis as it was', async () => {
  const id = host.nextId();
  expect((await note(id, '-empty')).code).toBe(0);
  const { code, stderr } = await pushList(id, ['.', 'deep', 'deep/er'], compare(sealed));
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^offsite-gate: linked \d+, copied 0$/) as string,
  });
  expect(lstatSync(place(id, 'dump.sql')).ino).toBe(lstatSync(join(host.jobDirectory, sealed, 'dump.sql')).ino);
  expect(existsSync(place(id, 'empty'))).toBe(false);
  expect(record()).toEqual(before);
});

test.each([
  ['climb', '-../../../state/web1/gate.log'],
  ['are absolute', '-/etc/passwd'],
  ['climb from within', '=deep/../../x'],
  ['are empty', '-'],
  ['are of no kind', 'x'],
])('notes with names that %s end the push, which is frozen', async (_, bad) => {
  const id = host.nextId();
  expect((await note(id, bad)).code).toBe(0);
  const { code, stderr } = await pushList(id, ['.'], compare(sealed));
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/offsite-gate: refused: the notes hold/);
  expect(existsSync(join(host.jobDirectory, `${id}.frozen`))).toBe(true);
  expect(record()).toEqual(before);
});

test('notes that name everything, and names of one file for what is elsewhere, change nothing but the new tree', async () => {
  const id = host.nextId();
  await note(
    id,
    '-dump.sql',
    '=deep/secret.conf',
    '+outside',
    `+inside/${sealed}/dump.sql`,
    '+deep/er/new',
    '+nowhere/x',
  );
  expect((await pushList(id, ['.', 'deep', 'deep/er'], compare(sealed))).code).toBe(0);
  const inode = (name: string) => lstatSync(place(id, name)).ino;
  expect(inode('outside')).toBe(inode('deep/secret.conf'));
  expect(inode('deep/er/new')).toBe(inode('deep/secret.conf'));
  expect(record()).toEqual(before);
});

test('notes as large as the gate takes are taken, and larger ones end at the limit', async () => {
  const id = host.nextId();
  const file = join(aside, `${id}.notes`);
  const name = `-${'x'.repeat(200)}\0`;
  await writeFile(file, `${NOTES_HEADER}\0${name.repeat(Math.floor((MAX_NOTES_BYTES - 100) / name.length))}`);
  const send = () => host.rsync(['-t', '-e', shell(), file, `secondary:db/${id}.notes`]);
  expect((await send()).code).toBe(0);
  expect((await pushList(id, ['.'], compare(sealed))).code).toBe(0);
  await truncate(file, MAX_NOTES_BYTES + 1);
  expect((await send()).code).not.toBe(0);
  expect(await readdir(join(host.hostState, 'spool/db/incoming')).catch(() => [])).toEqual([]);
}, 60_000);

test('notes that are a link, a directory, or several files are refused', async () => {
  const id = host.nextId();
  const to = `secondary:db/${id}.notes`;
  await symlink('/etc/passwd', join(aside, 'link'));
  expect((await host.rsync(['-lt', '-e', shell(), join(aside, 'link'), to])).stderr).toContain('sent with rsync -t');
  await writeFile(join(aside, 'a'), 'a');
  await writeFile(join(aside, 'b'), 'b');
  expect((await host.rsync(['-t', '-e', shell(), join(aside, 'a'), join(aside, 'b'), to])).code).not.toBe(0);
  expect((await pushList(id, ['.'], compare(sealed))).code).toBe(0);
  expect(record()).toEqual(before);
});

test('notes for one push do not count for another', async () => {
  const [one, other] = [host.nextId(), host.nextId()];
  await note(one, '-dump.sql');
  expect((await pushList(other, ['.', 'deep', 'deep/er'], compare(sealed))).code).toBe(0);
  expect(existsSync(place(other, 'dump.sql'))).toBe(true);
});

test('a list is let in only with a sealed snapshot to complete it with', async () => {
  const frozen = host.nextId();
  await note(frozen, 'x');
  await pushList(frozen, ['.'], compare(sealed));
  expect(existsSync(join(host.jobDirectory, `${frozen}.frozen`))).toBe(true);
  const absent = '2026-01-01T000000Z' as SnapshotId;
  for (const bases of [[], [compare(frozen)], [compare(absent)]]) {
    const id = host.nextId();
    expect((await pushList(id, ['.'], ...bases)).stderr).toContain('offsite-gate: refused: there is no snapshot');
    expect(existsSync(place(id))).toBe(false);
  }
});

test('nothing is written to a tree that was filled: no second push, no notes, and it can be sealed', async () => {
  const id = host.nextId();
  expect((await pushList(id, ['.', 'deep', 'deep/er'], compare(sealed))).code).toBe(0);
  const filled = recordTree(place(id));
  expect((await note(id, '-dump.sql')).code).toBe(0);
  expect((await pushList(id, ['.'], compare(sealed))).stderr).toContain('exists already');
  // The refused push has frozen what was there, as any push does with what is left over.
  expect(recordTree(join(host.jobDirectory, `${id}.frozen`)).length).toBe(filled.length);
  expect((await host.seal(id)).stderr).toContain('ended without a seal');
  expect(record()).toEqual(before);
});

test('an attempt that shares files with a sealed snapshot is made to share nothing before it goes on', async () => {
  const first = host.nextId();
  expect((await pushList(first, ['.', 'deep', 'deep/er'], compare(sealed))).code).toBe(0);
  await rename(place(first), join(host.jobDirectory, `${first}.frozen`));
  const next = host.nextId();
  const source = join(aside, 'hostile');
  await fillSampleTree(await mkdir(source).then(() => source));
  await writeFile(join(source, 'dump.sql'), 'gone\n');
  execFileSync('chmod', ['-R', 'ugo+rwx', source]);
  // The whole tree, into the one that had links: with the times of the source, owners, modes.
  expect((await host.push(next, { bases: [first], source })).code).toBe(0);
  expect(await readFile(place(next, 'dump.sql'), 'utf8')).toBe('gone\n');
  expect(record()).toEqual(before);
});

test('a tree with a name of a sealed file is not filled, and the log calls it an attack', async () => {
  // No client can bring this about: somebody on this machine does it while a slow push is running.
  const id = host.nextId();
  await writeFile(join(host.source, 'zz-large'), Buffer.alloc(4 * 1024 ** 2, 'x'));
  const push = host.startRsync(['--bwlimit=2000', ...host.pushArguments(id, { bases: [sealed] })]);
  await expect.poll(() => existsSync(place(id, 'deep')), { timeout: 10_000 }).toBe(true);
  execFileSync('ln', [join(host.jobDirectory, sealed, 'dump.sql'), place(id, 'stolen')]);
  const end = await push.ended;
  await rm(join(host.source, 'zz-large'));
  expect(end).toMatchObject({ kind: 'exited', stderrTail: expect.stringContaining('stolen') as string });
  expect(existsSync(join(host.jobDirectory, `${id}.frozen`))).toBe(true);
  expect((await host.log()).some(({ event }) => event === 'attack')).toBe(true);
});
