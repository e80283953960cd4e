import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { prune } from './support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store, type StoreOptions } from './support/store.ts';

const DAY = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY) * DAY;
const idOf = (age: number) =>
  new Date(TODAY - age * DAY).toISOString().replace(/(\d\d):(\d\d):(\d\d)\.000Z$/, '$1$2$3Z');
const dayIn = (days: number) => new Date(TODAY + days * DAY).toISOString().slice(0, 10);

let store: Store;
afterEach(() => store.remove());

/** Ten daily snapshots, of which the policy keeps three. */
function makeStore(options: StoreOptions = {}): void {
  store = createStore({ owner: UNPRIVILEGED, ...options });
  chmodSync(store.base, 0o755);
  for (let age = 9; age >= 0; age -= 1) store.seal('db', new Date(TODAY - age * DAY));
  store.own();
}

const run = (...args: string[]) => prune([...args, '--config', store.config]);
const pin = (...args: string[]) => run('pin', HOST, 'db', ...args);
const kept = () => store.names('db').filter((name) => !name.includes('.'));
const pinsFile = () => join(store.state, 'db.pins.json');
const writePins = (content: string) => {
  writeFileSync(pinsFile(), content);
  store.own();
};
const pinText = (age: number, more: object = {}) =>
  JSON.stringify({ version: 1, pins: [{ id: idOf(age), why: 'audit', since: new Date(), ...more }] });

describe('a pinned snapshot', () => {
  it('is kept with its reason, beside everything that the policy keeps', async () => {
    makeStore();
    expect(await pin(idOf(7), '--why', 'before the migration', '--until', dayIn(30))).toMatchObject({
      code: 0,
      stdout: `web1/db ${idOf(7)} is pinned until ${dayIn(30)}: before the migration\n`,
    });
    await pin(idOf(1), '--why', 'audit');
    const plan = await run(HOST, '--dry-run');
    expect(plan.stdout).toMatch(new RegExp(`${idOf(7)} .* keep +pinned until ${dayIn(30)}: before the migration`));
    expect((await run(HOST)).code).toBe(0);
    // Three days by the policy: today, and two that are not pinned.
    expect(kept()).toEqual([7, 3, 2, 1, 0].map(idOf));
  });

  it('is shown by status, check and their JSON', async () => {
    makeStore();
    await pin(idOf(7), '--why', 'audit');
    expect((await run('status', HOST)).stdout).toContain(`web1/db: ${idOf(7)} is pinned: audit`);
    expect((await run('check', HOST)).stdout).toContain(`web1/db: ${idOf(7)} is pinned: audit`);
    for (const args of [
      ['status', HOST],
      ['check', HOST],
    ]) {
      expect(JSON.parse((await run(...args, '--json')).stdout)).toMatchObject({
        hosts: [{ jobs: [{ pins: { holding: [{ id: idOf(7), why: 'audit' }], ended: [], lost: [] } }] }],
      });
    }
    expect(JSON.parse((await run(HOST, '--dry-run', '--json')).stdout)).toMatchObject({
      jobs: [{ pins: { holding: [{ id: idOf(7) }] } }],
    });
  });

  it('stays in a simulation as long as its pin holds', async () => {
    makeStore({ jobs: '{ db: { expect: { schedule: "0 0 * * *" } } }' });
    const held = async () => {
      const { stdout } = await run(HOST, '--simulate', '20', '--json');
      return (JSON.parse(stdout) as { jobs: { days: { held: number }[] }[] }).jobs[0]!.days.map((day) => day.held);
    };
    expect(await held()).toEqual(Array(20).fill(3));
    await pin(idOf(7), '--why', 'audit', '--until', dayIn(4));
    expect(new Set((await held()).slice(0, 4))).toEqual(new Set([4]));
    expect((await held()).at(-1)).toBe(3);
  });

  it('is left to the policy once it is unpinned', async () => {
    makeStore();
    await pin(idOf(7), '--why', 'audit');
    expect(await run('unpin', HOST, 'db', idOf(7))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`web1/db ${idOf(7)} is no longer pinned: audit`) as string,
    });
    await run(HOST);
    expect(kept()).toEqual([2, 1, 0].map(idOf));
  });

  it('takes a new reason and a new day in place of the old', async () => {
    makeStore();
    await pin(idOf(7), '--why', 'audit');
    const { stdout } = await pin(idOf(7), '--why', 'the auditor has not come', '--until', dayIn(9));
    expect(stdout).toContain('Before, it was pinned: audit');
    expect(JSON.parse(readFileSync(pinsFile(), 'utf8'))).toMatchObject({
      pins: [{ why: 'the auditor has not come', until: dayIn(9) }],
    });
  });

  it('that somebody has removed is missed, and people are told', async () => {
    const told = join('/tmp', `offsite-told-${process.pid}`);
    writeFileSync(told, '');
    chmodSync(told, 0o666);
    makeStore({
      alerts: `{ channels: { tell: { type: command, command: [/bin/sh, -c, 'cat >> "$0"', '${told}'] } } }`,
    });
    await pin(idOf(7), '--why', 'audit');
    rmSync(join(store.root, 'db', idOf(7)), { recursive: true });
    rmSync(join(store.root, 'db', `${idOf(7)}.sealed`));
    const { code, stdout } = await run('check', HOST);
    expect({ code, stdout }).toMatchObject({
      code: 42,
      stdout: expect.stringContaining('1 pinned snapshot not there') as string,
    });
    expect(readFileSync(told, 'utf8')).toContain(`${idOf(7)}: pinned: audit`);
    rmSync(told);
    expect((await run('unpin', HOST, 'db', idOf(7))).code).toBe(0);
    expect((await run('status', HOST)).stdout).not.toContain('not there');
  });
});

