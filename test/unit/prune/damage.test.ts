import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeDamage, type DamageEntry } from '../../../remote-scripts/store/damage.ts';
import { parseSnapshotId, type SnapshotId } from '../../../src/shared/snapshot-id.ts';
import { prune } from './support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store } from './support/store.ts';

const DAY = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY) * DAY;
const idOf = (age: number) =>
  new Date(TODAY - age * DAY).toISOString().replace(/(\d\d):(\d\d):(\d\d)\.000Z$/, '$1$2$3Z');

let store: Store;
afterEach(() => store.remove());

/** Ten daily snapshots, of which the policy keeps three. */
beforeEach(() => {
  store = createStore({ owner: UNPRIVILEGED });
  chmodSync(store.base, 0o755);
  for (let age = 9; age >= 0; age -= 1) store.seal('db', new Date(TODAY - age * DAY));
  store.own();
});

const run = (...args: string[]) => prune([...args, '--config', store.config]);
const kept = () => store.names('db').filter((name) => !name.includes('.'));
const record = () => join(store.state, 'db.damage.json');

/** Notes a damaged file, as offsite-scrub does. */
async function note(...files: { name: string; ages: number[]; found: string }[]): Promise<void> {
  const entries = files.map(({ name, ages, found }): DamageEntry => {
    const snapshots = ages.map((age) => parseSnapshotId(idOf(age))).filter((id): id is SnapshotId => id !== undefined);
    return { name, snapshots, kind: 'content', inode: '17', foundAt: found, lastGood: null };
  });
  await writeDamage({ damage: record() }, { entries, omitted: 0 });
  store.own();
}
const markIn = (stdout: string) => / --release (\S+)/.exec(stdout)?.[1] ?? 'none';

describe('a job with known damage', () => {
  it('is on hold until somebody has released that; status and check say it for longer', async () => {
    await note({ name: 'd/dump.sql', ages: [8, 1], found: '2026-11-20T02:15:00.000Z' });
    const held = await run(HOST);
    expect(held.code).toBe(41);
    expect(kept()).toHaveLength(10);
    const status = await run('status', HOST);
    expect(status.code).toBe(43);
    expect(status.stdout).toMatch(/web1 +db .* damaged/);
    expect(status.stdout).toContain('on hold (damage): 1 stored file damaged, in 2 snapshots (d/dump.sql)');

    const shown = await run(HOST, '--dry-run');
    expect(shown.stdout).toContain('offsite-scrub HOST --list');
    expect((await run(HOST, '--release', markIn(shown.stdout))).code).toBe(0);
    expect(kept()).toEqual([2, 1, 0].map(idOf));
    expect((await run(HOST)).code).toBe(0);
    const after = await run('check', HOST);
    expect(after.code).toBe(43);
    expect(after.stdout).toContain('1 stored file damaged');
    expect(after.stdout).not.toContain('on hold');
  });

  it('is on hold again when more is found, and a release of what was seen before is refused', async () => {
    await note({ name: 'a', ages: [1], found: '2026-11-20T02:15:00.000Z' });
    const mark = markIn((await run(HOST, '--dry-run')).stdout);
    const more = { name: 'b', ages: [0], found: '2026-11-21T02:15:00.000Z' };
    await note({ name: 'a', ages: [1], found: '2026-11-20T02:15:00.000Z' }, more);
    expect(await run(HOST, '--release', mark)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no longer/) as string,
    });
    const second = await run(HOST, '--dry-run');
    expect((await run(HOST, '--release', markIn(second.stdout))).code).toBe(0);
    await note(more, { name: 'c', ages: [0], found: '2026-11-22T02:15:00.000Z' });
    const third = await run(HOST);
    expect(third.code).toBe(41);
    expect((await run('status', HOST)).stdout).toContain('1 stored file damaged, in 1 snapshot (c)');
  });

  it('counts what is damaged only in snapshots that are there', async () => {
    await note({ name: 'a', ages: [400], found: '2026-11-20T02:15:00.000Z' });
    expect((await run('status', HOST)).code).toBe(0);
    expect((await run(HOST)).code).toBe(0);
  });

  it('is on hold when the record itself is damaged', async () => {
    writeFileSync(record(), '{"version":1,');
    store.own();
    expect((await run(HOST)).code).toBe(41);
    expect(kept()).toHaveLength(10);
    const status = JSON.parse((await run('status', HOST, '--json')).stdout) as { hosts: { jobs: object[] }[] };
    expect(status.hosts[0]?.jobs[0]).toMatchObject({
      state: 'damaged',
      damage: { files: [], omitted: 0, unknown: expect.stringContaining('not a record of damage') as string },
    });
  });

  it('names its files for programs', async () => {
    await note({ name: 'd/dump.sql', ages: [1], found: '2026-11-20T02:15:00.000Z' });
    const status = JSON.parse((await run('status', HOST, '--json')).stdout) as { hosts: { jobs: object[] }[] };
    expect(status.hosts[0]?.jobs[0]).toMatchObject({
      state: 'damaged',
      holds: [{ kind: 'damage' }],
      damage: { files: [{ name: 'd/dump.sql', kind: 'content', snapshots: [idOf(1)] }], omitted: 0, unknown: null },
    });
  });
});
