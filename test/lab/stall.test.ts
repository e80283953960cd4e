import { readFileSync } from 'node:fs';
import { chmod, link, mkdir, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { argumentsOf, descendants } from '../support/processes.ts';
import { remember } from '../ssh/support/as-it-was.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

let secondary: Secondary;
let primary: Primary;
let putBack: () => void;

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'files', { ordinary: true });
  await primary.configure({ target: { io_timeout: '2s', stall_timeout: '3s' } });
  await writeFile(join(primary.source, 'small'), 'readable\n');
  await primary.secure();
  putBack = remember(secondary.sshd.directory, [primary.directory, secondary.root]);
});
beforeEach(() => putBack());

afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

it('a push that hangs in a file that cannot be read ends, and names the file (rsync waits for ever, and its time-out with it)', async () => {
  const locked = join(primary.source, 'locked');
  await writeFile(locked, 'not readable\n');
  await link(locked, join(primary.source, 'locked-too'));
  await chmod(locked, 0o000);
  const end = await primary.call('run', 'files');
  expect(end.code, end.stderr).toBe(17);
  expect(end.took).toBeLessThan(30_000);
  expect(end.stderr).toMatch(/failed to open "\S*\/locked\S*": Permission denied/);
  expect(end.stderr).toMatch(/nothing moved for 3\.0 s; the last file named was small/);
  expect(end.alerts[0]?.reason).toMatch(/locked/);
  expect(await secondary.servers()).toEqual([]);
  await rm(locked);
  await rm(join(primary.source, 'locked-too'));
  await primary.secure();
});

it('a push that stands still for no reason that is known ends as lost, with the last file that was named', async () => {
  await writeFile(join(primary.source, 'large'), randomBytes(20 * 1024 * 1024));
  await primary.configure({
    target: { io_timeout: '2s', stall_timeout: '3s', bandwidth_limit: '4MiB' },
    job: { verify: { mode: 'full' } },
  });
  const running = await primary.start('run', 'files');
  await expect.poll(() => sentBy(pushOf(running.pid)), { timeout: 20_000, interval: 20 }).toBeGreaterThan(1e6);
  // Stopped, it does not even notice its own time-out, as one that waits for a dead file server does not.
  process.kill(pushOf(running.pid) ?? NaN, 'SIGSTOP');
  const end = await running.ended;
  expect(end.code, end.stderr).toBe(12);
  expect(end.stderr).toMatch(/nothing moved for 3\.0 s; /);
  expect(end.took).toBeLessThan(40_000);
  await primary.configure({ target: { io_timeout: '2s', stall_timeout: '3s' } });
  await primary.secure();
});

it('a walk of the source that gets no answer any more ends, with the last entry that was named', async () => {
  // Stands in for a file server that falls silent in the middle of a directory.
  const bin = join(primary.directory, 'bin');
  await mkdir(bin);
  const listing = `echo '-rw-r--r--              9 2026/11/23 15:42:39 before-the-silence'; exec sleep 300`;
  const script = `#!/bin/sh\n[ "$1" != --list-only ] || { ${listing}; }\nexec /usr/bin/rsync "$@"\n`;
  await writeFile(join(bin, 'rsync'), script, { mode: 0o755 });
  const { PATH = '' } = primary.environment;
  primary.environment.PATH = `${bin}:${PATH}`;
  const end = await primary.call('run', 'files');
  primary.environment.PATH = PATH;
  expect(end.code, end.stderr).toBe(16);
  expect(end.stderr).toMatch(/nothing moved for 3\.0 s; .* before-the-silence/);
});

function pushOf(pid: number): number | undefined {
  return descendants(pid).find((child) => argumentsOf(child)?.slice(0, 2).join(' ') === 'rsync -aHA');
}

/** Bytes that a process has written. */
function sentBy(pid: number | undefined): number {
  return pid === undefined ? 0 : Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}
