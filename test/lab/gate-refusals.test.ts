import { existsSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { GateEnd } from '../../src/shared/gate-words.ts';
import { snapshotIdOf } from '../../src/shared/snapshot-id.ts';
import { remember } from '../ssh/support/as-it-was.ts';
import { startGateHost, type ClientEnd, type GateHost } from '../ssh/support/gate-host.ts';
import { dumpText } from '../ssh/support/sample-tree.ts';
import { until } from '../support/until.ts';

let host: GateHost;
let putBack: () => void;

beforeAll(async () => {
  host = await startGateHost();
  await writeFile(join(host.source, 'db-1.sql'), dumpText(20_000, 1));
  const stores = [dirname(dirname(host.jobDirectory)), dirname(host.hostState)];
  putBack = remember(host.sshd.directory, [host.source, ...stores]);
});
beforeEach(() => putBack());
afterAll(() => host.stop());

const expectRefusal = (end: ClientEnd, reason: string) => expectEnd(end, 'refused', reason);

/** The sender hears the reason, and the log of the secondary has it too. */
async function expectEnd(end: ClientEnd, word: GateEnd, reason: string): Promise<void> {
  expectSaid(end, word, reason);
  expect((await host.log()).findLast(({ event }) => event === word)).toMatchObject({
    client: '127.0.0.1',
    time: expect.stringMatching(/Z$/) as string,
    reason: expect.stringContaining(reason) as string,
  });
}

function expectSaid({ code, stderr }: ClientEnd, word: GateEnd, reason: string): void {
  expect(stderr).toContain(`offsite-gate: ${word}: ${reason}`);
  expect(code).not.toBe(0);
}

const literalBytes = ({ stdout }: ClientEnd) => Number(/Literal data: (\d+)/.exec(stdout)?.[1]);
const shifted = (ms: number) => snapshotIdOf(new Date(new Date().getTime() + ms));

test.each([
  ['a command', 'cat /etc/passwd'],
  ['a check that rrsync would answer', 'true'],
  ['sftp', '/usr/lib/openssh/sftp-server'],
  ['scp', 'scp -t /tmp'],
])('refuses %s with exit 2', async (_, commandLine) => {
  const end = await host.ssh(commandLine);
  await expectRefusal(end, 'only rsync may be started here');
  expect(end.code).toBe(2);
});

test('refuses a chain of commands', async () => {
  await expectRefusal(await host.ssh('rsync --server; id'), 'the command contains a character');
});

test('refuses to be read, though rsync asks in a valid way', async () => {
  await expectRefusal(
    await host.rsync(['-a', '-e', host.sshd.remoteShell.join(' '), 'secondary:db/', '/nonexistent/']),
    'nothing can be read from here',
  );
});

test('refuses rsync as others use it', async () => {
  const end = await host.rsync([
    '-aX',
    '-e',
    host.sshd.remoteShell.join(' '),
    `${host.source}/`,
    `secondary:db/${host.nextId()}/`,
  ]);
  await expectRefusal(end, 'the option -X is not allowed');
});

test('refuses a job that is not configured, and makes no directory for it', async () => {
  const push = host.pushArguments(host.nextId()).map((word) => word.replace('secondary:db/', 'secondary:other/'));
  await expectRefusal(await host.rsync(push), 'the job other is not configured for this host');
});

test('refuses metadata that the host does not keep', async () => {
  const push = host.pushArguments(host.nextId());
  await host.configure({ metadata: 'plain' });
  await expectRefusal(await host.rsync(push), 'this host has metadata: plain, not fake_super');
  await host.configure({});
});

test('refuses ids that lie too far from its clock', async () => {
  await host.configure({ gate: { clock_skew: '30s' } });
  await expectRefusal(await host.push(shifted(90_000)), 'clock skew: ');
  await expectRefusal(await host.push(shifted(-90_000)), 'clock skew: ');
  await host.configure({});
});

test('refuses an id that exists, and one below the last', async () => {
  const older = host.nextId();
  const id = host.nextId();
  expect((await host.push(id)).code).toBe(0);
  await expectRefusal(await host.push(id), `snapshot ${id} exists already`);
  await expectRefusal(await host.push(older), `ids must increase: ${older} is not above ${id}`);
});

test('refuses attempts that follow too soon, and too many in a day; a damaged line does not open the door', async () => {
  expect((await host.push(host.nextId())).code).toBe(0);
  await host.configure({ gate: { min_interval: '1h' } });
  await expectRefusal(await host.push(host.nextId()), 'too soon: the last attempt began');
  const ledger = join(host.hostState, 'db.attempts.jsonl');
  const attempts = (await readFile(ledger, 'utf8')).trimEnd().split('\n').length;
  await appendFile(ledger, '{"time": "2026');
  await host.configure({ gate: { attempts_per_day: attempts } });
  await expectRefusal(await host.push(host.nextId()), `too often: ${attempts} attempts in the last 24 hours`);
  await host.configure({});
  expect((await host.push(host.nextId())).code).toBe(0);
});

test('refuses to begin on a full disk', async () => {
  await host.configure({ gate: { min_free_space: '8000TiB' } });
  await expectRefusal(await host.push(host.nextId()), 'no space: ');
  await host.configure({ gate: { min_free_inodes: 10 ** 12 } });
  await expectRefusal(await host.push(host.nextId()), 'no space: ');
  await host.configure({});
});

test('ends a session by its wall clock, whatever the client does', async () => {
  await host.configure({ gate: { session_limit: '1s' } });
  const id = host.nextId();
  const started = performance.now();
  const end = await host.push(id, { bandwidthLimit: 8192 });
  await expectEnd(end, 'ended', 'the session took longer than 1.0 s (session_limit)');
  expect(performance.now() - started).toBeLessThan(5000);
  await host.configure({});
  await expectRefusal(await host.seal(id), `attempt ${id} ended without a seal`);
});

test('ends a session in which nothing has come for too long', async () => {
  await host.configure({ gate: { timeout: '1s' } });
  const id = host.nextId();
  const client = host.startRsync(host.pushArguments(id, { bandwidthLimit: 8192 }));
  await until(() => existsSync(join(host.jobDirectory, `${id}.partial`)));
  // Stopped, it keeps its connection and says nothing.
  process.kill(-(client.pid ?? 0), 'SIGSTOP');
  await until(() => existsSync(join(host.jobDirectory, `${id}.frozen`)));
  process.kill(-(client.pid ?? 0), 'SIGCONT');
  await client.stop();
  await host.configure({});
  const entries = await host.log();
  expect(entries.findLast((entry) => entry.event === 'ended')).toMatchObject({ id, end: 30 });
});

test('refuses to verify or seal what does not exist', async () => {
  const id = host.nextId();
  await expectRefusal(await host.verify(id), `there is no snapshot ${id}`);
  await expectRefusal(await host.seal(id), `there is no snapshot ${id} to seal`);
});

test('sends differences by default, and whole files where delta is false', async () => {
  const basis = await host.store();
  await appendFile(join(host.source, 'db-1.sql'), 'one more line\n');
  expect(literalBytes(await host.push(host.nextId(), { bases: [basis] }))).toBeLessThan(20_000);
  await host.configure({ gate: { delta: false } });
  const whole = host.nextId();
  expect(literalBytes(await host.push(whole, { bases: [basis] }))).toBeGreaterThan(500_000);
  await host.configure({});
  expect((await host.verify(whole)).stdout).not.toContain('@');
});

test('finds a basis under another name by default, and not where fuzzy is false', async () => {
  const basis = await host.store();
  const source = join(host.source, '..', 'renamed');
  await writeFile(join(host.source, 'db-1.sql'), dumpText(20_000, 1));
  await host.rsync(['-a', `${host.source}/`, `${source}/`]);
  await host.rsync(['--remove-source-files', `${source}/db-1.sql`, `${source}/db-2.sql`]);
  await appendFile(join(source, 'db-2.sql'), 'one more line\n');
  expect(literalBytes(await host.push(host.nextId(), { bases: [basis], source }))).toBeLessThan(20_000);
  await host.configure({ gate: { fuzzy: false } });
  const whole = host.nextId();
  expect(literalBytes(await host.push(whole, { bases: [basis], source }))).toBeGreaterThan(500_000);
  await host.configure({});
  // The gate has linked the old name too: nobody has told it that it is gone.
  expect((await host.verify(whole, { source })).stdout.match(/^@.*$/gm)).toEqual([
    expect.stringMatching(/deleting .*db-1\.sql$/),
  ]);
});

test('hides the details of its own trouble from the sender', async () => {
  const good = await readFile(host.config, 'utf8');
  await writeFile(host.config, '{ version: 1, rooot: x }');
  const end = await host.push(host.nextId());
  await writeFile(host.config, good);

  expectSaid(end, 'refused', 'the settings of the secondary cannot be used; run there: offsite-gate --check web1');
  expect(end.stderr).not.toContain('rooot');
  expect((await host.push(host.nextId())).code).toBe(0);
});

test('notices every change of its settings at once', async () => {
  await host.push(host.nextId());
  expect(await readFile(join(host.hostState, 'settings.json'), 'utf8')).toContain(`"gate":"${inject('version')}"`);
  await writeFile(host.config, (await readFile(host.config, 'utf8')).replace('"db"', '"dc"'));
  await expectRefusal(await host.push(host.nextId()), 'the job db is not configured for this host');
  await host.configure({});
});

test('writes down every session that it lets in, with the command that it starts', async () => {
  await host.store();

  const accepted = (await host.log()).filter(({ event }) => event === 'accepted');
  expect(accepted.map(({ kind }) => kind)).toEqual(['push', 'seal']);
  for (const entry of accepted) {
    expect(entry).toMatchObject({
      client: '127.0.0.1',
      time: expect.stringMatching(/Z$/) as string,
      reason: expect.stringMatching(/^rsync --server/) as string,
    });
  }
});
