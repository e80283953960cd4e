import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { measureFresh } from '../../../remote-scripts/prune/fresh.ts';
import { runProcess } from '../../../src/platform/process.ts';
import type { SnapshotId } from '../../../src/shared/snapshot-id.ts';
import { prune } from './support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store, type StoreOptions } from './support/store.ts';

const DAY = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY) * DAY;

let store: Store;
afterEach(() => store.remove());

describe('what a snapshot has of its own', () => {
  const day = (number: number) => new Date(Date.UTC(2026, 10, number, 2, 15));
  const measure = (name: string, before?: string) =>
    measureFresh(join(store.root, 'db'), name, before, join(store.state, 'prune.tmp'), { runProcess });
  const size = (...paths: string[]) =>
    paths.reduce((sum, path) => {
      const blocks = execFileSync('stat', ['-c', '%b', join(store.root, 'db', path)], { encoding: 'utf8' });
      return sum + Number(blocks) * 512;
    }, 0);

  it('is every inode that the one before lacks, each once, and however many names it has', async () => {
    store = createStore();
    const first = store.seal('db', day(1), { files: { a: 'a'.repeat(50_000), b: 'b'.repeat(70_000) } });
    const second = store.seal('db', day(2), {
      files: { new: 'n'.repeat(20_000), 'deep/twice': 't'.repeat(30_000) },
      links: { a: `${first}/a`, 'deep/renamed': `${first}/b` },
    });
    linkSync(join(store.root, 'db', second, 'deep/twice'), join(store.root, 'db', second, 'again'));
    // A later snapshot takes nothing away from it.
    store.seal('db', day(3), { links: { new: `${second}/new`, a: `${first}/a` } });
    expect(await measure(second, first)).toEqual({
      total: size(`${second}/new`, `${second}/again`, `${second}/a`, `${second}/deep/renamed`),
      fresh: size(`${second}/new`, `${second}/again`),
    });
    const all = size(`${first}/a`, `${first}/b`);
    expect(await measure(first)).toEqual({ total: all, fresh: all });
    expect(readdirSync(join(store.state, 'prune.tmp'))).toEqual([]);
  });

  it('is not known when it cannot be walked', async () => {
    store = createStore();
    const first = store.seal('db', day(1));
    await expect(measure('gone', first)).rejects.toThrow(/find could not count/);
    await expect(measure(first, 'gone')).rejects.toThrow(/find could not count/);
  });
});

/** Ten daily snapshots of a file server of four files, as prune has known it for a hundred days. */
function fileServer(options: StoreOptions = {}): SnapshotId {
  store = createStore({ owner: UNPRIVILEGED, ...options });
  chmodSync(store.base, 0o755);
  const names = ['1', '2', '3', '4'];
  const content = (age: number) => Object.fromEntries(names.map((name) => [name, `${age}`.repeat(100_000)]));
  let id = store.seal('db', new Date(TODAY - 10 * DAY), { files: content(9) });
  for (let age = 9; age >= 1; age -= 1) {
    const links = Object.fromEntries(names.map((name) => [name, `${id}/${name}`]));
    id = store.seal('db', new Date(TODAY - age * DAY), { files: { note: `${age}` }, links });
  }
  const days = Array.from({ length: 90 }, (_, index) => [TODAY / DAY - 100 + index, 0.02, 4096]);
  const known = { since: new Date(TODAY - 100 * DAY), until: new Date(TODAY - 1.5 * DAY), measured: 90, days };
  const churn = { db: { ...known, totals: [400_000, 400_000], outliers: [] } };
  writeFileSync(join(store.state, 'prune.json'), JSON.stringify({ version: 1, problems: {}, churn }));
  store.own();
  return id;
}

const encrypted = Object.fromEntries(['1', '2', '3', '4'].map((name) => [`${name}.locked`, 'x'.repeat(100_000)]));
const run = (...args: string[]) => prune([...args, '--config', store.config]);
const sealed = () => store.names('db').filter((name) => !name.includes('.'));
const markIn = (text: string) => /offsite-prune web1 --release (\S+)/.exec(text)?.[1] ?? '';
interface Remembered {
  churn: { db: { measured: number; outliers: { id: string }[] } };
}
const remembered = () => (JSON.parse(readFileSync(join(store.state, 'prune.json'), 'utf8')) as Remembered).churn.db;

describe('a file server of which everything is rewritten', () => {
  it('is held, though the next snapshot is as usual again, until somebody releases it', async () => {
    fileServer();
    const bad = store.seal('db', new Date(TODAY), { files: encrypted });
    store.own();
    const { code, stderr } = await run(HOST);
    expect(code).toBe(41);
    expect(stderr).toMatch(
      new RegExp(`on hold \\(churn\\): 99% of what there was before ${bad} was rewritten .* at most 2.0% is usual`),
    );
    expect(sealed()).toHaveLength(11);

    const links = Object.fromEntries(Object.keys(encrypted).map((name) => [name, `${bad}/${name}`]));
    store.seal('db', new Date(Math.min(Date.now() - 120_000, TODAY + 3_600_000)), { links });
    store.own();
    expect((await run(HOST)).code).toBe(41);
    expect(sealed()).toHaveLength(12);

    const { stdout } = await run(HOST, '--dry-run');
    expect(stdout).toContain('ON HOLD (churn)');
    expect(await run(HOST, '--release', markIn(stdout))).toMatchObject({ code: 0 });
    expect(sealed()).toHaveLength(4);
    expect(remembered().outliers).toEqual([]);
    expect((await run(HOST)).code).toBe(0);
  });

  it('is told within the hour, by the check, and seen by status and a dry run', async () => {
    const told = join('/tmp', `offsite-churn-${process.pid}`);
    writeFileSync(told, '');
    chmodSync(told, 0o666);
    fileServer({
      alerts: `{ channels: { tell: { type: command, command: [/bin/sh, -c, 'cat >> "$0"', '${told}'] } } }`,
    });
    store.seal('db', new Date(TODAY), { files: encrypted });
    store.own();
    expect((await run(HOST, '--dry-run')).code).toBe(41);
    expect(await run('check', HOST)).toMatchObject({ code: 41 });
    expect(readFileSync(told, 'utf8')).toContain('Somebody may be encrypting the primary');
    rmSync(told);
    expect((await run('status', HOST)).stdout).toContain('on hold (churn)');
  });

  it('is over once that snapshot has been moved away', async () => {
    fileServer();
    const bad = store.seal('db', new Date(TODAY), { files: encrypted });
    store.own();
    expect((await run(HOST)).code).toBe(41);
    for (const name of [bad, `${bad}.sealed`]) rmSync(join(store.root, 'db', name), { recursive: true });
    expect((await run(HOST)).code).toBe(0);
  });

  it('is nothing to a job whose settings allow it', async () => {
    fileServer({ hold: '{ churn: 100% }' });
    store.seal('db', new Date(TODAY), { files: encrypted });
    store.own();
    expect((await run(HOST)).code).toBe(0);
  });
});

describe('measuring', () => {
  it('looks at each snapshot once', async () => {
    fileServer();
    store.own();
    await run(HOST);
    expect(remembered().measured).toBe(91);
    await run(HOST);
    await run('check', HOST);
    expect(remembered().measured).toBe(91);
  });

  it('begins with the newest of a job that is new to it', async () => {
    fileServer();
    rmSync(join(store.state, 'prune.json'));
    await run(HOST);
    expect(remembered().measured).toBe(1);
  });
});
