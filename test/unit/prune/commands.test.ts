import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { prune, startPrune } from './support/run-prune.ts';
import { argumentsOf, descendants } from '../../support/processes.ts';
import { until } from '../../support/until.ts';
import { createStore, HOST, UNPRIVILEGED, type Store, type StoreOptions } from './support/store.ts';

const DAY = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY) * DAY;
const dayBefore = (days: number) => new Date(TODAY - days * DAY);
const idOf = (days: number) =>
  dayBefore(days)
    .toISOString()
    .replace(/(\d\d):(\d\d):(\d\d)\.000Z$/, '$1$2$3Z');

let store: Store | undefined;
afterEach(() => store?.remove());

function makeStore(days: number, options: StoreOptions = {}): Store {
  const made = createStore({ owner: UNPRIVILEGED, ...options });
  chmodSync(made.base, 0o755);
  for (let age = days; age >= 0; age -= 1) made.seal('db', dayBefore(age));
  made.own();
  return made;
}

const run = async (made: Store, ...args: string[]) => prune([HOST, '--config', made.config, ...args]);

describe('offsite-prune HOST', () => {
  it('removes what the policy does not keep, snapshot and seal, and nothing else', async () => {
    store = makeStore(9);
    const { code, stderr } = await run(store);
    expect(code).toBe(0);
    expect(stderr).toContain(`db/${idOf(9)} removed: last: it is number 10, beyond the newest 1; daily:`);
    expect(stderr).toContain('db: 7 removed, 3 kept');
    expect(store.names('db')).toEqual([2, 1, 0].flatMap((age) => [idOf(age), `${idOf(age)}.sealed`]));
    expect(readdirSync(join(store.root, '.trash'))).toEqual([]);
  });

  it('shows every snapshot with all reasons in a dry run, and changes nothing', async () => {
    store = makeStore(9);
    const before = store.names('db');
    const { code, stdout } = await run(store, '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain('last 1 of 1');
    expect(stdout).toMatch(new RegExp(`${idOf(9)} .* remove +last: it is number 10`));
    expect(stdout).toMatch(/keep 3, remove 7; removing frees \d.* KiB in 14 inodes/);
    expect(store.names('db')).toEqual(before);
    expect(existsSync(join(store.root, '.trash'))).toBe(false);
    const { stdout: json } = await run(store, '--dry-run', '--json');
    expect(JSON.parse(json)).toMatchObject({
      version: 1,
      host: HOST,
      dryRun: true,
      jobs: [
        { job: 'db', removes: { snapshots: Array(7).fill(expect.any(String)) as string[] }, frees: { inodes: 14 } },
      ],
    });
  });

  it('refuses to run as root', async () => {
    store = makeStore(1);
    const { code, stderr } = await prune([HOST, '--config', store.config], process.getuid!() === 0 ? 0 : undefined);
    if (process.getuid!() === 0) {
      expect(code).toBe(2);
      expect(stderr).toMatch(/does not run as root.*runuser -u offsite-web1 -- offsite-prune web1/);
    }
  });

  it('holds instead of removing, and exits 41', async () => {
    store = makeStore(40, { hold: '{ max_removals: 5 }' });
    const before = store.names('db');
    const { code, stderr } = await run(store);
    expect(code).toBe(41);
    expect(stderr).toContain('on hold (removals): the plan would remove 38 snapshots of 41; 5 are allowed');
    expect(store.names('db')).toEqual(before);
  });

  it('never goes through a symbolic link', async () => {
    store = makeStore(5);
    mkdirSync(join(store.base, 'treasure'));
    writeFileSync(join(store.base, 'treasure', 'gold'), 'gold');
    symlinkSync(join(store.base, 'treasure'), join(store.root, 'db', idOf(30)));
    writeFileSync(
      join(store.root, 'db', `${idOf(30)}.sealed`),
      readFileSync(join(store.root, 'db', `${idOf(5)}.sealed`)),
    );
    store.own();
    const { code } = await run(store);
    expect(code).toBe(0);
    expect(existsSync(join(store.root, 'db', idOf(30)))).toBe(true);
    expect(readFileSync(join(store.base, 'treasure', 'gold'), 'utf8')).toBe('gold');
    const trashed = makeStore(1);
    symlinkSync(join(store.base, 'treasure'), join(trashed.root, '.trash'));
    const refused = await run(trashed);
    trashed.remove();
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('.trash is a symbolic link') as string });
    expect(existsSync(join(store.base, 'treasure', 'gold'))).toBe(true);
  });

  it('deletes directories without permissions, deep trees and odd names', async () => {
    store = createStore({ owner: UNPRIVILEGED });
    chmodSync(store.base, 0o755);
    const deep = `${'d'.repeat(200)}/`.repeat(20);
    for (const age of [9, 2, 1, 0])
      store.seal('db', dayBefore(age), age === 9 ? { files: { 'closed/x': 'x', 'a\nb': 'n', '-rf': 'r' } } : {});
    // Longer than PATH_MAX: made step by step, as rsync does.
    let at = join(store.root, 'db', idOf(9));
    const start = process.cwd();
    for (const part of deep.split('/').filter(Boolean)) {
      process.chdir(at);
      mkdirSync(part);
      at = part;
    }
    process.chdir(start);
    const own = spawn('chown', ['-R', String(UNPRIVILEGED), store.base]);
    await once(own, 'exit');
    chmodSync(join(store.root, 'db', idOf(9), 'closed'), 0o000);
    chmodSync(join(store.root, 'db', idOf(9)), 0o500);
    expect((await run(store, '--dry-run')).stdout).toMatch(/removing frees at least \d/);
    const { code, stderr } = await run(store);
    expect(stderr).toContain(`db/${idOf(9)} removed`);
    expect(code).toBe(0);
    expect(readdirSync(join(store.root, '.trash'))).toEqual([]);
  });

  it('leaves a job alone while a session writes to it, and ends at once when it is told to while it waits', async () => {
    store = makeStore(9);
    const holder = spawn('flock', [join(store.state, 'db.lock'), 'sleep', '60'], { detached: true, stdio: 'ignore' });
    try {
      const lock = join(store.state, 'db.lock');
      await until(() => existsSync(lock));
      chmodSync(join(store.state, 'db.lock'), 0o666);
      const before = store.names('db');
      const { child, ended } = startPrune([HOST, '--config', store.config]);
      const waits = (pid: number) => argumentsOf(pid)?.includes('--timeout') ?? false;
      await until(() => descendants(child.pid!).some(waits)); // flock(1), for its turn
      expect(child.exitCode).toBe(null);
      child.kill('SIGTERM');
      expect(await ended).toMatchObject({ code: 143 });
      expect(store.names('db')).toEqual(before);
    } finally {
      process.kill(-holder.pid!, 'SIGKILL');
    }
    expect((await run(store)).code).toBe(0);
  });

  it('runs only once at a time', async () => {
    store = makeStore(1);
    const holder = spawn('flock', [store.state, 'sh', '-c', 'echo held; sleep 60'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      await once(holder.stdout, 'data');
      expect(await run(store)).toMatchObject({ code: 4 });
    } finally {
      process.kill(-holder.pid!, 'SIGKILL');
    }
  });

  it('finishes the trash of a run that was killed, and a seal that it left behind', async () => {
    store = makeStore(1);
    mkdirSync(join(store.root, '.trash', 'db.2026-01-01T000000Z', 'x'), { recursive: true });
    writeFileSync(join(store.root, 'db', '2026-01-01T000000Z.sealed'), '{}');
    store.own();
    expect((await run(store)).code).toBe(0);
    expect(readdirSync(join(store.root, '.trash'))).toEqual([]);
    expect(store.names('db')).toHaveLength(4);
  });

  it('works for a plain rrsync: the birth of the seal is the arrival, so what was copied here just now is kept', async () => {
    store = makeStore(3, { secondary: 'rrsync' });
    const { code, stdout } = await run(store, '--dry-run', '--json');
    const [job] = (JSON.parse(stdout) as { jobs: [{ snapshots: { action: string; receivedBy: string }[] }] }).jobs;
    expect(code).toBe(0);
    expect(job.snapshots.map(({ receivedBy }) => receivedBy)).toEqual(Array(4).fill('birth-time'));
    expect(job.snapshots.filter(({ action }) => action === 'remove').length).toBeLessThan(4);
  });

  it.each([{ words: [HOST, '--simulate', '60'] }, { words: [HOST, '--dry-run'] }, { words: ['status'] }])(
    'ends no line of a table with blanks: $words',
    async ({ words }) => {
      store = makeStore(3);
      const { stdout } = await prune([...words, '--config', store.config]);
      expect(stdout).toMatch(/^(?:day +date|snapshot +arrived|host +job)/m);
      expect(stdout).not.toMatch(/ $/m);
    },
  );

  it('simulates what a policy keeps', async () => {
    store = makeStore(3);
    const { code, stdout } = await run(store, '--simulate', '60');
    expect(code).toBe(0);
    expect(stdout).toContain('held');
    const { stdout: json } = await run(store, '--simulate', '60', '--json');
    expect(JSON.parse(json)).toMatchObject({ jobs: [{ job: 'db', days: { length: 60, 59: { held: 3 } } }] });
  });

  it('simulates more than a year in a moment when snapshots are seconds apart, and says what it takes for usual', async () => {
    store = makeStore(-1);
    for (let second = 0; second < 10; second += 2) store.seal('db', new Date(TODAY + second * 1000));
    store.own();
    const start = performance.now();
    const { code, stdout } = await run(store, '--simulate', '400');
    expect(code).toBe(0);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(stdout).toMatch(/no schedule says .* one every 7 min 12 s \(the existing ones arrived every 2\.0 s\)/);
    expect(stdout).toContain('because the gate lets in 200 per day (attempts_per_day)');
  });
});

