import { mkdir, readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { startGateHost, type ClientEnd, type GateHost } from './support/gate-host.ts';
import { until } from '../support/until.ts';
import { dumpText, fillSampleTree } from './support/sample-tree.ts';

let host: GateHost;
const names = () => readdir(host.jobDirectory);
const namesOf = async (id: string) => (await names()).filter((name) => name.startsWith(id)).sort();
const at = (...path: string[]) => join(host.jobDirectory, ...path);

beforeAll(async () => {
  host = await startGateHost();
  await fillSampleTree(host.source);
  await host.store();
});
afterAll(() => host.stop());

test('none, then partial, then sealed with the receipt of the gate', async () => {
  const id = host.nextId();
  expect(await host.push(id)).toMatchObject({ code: 0, stderr: '' });
  expect(await namesOf(id)).toEqual([`${id}.partial`]);
  expectNoDifference(await host.verify(id));
  expect(await host.seal(id, { files: 42 })).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await namesOf(id)).toEqual([id, `${id}.sealed`]);

  const seal = JSON.parse(await readFile(at(`${id}.sealed`), 'utf8')) as { receipt: { received: string } };
  expect(seal).toMatchObject({ id, job: 'db', files: 42, receipt: { gate: inject('version') } });
  expect(Math.abs(Date.parse(seal.receipt.received) - new Date().getTime())).toBeLessThan(60_000);
  expect((await stat(at(`${id}.sealed`))).mode & 0o777).toBe(0o600);
  expect((await stat(host.jobDirectory)).mode & 0o777).toBe(0o700);
  expectNoDifference(await host.verify(id));
});

test('links what did not change to a sealed basis', async () => {
  const first = await host.store();
  const second = await host.store({ bases: [first] });

  expect((await stat(at(second, 'dump.sql'))).ino).toBe((await stat(at(first, 'dump.sql'))).ino);
});

test('drops a basis that does not exist, so that the sender sees that nothing was linked', async () => {
  const { code, stdout } = await host.push(host.nextId(), { bases: [host.nextId()] });

  expect(code).toBe(0);
  expect(stdout).toMatch(/^@<f\+{9}.* deep\/secret\.conf$/m);
});

test('a verification sees content that changed under the same size and time', async () => {
  const id = await host.store();
  const file = at(id, 'empty');
  const { mtime } = await stat(file);
  const big = at(id, 'deep/secret.conf');
  const times = await stat(big);
  await writeFile(big, 'password=hunter3\n');
  await utimes(big, times.atime, times.mtime);
  await utimes(file, mtime, mtime);

  expect((await host.verify(id)).stdout).toMatch(/^@<fc\.{8}.* deep\/secret\.conf$/m);
});

test('a verification reports what only the secondary has, and removes nothing', async () => {
  const id = await host.store();
  await writeFile(at(id, 'extra'), '');

  expect((await host.verify(id)).stdout).toMatch(/deleting.*extra/);
  expect(await readdir(at(id))).toContain('extra');
});

test('a push that breaks off becomes frozen, is never sealed, and is a basis for the next', async () => {
  await writeFile(join(host.source, 'zz-large.sql'), dumpText(400_000, 7));
  const broken = host.nextId();
  const push = host.startRsync(host.pushArguments(broken, { bandwidthLimit: 4 * 1024 * 1024 }));
  await until(async () => (await names()).includes(`${broken}.partial`) && (await sizeOfPartial(broken)) > 2 ** 20);
  await push.stop();
  await until(async () => (await names()).includes(`${broken}.frozen`));

  const reason = `offsite-gate: refused: attempt ${broken} ended without a seal`;
  for (const depth of ['full', 'content'] as const)
    expect((await host.verify(broken, { depth })).stderr).toContain(reason);
  // Its names are told, so that the next push can say which of them the source has lost.
  const told = await host.verify(broken, { depth: 'names' });
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect((await host.seal(broken)).stderr).toContain(reason);
  const again = await host.push(host.nextId(), { bases: [broken] });
  expect(again.code).toBe(0);
  expect(Number(/Matched data: (\d+)/.exec(again.stdout)?.[1])).toBeGreaterThan(2 ** 20);
  await writeFile(join(host.source, 'zz-large.sql'), '');
});

test('a dry run of a push leaves nothing behind, not even a count', async () => {
  const before = await names();
  const ledger = await readFile(join(host.hostState, 'db.attempts.jsonl'), 'utf8');
  const basis = await host.store();
  const after = await names();
  const end = await host.push(host.nextId(), { dryRun: true, bases: [basis] });

  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(end.stdout).toMatch(/^@\.f.*dump\.sql$/m);
  expect(await names()).toEqual(after);
  expect(after.length).toBeGreaterThan(before.length);
  const more = (await readFile(join(host.hostState, 'db.attempts.jsonl'), 'utf8')).slice(ledger.length);
  expect(more.trimEnd().split('\n')).toHaveLength(1);
});

