import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateHost, type GateHost } from '../ssh/support/gate-host.ts';
import { until } from '../support/until.ts';
import { must } from '../support/processes.ts';

const MIB = 1024 * 1024;

let directory: string;
let host: GateHost;

/** A disk that has less room than it says, as a thin volume may: what is written beyond it is lost with an I/O error. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-failing-disk-'));
  await chmod(directory, 0o755);
  const [backing, disk] = [join(directory, 'backing'), join(directory, 'disk')];
  for (const path of [backing, disk]) await mkdir(path);
  must('mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', backing);
  must('truncate', '--size=256M', join(backing, 'image'));
  // Without a journal: a journal that cannot be written ends all writing, and the fault would be another.
  must('mkfs.ext4', '-q', '-O', '^has_journal', join(backing, 'image'));
  must('mount', '-o', 'loop', join(backing, 'image'), disk);
  host = await startGateHost(disk);
});

afterAll(async () => {
  await host.stop();
  must('umount', join(directory, 'disk'));
  // Where another suite has mounts of its own, that disk is in use for as long as they are.
  must('umount', '--lazy', join(directory, 'backing'));
  await rm(directory, { recursive: true });
});

it('what the disk did not take is never sealed, nor linked to: the head start takes no report of it away', async () => {
  await writeFile(join(host.source, 'small'), 'fits\n');
  const sealed = await host.store();

  await writeFile(join(host.source, 'large'), randomBytes(40 * MIB));
  const first = host.nextId();
  expect(await host.push(first, { bases: [sealed] })).toMatchObject({ code: 0 });
  const second = host.nextId();
  // The first is frozen by that, and the second has the same inodes.
  expect(await host.push(second, { bases: [sealed, first] })).toMatchObject({ code: 0 });
  // As long as the kernel has it all in memory, it reads well. The seal must be refused either way.
  expect(await host.verify(second)).toMatchObject({ code: 0 });
  await flushed();

  const end = await host.seal(second);
  expect(end.code).toBe(2);
  expect(end.stderr).toContain(
    'offsite-gate: refused: it is not certain that the disk took what was pushed; see gate.log and the kernel log of this machine',
  );
  const log = await host.log();
  expect(log.find(({ event }) => event === 'failed')).toMatchObject({
    kind: 'seal',
    id: second,
    reason: expect.stringMatching(/^sync: error syncing .*: (Input\/output error|No space left on device)$/) as string,
  });
  expect(log.find(({ event }) => event === 'discarded')).toMatchObject({ reason: `${second}.partial` });
  expect(await readdir(host.jobDirectory)).toEqual([sealed, `${sealed}.sealed`]);
  expect(await readdir(join(host.jobDirectory, '../.trash'))).toEqual([`db.${second}.partial`]);
  // Whatever else of this host was not sealed may be meant as well.
  expect((await readdir(host.hostState)).filter((name) => name.endsWith('.unflushed'))).toEqual(['files.unflushed']);

  // With room on the disk, the primary names what it knows of, and the kernel has nothing to tell any more.
  must('mount', '-o', 'remount,size=300m', join(directory, 'backing'));
  const next = await host.store({ bases: [sealed, second] });
  expect((await host.log()).findLast(({ kind, event }) => kind === 'push' && event === 'accepted')).toMatchObject({
    reason: expect.not.stringContaining(second) as string,
  });
  expect(await readdir(host.jobDirectory)).toEqual([sealed, `${sealed}.sealed`, next, `${next}.sealed`]);
});

/** Waits until the head start of a push was there and is over. */
async function flushed(): Promise<void> {
  await until(async () => {
    if (!(await readdir(host.hostState)).includes('.flush.lock')) return false;
    return spawnSync('flock', ['--nonblock', join(host.hostState, '.flush.lock'), 'true']).status === 0;
  });
}
