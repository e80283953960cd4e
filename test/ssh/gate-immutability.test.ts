import { chmod, chown, lutimes, mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { removeTree } from './support/remove-tree.ts';
import { startGateHost, type GateHost } from './support/gate-host.ts';
import { fillSampleTree } from './support/sample-tree.ts';
import { recordTree } from './support/tree-record.ts';

/*
 * What the holder of the push key can try against a sealed snapshot. After each attempt the snapshot is compared with
 * what it was: content, modes, owners, times, xattrs, and its seal.
 */

let host: GateHost;
let sealed: SnapshotId;
let before: string[];
let hostile: string;

const record = () => [
  ...recordTree(join(host.jobDirectory, sealed)),
  ...recordTree(join(host.jobDirectory, `${sealed}.sealed`)),
];
const remoteShell = () => host.sshd.remoteShell.join(' ');

beforeAll(async () => {
  host = await startGateHost();
  await fillSampleTree(host.source);
  sealed = await host.store();
  before = record();
  expect(before.length).toBeGreaterThan(10);
});
beforeEach(async () => {
  hostile = join(host.source, '..', 'hostile');
  await removeTree(hostile);
  await mkdir(hostile);
  await fillSampleTree(hostile);
});
afterAll(() => host.stop());

test('pushes that link to a sealed snapshot and change everything a source can change leave it as it was', async () => {
  await writeFile(join(hostile, 'dump.sql'), 'gone\n');
  await chmod(join(hostile, 'deep/secret.conf'), 0o777);
  await utimes(join(hostile, 'deep/er/run.sh'), new Date(0), new Date(0));
  await lutimes(join(hostile, 'inside'), new Date(0), new Date(0));
  // Only root can still send what it has shut for itself.
  await chmod(join(hostile, 'deep'), process.getuid?.() === 0 ? 0o000 : 0o711);
  await chmod(hostile, 0o777);
  expect((await host.push(host.nextId(), { bases: [sealed], source: hostile })).code).toBe(0);
  await chmod(join(hostile, 'deep'), 0o755);

  expect(record()).toEqual(before);
});

test('a push that has links where the snapshot has files, and files where it has links, leaves it as it was', async () => {
  await removeTree(join(hostile, 'deep'));
  await symlink(`../${sealed}/deep`, join(hostile, 'deep'));
  await rm(join(hostile, 'outside'));
  await writeFile(join(hostile, 'outside'), 'x');
  await rm(join(hostile, 'empty'));
  await symlink(join(host.jobDirectory, sealed, 'dump.sql'), join(hostile, 'empty'));
  expect((await host.push(host.nextId(), { bases: [sealed], source: hostile })).code).toBe(0);

  expect(record()).toEqual(before);
});

test('pushes with other modes and owners for the same content leave it as it was', async () => {
  const push = host.pushArguments(host.nextId(), { bases: [sealed], source: hostile });
  expect((await host.rsync(['--chmod=ugo=rwx', ...push])).code).toBe(0);
  expect((await host.rsync(['--chown=9999:9999', ...push])).stderr).toContain('offsite-gate: refused: ');
  if (process.getuid?.() === 0) {
    for (const name of ['dump.sql', 'deep/er', 'deep', '.']) await chown(join(hostile, name), 9999, 9999);
  }
  expect((await host.push(host.nextId(), { bases: [sealed], source: hostile })).code).toBe(0);

  expect(record()).toEqual(before);
});

test('rsync as it is may not write into it, beside it or over its seal, nor delete in it', async () => {
  const seal = join(hostile, `${sealed}.sealed`);
  await writeFile(seal, '{}');
  const to = (path: string) => `secondary:${path}`;
  const attempts = [
    ['-a', `${hostile}/`, to(`db/${sealed}/`)],
    ['-aHA', '--numeric-ids', '-M--fake-super', `${hostile}/`, to(`db/${sealed}/`)],
    ['-aHA', '--numeric-ids', '-M--fake-super', '--delete', `${hostile}/`, to(`db/${sealed}/`)],
    ['-aHA', '--numeric-ids', '-M--fake-super', '--inplace', `${hostile}/`, to(`db/${sealed}/`)],
    ['-aHA', '--numeric-ids', '-M--fake-super', `${hostile}/`, to(`db/${sealed}.partial/`)],
    ['-aHA', '--numeric-ids', '-M--fake-super', `${hostile}/`, to(`db/${sealed}/deep/`)],
    ['-a', '--delete', `${hostile}/`, to('db/')],
    ['-a', '--delete', `${hostile}/`, to('')],
    ['-t', seal, to(`db/${sealed}.sealed`)],
    ['-t', '--remove-source-files', seal, to(`db/${sealed}.sealed`)],
    ['-t', seal, to(`db/${sealed}/dump.sql`)],
    ['-t', seal, to(`../../state/web1/settings.json`)],
  ];
  for (const attempt of attempts) {
    const { code, stderr } = await host.rsync(['-e', remoteShell(), ...attempt]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('offsite-gate: refused: ');
  }
  expect(record()).toEqual(before);
});

test('a fresh push whose client adds a dangerous option to the server alone is refused, whichever it is', async () => {
  const options = [
    '--inplace',
    '-X',
    '-U',
    '--delay-updates',
    '--backup',
    '--log-file=/tmp/x',
    '--partial-dir=x',
    '--append',
    '--temp-dir=/tmp',
  ];
  for (const option of options) {
    const push = host.pushArguments(host.nextId(), { bases: [sealed], source: hostile });
    expect((await host.rsync([`-M${option}`, ...push])).stderr).toContain('offsite-gate: refused: ');
  }
  expect(record()).toEqual(before);
});

test('a verification that deletes, changes and adds changes nothing', async () => {
  await rm(join(hostile, 'dump.sql'));
  await writeFile(join(hostile, 'new'), 'x');
  await chmod(join(hostile, 'deep/secret.conf'), 0o777);
  const { code, stdout } = await host.verify(sealed, { source: hostile });

  expect(code).toBe(0);
  expect(stdout).toMatch(/deleting.*dump\.sql/);
  expect(record()).toEqual(before);
});

test('hostile filter rules of a verification change nothing', async () => {
  const seal = ['-aHA', '--numeric-ids', '-M--fake-super', '-n', '-c', '-i', '--out-format=%i %n', '--delete'];
  for (const filter of ['R *', 'dir-merge /etc/passwd', ':- ../../../secondary.yaml', 'merge,- /dev/null']) {
    const words = ['-e', remoteShell(), ...seal, `--filter=${filter}`, `${hostile}/`, `secondary:db/${sealed}/`];
    expect(await host.rsync(words), 'they are let in').toMatchObject({ code: 0 });
  }
  expect(record()).toEqual(before);
});

test('what was pushed is as the source was: content, and with fake_super the owners and modes too', async () => {
  const { code, stdout, stderr } = await host.verify(sealed);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).not.toContain('@');
  expect(record()).toEqual(before);
});