test('the first dry run works before there is anything', async () => {
  const fresh = await startGateHost();
  try {
    await writeFile(join(fresh.source, 'a'), 'a');
    expect(await fresh.push(fresh.nextId(), { dryRun: true })).toMatchObject({ code: 0, stderr: '' });
    expect(await readdir(fresh.jobDirectory)).toEqual([]);
  } finally {
    await fresh.stop();
  }
});

test('the sender may say the same seal again when it did not hear of its success', async () => {
  const id = await host.store();
  const before = await readFile(at(`${id}.sealed`), 'utf8');

  expect(await host.seal(id)).toEqual({ code: 0, stdout: '', stderr: '' });
  const other = await host.seal(id, { files: 3 });
  expect(other.code).toBe(2);
  expect(other.stderr).toContain(`offsite-gate: refused: snapshot ${id} is sealed already, with other claims`);
  expect(await readFile(at(`${id}.sealed`), 'utf8')).toBe(before);
});

test('a refused seal makes the rsync of the sender fail, and leaves the snapshot partial', async () => {
  const id = host.nextId();
  await host.push(id);
  const wrong: [Parameters<GateHost['seal']>[1], string][] = [
    ['rubbish', 'the seal is not valid JSON'],
    [{ id: host.nextId() }, 'the seal is for another snapshot id'],
    [{ job: 'files' }, 'the seal is for another job'],
    ['x'.repeat(20_000), 'the seal is larger than 16384 bytes'],
    ['', 'the seal is not valid JSON'],
  ];
  for (const [claims, reason] of wrong) {
    const { code, stderr } = await host.seal(id, claims);
    expect(code).toBe(2);
    expect(stderr).toContain(`offsite-gate: refused: ${reason}`);
  }
  expect(await names()).toContain(`${id}.partial`);
  expect(await names()).not.toContain(id);
  expect((await host.seal(id)).code).toBe(0);
});

test('a seal too large for the spool is cut off by the kernel', async () => {
  const id = host.nextId();
  await host.push(id);
  const { code } = await host.seal(id, 'x'.repeat(1_000_000));

  expect(code).not.toBe(0);
  expect(await names()).toContain(`${id}.partial`);
});

test('many files in the place of a seal end the session at once, and none of them stays', async () => {
  const id = host.nextId();
  await host.push(id);
  const many = join(host.source, '..', 'many');
  await mkdir(many);
  const files = Array.from({ length: 200 }, (_, index) => join(many, `${index}`));
  for (const file of files) await writeFile(file, dumpText(1000, 1));
  const shell = host.sshd.remoteShell.join(' ');
  const began = performance.now();
  const end = await host.rsync(['-t', '--bwlimit=200', '-e', shell, ...files, `secondary:db/${id}.sealed`]);

  expect(end.stderr).toContain('offsite-gate: refused: the seal is not one file');
  expect(performance.now() - began).toBeLessThan(5000);
  expect(await readdir(join(host.hostState, 'spool/db'))).not.toContain('incoming');
  expect(await names()).toContain(`${id}.partial`);
  expect((await host.seal(id)).code).toBe(0);
});

test('drops a receipt that the sender made up', async () => {
  const id = host.nextId();
  await host.push(id);
  const receipt = { received: '1999-01-01T00:00:00.000Z', gate: 'mine' };
  await host.seal(id, { receipt } as Parameters<GateHost['seal']>[1]);

  expect(JSON.parse(await readFile(at(`${id}.sealed`), 'utf8'))).toMatchObject({
    receipt: { gate: inject('version') },
  });
});

test('plain metadata works on its own', async () => {
  await host.configure({ metadata: 'plain' });
  const first = await host.store();
  const second = await host.store({ bases: [first], compress: true });
  await host.configure({});

  expect((await stat(at(second, 'dump.sql'))).ino).toBe((await stat(at(first, 'dump.sql'))).ino);
});

async function sizeOfPartial(id: string): Promise<number> {
  const directory = at(`${id}.partial`);
  const files = (await readdir(directory)).filter((name) => name.startsWith('.zz-large.sql.'));
  return files[0] === undefined ? 0 : (await stat(join(directory, files[0]))).size;
}

function expectNoDifference(end: ClientEnd): void {
  expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(end.stdout).not.toContain('@');
}
