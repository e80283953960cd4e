import { mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Companion } from '../../src/platform/process.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startGateHost, type GateHost } from './support/gate-host.ts';
import { dumpText } from './support/sample-tree.ts';
import { until } from '../support/until.ts';

const BUSY = 'offsite-gate: refused: busy: another session is still writing to this job';

let host: GateHost;

beforeAll(async () => {
  host = await startGateHost();
  await writeFile(join(host.source, 'large.sql'), dumpText(400_000, 3));
});
afterAll(() => host.stop());

const exists = (name: string) =>
  stat(join(host.jobDirectory, name)).then(
    () => true,
    () => false,
  );

/** A push that is under way and will take long. */
async function slowPush(): Promise<{ id: SnapshotId; push: Companion }> {
  const id = host.nextId();
  const push = host.startRsync(host.pushArguments(id, { bandwidthLimit: 500_000 }));
  await until(async () => (await readdir(join(host.jobDirectory, `${id}.partial`))).length > 0);
  return { id, push };
}

/** Ids of the processes whose command line holds all of `words`. */
async function processesWith(...words: string[]): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (words.every((word) => line.split('\0').some((part) => part.includes(word)))) found.push(Number(name));
  }
  return found;
}

const servers = () => processesWith('--server', `--confine-root=${host.jobDirectory}`);
const gates = async () => {
  const found = await processesWith(host.bundle, 'web1');
  const nodes = await Promise.all(
    found.map(async (pid) => ((await readlink(`/proc/${pid}/exe`)) === process.execPath ? [pid] : [])),
  );
  return nodes.flat();
};

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) process.kill(pid, name);
}

test('a second session of the same job is told that it is busy, one of another job is not', async () => {
  const { id, push } = await slowPush();
  const second = await host.push(host.nextId());
  expect(second.stderr).toContain(BUSY);
  expect(second.code).not.toBe(0);
  expect((await host.verify(id)).stderr).toContain(BUSY);
  expect((await host.seal(id)).stderr).toContain(BUSY);

  const small = join(host.source, '..', 'small');
  await mkdir(small, { recursive: true });
  await writeFile(join(small, 'a'), 'a');
  const other = host.pushArguments(host.nextId(), { source: small }).map((word) => word.replace(':db/', ':files/'));
  expect((await host.rsync(other)).code).toBe(0);
  await push.stop();
});

test('when the gate is killed, rsync ends, lets go of the lock, and the next push goes on with what is left', async () => {
  const { id, push } = await slowPush();
  signal(await gates(), 'SIGKILL');
  await push.ended;
  await until(async () => (await servers()).length === 0);
  expect(await exists(`${id}.partial`)).toBe(true);

  const next = host.nextId();
  const end = await host.push(next, { bases: [id] });
  expect(end.stderr).toBe('');
  expect([await exists(`${id}.frozen`), await exists(`${next}.partial`)]).toEqual([false, true]);
  expect(Number(/Matched data: (\d+)/.exec(end.stdout)?.[1])).toBeGreaterThan(0);
});

test('when the gate is killed and rsync does not end, the lock stays with rsync', async () => {
  const { push } = await slowPush();
  const rsync = await servers();
  signal(rsync, 'SIGSTOP');
  signal(await gates(), 'SIGKILL');
  await until(async () => (await gates()).length === 0);
  expect((await host.push(host.nextId())).stderr).toContain(BUSY);

  signal(rsync, 'SIGCONT');
  await until(async () => (await servers()).length === 0);
  await push.stop();
  expect((await host.push(host.nextId())).code).toBe(0);
});

test('when rsync is killed, the gate freezes the attempt at once and tells the sender', async () => {
  const { id, push } = await slowPush();
  signal(await servers(), 'SIGKILL');
  const end = await push.ended;

  expect(end).toMatchObject({ kind: 'exited' });
  expect(end.kind === 'exited' && end.code).not.toBe(0);
  await until(() => exists(`${id}.frozen`));
});

test('when the gate is told to end, it ends rsync and freezes the attempt', async () => {
  const { id, push } = await slowPush();
  signal(await gates(), 'SIGTERM');
  await push.ended;

  await until(() => exists(`${id}.frozen`));
  expect(await servers()).toEqual([]);
});