describe('a pin that has ended', () => {
  it('holds on its last day, and is said once on the next', async () => {
    makeStore();
    writePins(pinText(7, { until: dayIn(0) }));
    await run(HOST);
    expect(kept()).toContain(idOf(7));

    writePins(pinText(7, { until: dayIn(-1) }));
    expect((await run(HOST, '--dry-run')).stdout).toContain(`The pin of ${idOf(7)} has ended`);
    const first = await run(HOST);
    expect(first.stderr).toContain(`db/${idOf(7)}: its pin has ended (pinned until ${dayIn(-1)}: audit)`);
    expect(kept()).not.toContain(idOf(7));
    expect((await run(HOST)).stderr).not.toContain('pin');
  });
});

it('that a pin has ended is told once, before the snapshot is gone, and nobody is told that this is over', async () => {
  makeStore({
    alerts:
      '{ channels: { pager: { type: command, command: [/bin/sh, -c, "cat >> $0/told; echo >> $0/told", BASE] } } }',
  });
  writeFileSync(store.config, readFileSync(store.config, 'utf8').replaceAll('BASE', store.state));
  writePins(pinText(7, { until: dayIn(-1) }));
  const told = () =>
    (existsSync(join(store.state, 'told')) ? readFileSync(join(store.state, 'told'), 'utf8') : '')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { event: string; subject: string; body: string });
  for (const words of [['check', HOST], ['check', HOST], [HOST], ['check', HOST]]) await run(...words);
  expect(kept()).not.toContain(idOf(7));
  expect(told()).toMatchObject([
    {
      event: 'warning',
      subject: expect.stringContaining('1 pin of web1/db ended') as string,
      body: expect.stringContaining(`${idOf(7)}: pinned until ${dayIn(-1)}: audit`) as string,
    },
  ]);
});

