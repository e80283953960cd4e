import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateHost, type GateHost } from '../ssh/support/gate-host.ts';
import { eventually } from './support/eventually.ts';

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
  must('umount', join(directory, 'backing'));
  await rm(directory, { recursive: true });
});

function must(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

it('what the disk did not take is never sealed, nor linked to: the head start takes no report of it away', async () => {
  await writeFile(join(host.source, 'small'), 'fits\n');
  const sealed = await host.store();

  await writeFile(join(host.source, 'large'), randomBytes(40 * MIB));
  const lost = host.nextId();
  expect(await host.push(lost, { bases: [sealed] })).toMatchObject({ code: 0 });
  // Read from memory, all is well.
  expect(await host.verify(lost)).toMatchObject({ code: 0, stdout: expect.not.stringMatching(/^@/m) as string });
  await flushed();

  const end = await host.seal(lost);
  expect(end.code).toBe(2);
  expect(end.stderr).toContain(
    'offsite-gate: refused: the disk of this machine did not take what was pushed; see gate.log and the kernel log there',
  );
  expect((await host.log()).find(({ event }) => event === 'failed')).toMatchObject({
    kind: 'seal',
    id: lost,
    reason: expect.stringMatching(/^sync: error syncing .*: (Input\/output error|No space left on device)$/) as string,
  });
  expect(await readdir(host.jobDirectory)).toEqual([sealed, `${sealed}.sealed`]);
  expect(await readdir(join(host.jobDirectory, '../.trash'))).toEqual([`db.${lost}.partial`]);

  // The primary knows of the attempt and names it, and the kernel has nothing to tell any more.
  await rm(join(host.source, 'large'));
  const next = await host.store({ bases: [sealed, lost] });
  expect((await host.log()).findLast(({ kind, event }) => kind === 'push' && event === 'accepted')).toMatchObject({
    reason: expect.not.stringContaining(lost) as string,
  });
  expect(await readdir(host.jobDirectory)).toEqual([sealed, `${sealed}.sealed`, next, `${next}.sealed`]);
});

/** Waits until a verification's head start was there and is over. */
async function flushed(): Promise<void> {
  await eventually(async () => {
    if (!(await readdir(host.hostState)).includes('.flush.lock')) return false;
    return spawnSync('flock', ['--nonblock', join(host.hostState, '.flush.lock'), 'true']).status === 0;
  });
}
