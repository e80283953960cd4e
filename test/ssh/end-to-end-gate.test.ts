import { spawnSync } from 'node:child_process';
import { appendFile, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { nextSnapshotId, parseSnapshotId, snapshotIdOf } from '../../src/shared/snapshot-id.ts';
import { prune } from '../unit/prune/support/run-prune.ts';
import { remember } from './support/as-it-was.ts';
import { flipByte } from './support/flip-byte.ts';
import { startGateSecondary, type GateSecondary } from './support/gate-secondary.ts';
import { makePrimary, type Primary } from './support/primary.ts';
import { dumpText, fillSampleTree } from './support/sample-tree.ts';
import { recordTree } from './support/tree-record.ts';
import { argumentsOf, descendants } from '../support/processes.ts';
import { until } from '../support/until.ts';

/*
 * The program as it is built against the gate as it is bundled, over a real sshd: what an administrator sees of the two
 * together. What is sent past the program, at the gate itself, stands in gate-*.test.ts.
 */

const GATE = { target: { secondary: 'gate' }, job: { guard: { max_shrink: 'off' } } };

let secondary: GateSecondary;
let primary: Primary;
/** The first snapshot, with which each test begins. */
let first: string;
let putBack: () => void;

beforeAll(async () => {
  secondary = await startGateSecondary();
  primary = await makePrimary(secondary, 'db');
  await primary.configure(GATE);
  await fillSampleTree(primary.source);
  await writeFile(at('monday.sql'), dumpText(60_000, 11));
  first = await primary.secure();
  putBack = remember(secondary.sshd.directory, [primary.directory, ...secondary.stores]);
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});
beforeEach(async () => {
  putBack();
  await primary.configure(GATE);
  await secondary.restore();
});

const at = (name: string) => join(primary.source, name);
const transferOf = async () =>
  (await primary.history()).at(-1)?.transfer as { literalBytes: number; linkedFiles: number; copiedFiles: number };
const newest = async () => (await secondary.sealed('db')).at(-1) ?? '';
/** What the gate started last for a push. */
const lastPush = async () =>
  (await secondary.gate.log()).findLast(({ event, kind }) => event === 'accepted' && kind === 'push')?.reason as string;

describe('run', () => {
  it('seals a snapshot, and the gate adds its receipt', async () => {
    expect(await secondary.names('db')).toEqual([first, `${first}.sealed`]);
    const seal = JSON.parse(await readFile(secondary.path('db', `${first}.sealed`), 'utf8')) as Record<string, unknown>;
    expect(seal).toMatchObject({
      id: first,
      job: 'db',
      files: 7,
      verification: { mode: 'full', extras: 'checked', canary: 'checksum' },
      receipt: { gate: inject('version') },
      basis: null,
    });
    const sessions = (await secondary.gate.log()).filter(({ event }) => event === 'accepted');
    expect(sessions.map(({ kind }) => kind)).toEqual(['push', 'verify', 'verify', 'seal']);
  });

  it('links what is unchanged, sends differences of what changed, and finds a dump under its new name', async () => {
    await appendFile(at('dump.sql'), 'one more line\n');
    await rename(at('monday.sql'), at('tuesday.sql'));
    await appendFile(at('tuesday.sql'), 'one more line\n');
    const second = await primary.secure();

    const { nlink, ino } = await stat(secondary.path('db', second, 'deep/secret.conf'));
    expect({ nlink, ino }).toEqual({
      nlink: 2,
      ino: (await stat(secondary.path('db', first, 'deep/secret.conf'))).ino,
    });
    const size = (await stat(at('tuesday.sql'))).size + (await stat(at('dump.sql'))).size;
    expect(size).toBeGreaterThan(2_000_000);
    expect((await transferOf()).literalBytes).toBeLessThan(20_000);
    expect(await lastPush()).toContain(`--compare-dest /${first}/ --fake-super . ${second}.partial/`);
  });

  it('leaves nothing behind with --dry-run', async () => {
    const before = await secondary.names('db');
    const ledger = () => readFile(join(secondary.gate.hostState, 'db.attempts.jsonl'), 'utf8');
    const attempts = await ledger();
    await writeFile(at('new.sql'), 'new\n');
    const { code, stdout } = await primary.call('run', 'db', '--dry-run');
    await rm(at('new.sql'));

    expect(code).toBe(0);
    expect(stdout).toMatch(/1 new, 0 changed, 7 to be linked/);
    expect(await secondary.names('db')).toEqual(before);
    expect(await ledger()).toBe(attempts);
  });

  it('resumes a session that broke off from what the gate froze of it', async () => {
    await writeFile(at('large.sql'), dumpText(200_000, 5));
    const basis = await newest();
    const before = await secondary.record('db');
    await primary.configure({ ...GATE, target: { ...GATE.target, compress: false, bandwidth_limit: '3MiB' } });
    secondary.line.after(4 * 2 ** 20, () => secondary.line.cut());
    const broken = await primary.call('run', 'db');
    expect(broken).toMatchObject({ code: 12, alerts: [{ event: 'failure', outcome: 'connection-lost' }] });
    await until(async () => (await secondary.names('db')).some((name) => name.endsWith('.frozen')));
    expect(await secondary.record('db')).toEqual(before);

    await primary.configure(GATE);
    const next = await primary.secure();
    // It goes on in the tree of the attempt, and the gate links what is unchanged.
    expect(await lastPush()).toMatch(new RegExp(` --force .* --compare-dest /${basis}/ .* ${next}.partial/$`));
    expect((await secondary.names('db')).filter((name) => name.endsWith('.frozen'))).toEqual([]);
    const { ino } = await stat(secondary.path('db', basis, 'deep/secret.conf'));
    expect((await stat(secondary.path('db', next, 'deep/secret.conf'))).ino).toBe(ino);
    const { size } = await stat(at('large.sql'));
    expect((await transferOf()).literalBytes).toBeLessThan(size - 2 * 2 ** 20);
    expect((await secondary.record('db')).get(basis)).toEqual(before.get(basis));
    expect(next > basis).toBe(true);
    await rm(at('large.sql'));
  });

  it('waits for a session that still writes to the job', async () => {
    const id = nextSnapshotId(new Date(), parseSnapshotId(await newest()));
    const other = secondary.gate.startRsync(
      secondary.gate.pushArguments(id, { source: primary.source, bandwidthLimit: 100_000 }),
    );
    await until(async () => (await secondary.names('db')).includes(`${id}.partial`));
    await until(() => snapshotIdOf(new Date()) > id);
    const running = await primary.start('run', 'db');
    await until(() => running.said().includes('the secondary is busy (busy: another session is still writing'));
    await other.stop();

    expect((await running.ended).code).toBe(0);
    expect(await secondary.names('db')).toContain(`${id}.frozen`);
  });

  it('keeps two jobs of one host apart: they run at the same time', async () => {
    const files = await makePrimary(secondary, 'files');
    try {
      await files.configure(GATE);
      await fillSampleTree(files.source);
      await writeFile(at('slow.bin'), dumpText(40_000, 99));
      await primary.configure({
        ...GATE,
        target: { ...GATE.target, compress: false, bandwidth_limit: '500kB', io_timeout: '60s' },
      });
      const slow = await primary.start('run', 'db');
      await until(async () => (await secondary.names('db')).some((name) => name.endsWith('.partial')));
      // It stands still until the other is done, however long that takes here.
      const senders = descendants(slow.pid).filter((pid) => argumentsOf(pid)?.[0] === 'rsync');
      expect(senders).not.toEqual([]);
      for (const pid of senders) process.kill(pid, 'SIGSTOP');
      const id = await files.secure();
      for (const pid of senders) process.kill(pid, 'SIGCONT');
      expect((await secondary.names('db')).some((name) => name.endsWith('.partial'))).toBe(true);
      expect(await secondary.sealed('files')).toEqual([id]);
      expect((await slow.ended).code).toBe(0);
    } finally {
      await files.stop();
    }
  });

  it('works with plain metadata', async () => {
    await secondary.amend({ metadata: 'plain' });
    const files = await makePrimary(secondary, 'files');
    try {
      await files.configure({ ...GATE, target: { secondary: 'gate', metadata: 'plain' } });
      await fillSampleTree(files.source);
      await until(async () => snapshotIdOf(new Date()) > ((await secondary.sealed('files')).at(-1) ?? ''));
      await files.secure();
      await writeFile(join(files.source, 'more.sql'), 'more\n');
      const id = await files.secure();
      expect((await files.call('verify', 'files')).stdout).toContain('identical to the source');
      expect((await stat(secondary.path('files', id, 'deep/er/run.sh'))).mode & 0o777).toBe(0o755);
      expect((await stat(secondary.path('files', id, 'dump.sql'))).nlink).toBe(4);
    } finally {
      await files.stop();
    }
  });
});

describe('verify', () => {
  it('finds an intact snapshot, one flipped byte, drift, and a file that somebody put there', async () => {
    const intact = await primary.call('verify', 'db');
    expect(intact).toMatchObject({ code: 0, stdout: expect.stringContaining('identical to the source') as string });
    const damaged = secondary.path('db', await newest(), 'dump.sql');
    flipByte(damaged, 20);
    const corrupt = await primary.call('verify', 'db');
    flipByte(damaged, 20);
    expect(corrupt.code).toBe(20);
    expect(corrupt.stdout).toMatch(/CORRUPT.*dump\.sql.*content/);

    // By somebody who covers their tracks: another time of the directory would be a difference of its own.
    const stored = secondary.path('db', await newest());
    await keepingTimes(stored, () => writeFile(join(stored, 'planted'), 'x'));
    await appendFile(at('deep/secret.conf'), 'more\n');
    const drift = await primary.call('verify', 'db');
    await keepingTimes(stored, () => rm(join(stored, 'planted')));
    expect(drift.code).toBe(22);
    expect(drift.stdout).toMatch(/planted.*only on the secondary/);
    expect(drift.stdout).toMatch(/deep\/secret\.conf.*content/);
  });

  it('a damaged snapshot that was pruned is forgotten by the next verification', async () => {
    const older = await newest();
    const stored = secondary.path('db', older, 'dump.sql');
    flipByte(stored, 20);
    expect(await primary.call('verify', 'db')).toMatchObject({ code: 20 });
    await primary.secure();
    expect(await primary.call('verify', 'db')).toMatchObject({ code: 0 });
    expect(await primary.call('status', 'db'), 'while it is there').toMatchObject({
      code: 20,
      stdout: expect.stringContaining(older) as string,
    });
    await rm(secondary.path('db', `${older}.sealed`));
    await rm(secondary.path('db', older), { recursive: true });
    expect(await primary.call('verify', 'db')).toMatchObject({ code: 0 });
    expect(await primary.call('status', 'db')).toMatchObject({ code: 0 });
  });

  it('after corruption the next run compares by checksum, and its snapshot is clean', async () => {
    const old = new Date('2026-02-03T04:05:06Z');
    await writeFile(at('archive.sql'), dumpText(5000, 4));
    await utimes(at('archive.sql'), old, old);
    const victim = await primary.secure();
    flipByte(secondary.path('db', victim, 'archive.sql'), 20);
    expect((await primary.call('verify', 'db')).code).toBe(20);
    const id = await primary.secure();

    expect(await lastPush()).toMatch(/^rsync --server -logDtpAryyc/);
    const stored = await readFile(secondary.path('db', id, 'archive.sql'));
    expect(stored.equals(await readFile(at('archive.sql')))).toBe(true);
    expect((await primary.call('verify', 'db')).code).toBe(0);
    // Once: the next push trusts size and time again.
    await primary.secure();
    expect(await lastPush()).toMatch(/^rsync --server -logDtpARyyz?e/);
  });
});

describe('restoring', () => {
  it('gives back content, links, modes and owners, with the command of docs/operations.md', async () => {
    // Stands in for ssh: the administrator's own account on the secondary is not what is tried here.
    const shell = join(primary.directory, 'here');
    await writeFile(shell, '#!/bin/sh\nshift\nexec "$@"\n', { mode: 0o755 });
    const restored = join(primary.directory, 'restored');
    const from = `vault:${secondary.path('db', await primary.secure())}/`;
    const options = ['-aHA', '--numeric-ids', '-M--fake-super', '-M--munge-links', '-e', shell];
    expect(spawnSync('rsync', [...options, from, `${restored}/`]).status).toBe(0);

    expect(recordTree(restored)).toEqual(recordTree(primary.source));
  });
});

describe('limits of the gate reach whoever reads the message and the alert', () => {
  it.each([
    ['too many attempts', { gate: { attempts_per_day: 1 } }, 14, /too often: \d+ attempts in the last 24 hours/],
    ['a job that is not configured', { jobs: { other: {} } }, 14, /the job db is not configured for this host/],
    ['other metadata', { metadata: 'plain' }, 14, /this host has metadata: plain, not fake_super/],
    ['too little space', { gate: { min_free_space: '8000TiB' } }, 15, /no space: .* free \(min_free_space/],
    ['too few inodes', { gate: { min_free_inodes: 10 ** 12 } }, 15, /no space: .*inodes free/],
  ])('%s', async (_, change, code, says) => {
    const before = await secondary.names('db');
    await secondary.amend(change);
    const end = await primary.call('run', 'db');

    expect(end.code).toBe(code);
    expect(end.stderr).toMatch(says);
    expect(end.stderr).toMatch(/What to do: .*secondary/);
    expect(end.alerts).toMatchObject([{ event: 'failure', exit_code: code }]);
    expect(end.alerts[0]?.body).toMatch(says);
    expect(await secondary.names('db')).toEqual(before);
  });

  it('and when the limit no longer holds, the next run succeeds and tells of the recovery', async () => {
    await secondary.amend({ gate: { min_free_space: '8000TiB' } });
    expect((await primary.call('run', 'db')).code).toBe(15);
    await secondary.restore();
    const end = await primary.call('run', 'db');
    expect(end).toMatchObject({ code: 0, alerts: [{ event: 'recovery' }] });
  });
});

describe('prune, with the run before and after it', () => {
  const pruneAs = (...args: string[]) =>
    prune([...args, '--config', secondary.gate.config], secondary.sshd.account.uid);

  it('names every snapshot with all reasons and what goes, removes that, and leaves the rest as it was, to be linked to', async () => {
    for (let more = 0; more < 6; more += 1) {
      await appendFile(at('dump.sql'), 'one more line\n');
      await secondary.gate.store({ source: primary.source, bases: [parseSnapshotId(await newest())!] });
    }
    const ids = await secondary.sealed('db');
    const leftovers = (await secondary.names('db')).filter((name) => name.endsWith('.frozen'));
    const before = await secondary.record('db');
    const names = await secondary.names('db');
    const table = await pruneAs('web1', '--dry-run');
    expect(table.code).toBe(0);
    for (const id of ids) expect(table.stdout).toMatch(new RegExp(`${id} .* (keep|remove) +(last|basis|daily)`));
    expect(table.stdout).toMatch(/removing frees \d.* in \d+ inodes/);
    const plan = JSON.parse((await pruneAs('web1', '--dry-run', '--json')).stdout) as Plan;
    const [job] = plan.jobs.filter((one) => one.job === 'db');
    const removed = job?.removes.snapshots ?? [];
    const kept = ids.filter((id) => !removed.includes(id));
    expect(removed.length).toBeGreaterThan(2);
    expect(kept.slice(-3)).toEqual(ids.slice(-3));
    expect(job?.frees.bytes).toBeGreaterThan(0);
    for (const { reasons } of job?.snapshots ?? []) expect(reasons).not.toEqual([]);
    expect(await secondary.names('db')).toEqual(names);

    expect((await pruneAs('web1')).code).toBe(0);
    expect(await secondary.names('db')).toEqual([...leftovers, ...kept.flatMap((id) => [id, `${id}.sealed`])].sort());
    const after = await secondary.record('db');
    for (const id of kept) expect(after.get(id)).toEqual(before.get(id));

    const basis = await newest();
    await until(() => snapshotIdOf(new Date()) > basis);
    const id = await primary.secure();
    expect((await transferOf()).literalBytes).toBeLessThan(20_000);
    const [one, other] = [basis, id].map((name) => secondary.path('db', name, 'deep/secret.conf')) as [string, string];
    expect((await stat(other)).ino).toBe((await stat(one)).ino);
  });

  it('a run whose basis has been pruned sends everything, and says why', async () => {
    const file = join(primary.state, 'jobs/db@vault.json');
    const state = JSON.parse(await readFile(file, 'utf8')) as { sealed: object };
    const gone = { ...state.sealed, id: '2026-01-01T000000Z' };
    await writeFile(file, JSON.stringify({ ...state, sealed: gone }), { mode: 0o600 });
    const { code, stderr } = await primary.call('run', 'db');
    expect(code).toBe(0);
    expect(stderr).toContain('Nothing of the basis 2026-01-01T000000Z was found on the secondary');
  });

  it('with the primary gone for three days, the secondary says so by itself, and prune removes nothing', async () => {
    const told = join(secondary.gate.hostState, 'told');
    const expectation = { schedule: '0 * * * *', timezone: 'UTC', grace: '1h' };
    const tell = { type: 'command', command: ['/bin/sh', '-c', 'cat >> "$0"', told] };
    await secondary.amend(
      // As many snapshots as this file makes within a minute are a flood where one an hour is expected.
      { jobs: { db: { expect: expectation } }, retention: { last: 1, daily: 2 }, hold: { max_extra: 1000 } },
      { alerts: { channels: { tell } } },
    );
    expect((await pruneAs('status', 'web1')).code).toBe(0);
    expect((await pruneAs('web1')).code).toBe(0);
    const names = await secondary.names('db');
    const environment = { NODE_OPTIONS: `--import=${await clockAhead(3 * 86_400_000)}` };
    const later = (...args: string[]) =>
      prune([...args, '--config', secondary.gate.config], secondary.sshd.account.uid, environment);
    const status = await later('status', 'web1');
    expect(status).toMatchObject({ code: 40, stdout: expect.stringMatching(/^web1 +db .* ✗ stale$/m) as string });
    expect(await later('check', 'web1')).toMatchObject({ code: 40 });
    const held = await later('web1');
    expect(held).toMatchObject({ code: 41, stderr: expect.stringContaining('on hold (stale)') as string });
    expect(await secondary.names('db')).toEqual(names);
    expect(subjects(await readFile(told, 'utf8'))).toEqual([
      'Stale: web1/db has no fresh snapshot',
      'Problem: prune of web1 does not run', // nor did it, for three days
      'Resolved: prune of web1 does not run',
    ]);

    // Back in the present, the clock stands before the last run of prune.
    expect(await pruneAs('web1')).toMatchObject({ code: 41, stderr: expect.stringContaining('(clock)') as string });
    expect(await secondary.names('db')).toEqual(names);
    expect(subjects(await readFile(told, 'utf8'))).toContain('Problem: the clock of this machine looks wrong');
  });

  const subjects = (text: string) => [...text.matchAll(/"subject":\s*"([^"]+)"/g)].map(([, subject]) => subject);

  /** A module that sets the clock of the program that loads it. */
  async function clockAhead(ms: number): Promise<string> {
    const path = join(secondary.sshd.directory, 'clock.mjs');
    await writeFile(
      path,
      `const Real = Date;
globalThis.Date = class extends Real {
  constructor(...given) { given.length === 0 ? super(Real.now() + ${ms}) : super(...given); }
  static now() { return Real.now() + ${ms}; }
};
`,
      { mode: 0o644 },
    );
    return path;
  }
});

interface Plan {
  readonly jobs: readonly {
    readonly job: string;
    readonly removes: { readonly snapshots: readonly string[] };
    readonly frees: { readonly bytes: number };
    readonly snapshots: readonly { readonly id: string; readonly reasons: readonly string[] }[];
  }[];
}

/** Changes what a directory holds and puts its times back, to the nanosecond. */
async function keepingTimes(directory: string, change: () => Promise<void>): Promise<void> {
  const note = join(primary.directory, 'times');
  spawnSync('touch', ['--reference', directory, note]);
  await change();
  spawnSync('touch', ['--reference', note, directory]);
}