describe('pins that cannot be read', () => {
  it.each([
    ['half a file', pinText(7).slice(0, 50)],
    ['nothing', ''],
    ['another version', '{"version":2,"pins":[]}'],
    ['an entry that is none', '{"version":1,"pins":[{"id":"yesterday","why":"x","since":"2026-01-01T00:00:00Z"}]}'],
    ['a day that does not exist', pinText(7, { until: '2027-02-30' })],
  ])('keep prune from removing anything of the job: %s', async (_, content) => {
    makeStore({ jobs: '{ db: {}, files: {} }' });
    for (let age = 9; age >= 0; age -= 1) store.seal('files', new Date(TODAY - age * DAY));
    writePins(content);
    const { code, stderr } = await run(HOST);
    expect({ code, stderr }).toMatchObject({
      code: 41,
      stderr: expect.stringMatching(/on hold \(pins\): it is not known/) as string,
    });
    expect(kept()).toHaveLength(10);
    expect(store.names('files')).toHaveLength(6);
    expect((await run(HOST, '--dry-run')).stdout).not.toContain('--release');
    for (const args of [
      ['pin', HOST, 'db', idOf(7), '--why', 'audit'],
      ['unpin', HOST, 'db', idOf(7)],
    ]) {
      expect(await run(...args)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('db.pins.json is damaged') as string,
      });
    }
    expect(readFileSync(pinsFile(), 'utf8')).toBe(content);
  });

  it('hold too where a directory is in their place', async () => {
    makeStore();
    mkdirSync(pinsFile());
    store.own();
    expect((await run(HOST)).code).toBe(41);
    expect(kept()).toHaveLength(10);
  });
});

describe('pin refuses', () => {
  it.each([
    [
      'an id that is not there',
      [idOf(8).replace('T000000Z', 'T010000Z'), '--why', 'x'],
      () => `Did you mean "${idOf(8)}"?`,
    ],
    ['a day alone', [idOf(8).slice(0, 10), '--why', 'x'], () => `Did you mean "${idOf(8)}"?`],
    ['an attempt without a seal', [idOf(20), '--why', 'x'], () => `Did you mean "${idOf(9)}"?`],
    ['something else', ['newest', '--why', 'x'], () => `Did you mean "${idOf(0)}"?`],
    ['an empty reason', [idOf(8), '--why', ' '], () => '--why is empty'],
    ['no reason', [idOf(8)], () => "required option '--why <text>'"],
    ['a reason of two lines', [idOf(8), '--why', 'a\nb'], () => 'one line'],
    ['a day that is over', [idOf(8), '--why', 'x', '--until', dayIn(-1)], () => 'is in the past'],
    ['a day that does not exist', [idOf(8), '--why', 'x', '--until', '2027-02-30'], () => 'is no day'],
    ['a word for a day', [idOf(8), '--why', 'x', '--until', 'tomorrow'], () => 'is no day'],
  ])('%s', async (_, args, says) => {
    makeStore();
    store.directory(`db/${idOf(20)}.frozen`);
    store.own();
    const { code, stderr } = await pin(...args);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(says()) as string });
    expect(existsSync(pinsFile())).toBe(false);
  });

  it('names the job and the host that were meant', async () => {
    makeStore();
    expect((await run('pin', HOST, 'bd', idOf(1), '--why', 'x')).stderr).toContain('Did you mean "db"?');
    expect((await run('pin', 'wbe1', 'db', idOf(1), '--why', 'x')).stderr).toContain('Did you mean "web1"?');
    expect((await run('unpin', HOST, 'db', idOf(1))).stderr).toContain('web1/db has no pinned snapshot.');
    await pin(idOf(7), '--why', 'x');
    expect((await run('unpin', HOST, 'db', idOf(6))).stderr).toContain(`Did you mean "${idOf(7)}"?`);
  });

  it.skipIf(process.getuid!() !== 0)('root (needs root)', async () => {
    makeStore();
    const { code, stderr } = await prune(['pin', HOST, 'db', idOf(1), '--why', 'x', '--config', store.config], 0);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('does not run as root') as string,
    });
  });
});

it('pin waits for a run of prune, whose plan knows nothing of it', async () => {
  makeStore();
  const ready = join(store.base, 'held');
  const holder = spawn('flock', [store.state, 'sh', '-c', `touch ${ready}; sleep 3`]);
  await until(() => existsSync(ready));
  const { code } = await pin(idOf(7), '--why', 'audit');
  // Not before the holder has gone.
  if (holder.exitCode === null) await once(holder, 'exit', { signal: AbortSignal.timeout(500) });
  expect(code).toBe(0);
}, 30_000);