describe('the freshness check', () => {
  const jobs = '{ db: { expect: { schedule: "0 0 * * *", grace: 1h } } }';

  function withChannel(days: number, options: StoreOptions = {}): { made: Store; told: () => string[] } {
    const made = createStore({
      owner: UNPRIVILEGED,
      jobs,
      alerts: `{ channels: { tell: { type: command, command: [/bin/sh, -c, 'cat >> "$0"; echo >> "$0"', TOLD] } } }`,
      ...options,
    });
    chmodSync(made.base, 0o755);
    const told = join(made.base, 'told');
    writeFileSync(made.config, readFileSync(made.config, 'utf8').replace('TOLD', told));
    writeFileSync(told, '');
    for (const age of [days, days + 1, days + 2]) made.seal('db', dayBefore(age));
    made.own();
    return { made, told: () => subjects(readFileSync(told, 'utf8')) };
  }

  const subjects = (text: string) => [...text.matchAll(/"subject":\s*"([^"]+)"/g)].map(([, subject = '']) => subject);
  const check = async (made: Store) => prune(['check', HOST, '--config', made.config]);

  it('raises that a snapshot is overdue without anything from the primary, once, and tells when it is over', async () => {
    const { made, told } = withChannel(4);
    store = made;
    expect(await check(made)).toMatchObject({ code: 40 });
    expect(await check(made)).toMatchObject({ code: 40 });
    expect(told()).toEqual(['Stale: web1/db has no fresh snapshot']);
    made.seal('db', new Date());
    made.own();
    expect(await check(made)).toMatchObject({ code: 0 });
    expect(told().at(-1)).toBe('Resolved: web1/db has no fresh snapshot');
  });

  it('raises a quarantine, a hold and what it cannot account for', async () => {
    const { made, told } = withChannel(0, { hold: '{ shrink: 10% }' });
    store = made;
    made.seal('db', new Date(Date.now() + 400 * DAY), { received: new Date(Date.now() - 1000) });
    made.seal('db', new Date(Date.now() - 60_000), { received: new Date(), bytes: 10 });
    mkdirSync(join(made.root, 'db', 'lost+found'));
    made.own();
    expect(await check(made)).toMatchObject({ code: 41 });
    expect(told()).toEqual([
      'Warning: prune of web1/db is on hold',
      'Warning: 1 snapshot of web1/db in quarantine',
      'Warning: 1 entry of web1/db cannot be accounted for',
    ]);
  });

  it('shows the same as a table and for programs', async () => {
    const { made, told } = withChannel(4);
    store = made;
    const table = await prune(['status', '--config', made.config]);
    expect(table.code).toBe(40);
    expect(table.stdout).toMatch(/^web1 +db +4 d ago +3 +– +– +– +✗ stale$/m);
    const json = await prune(['status', HOST, '--json', '--config', made.config]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      hosts: [{ host: HOST, lastPrune: null, jobs: [{ job: 'db', state: 'stale', lastSealed: idOf(4) }] }],
    });
    expect(told()).toEqual([]);
  });

  it.skipIf(process.getuid!() !== 0)('is not for another account (needs root)', async () => {
    const { made } = withChannel(4);
    store = made;
    const foreign = await prune(['status', '--config', made.config], UNPRIVILEGED - 1);
    expect(foreign).toMatchObject({ code: 2, stderr: expect.stringContaining('runuser -u offsite-web1') as string });
  });
});
