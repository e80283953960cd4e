import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { prune } from './support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store, type StoreOptions } from './support/store.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY) * DAY;

let store: Store | undefined;
afterEach(() => store?.remove());

/** Honest snapshots, one at each of these ages in days, oldest first. */
function makeStore(ages: readonly number[], options: StoreOptions = {}): { made: Store; honest: string[] } {
  const made = createStore({ owner: UNPRIVILEGED, ...options });
  store = made;
  chmodSync(made.base, 0o755);
  const honest = ages.map((age) => made.seal('db', new Date(TODAY - age * DAY)));
  made.own();
  return { made, honest };
}

const run = async (made: Store, ...args: string[]) => prune([HOST, '--config', made.config, ...args]);
const days = (count: number, step = 1, newest = 1) =>
  Array.from({ length: count }, (_, index) => newest + (count - 1 - index) * step);

/** Snapshots of somebody else's, by their ages. */
function push(made: Store, ...ages: number[]): void {
  for (const age of ages) made.seal('db', new Date(TODAY - age * DAY), { files: { rubbish: 'x' } });
  made.own();
}

const sealed = (made: Store) => made.names('db').filter((name) => !name.includes('.'));
const markIn = (text: string) => /offsite-prune web1 --release (\S+)/.exec(text)?.[1] ?? '';

describe('whoever has the push key', () => {
  it('cannot have all snapshots removed by as many pushes as `last` counts: such a policy is refused', async () => {
    const { made, honest } = makeStore(days(7), { retention: '{ last: 7 }' });
    push(made, ...Array.from({ length: 7 }, (_, index) => -(index * MINUTE) / DAY));
    for (const args of [[], ['--dry-run']]) {
      const { code, stderr } = await run(made, ...args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/line 8, hosts\.web1\.retention: lets anyone with the push key displace everything/);
    }
    expect(sealed(made)).toEqual(expect.arrayContaining(honest));
  });

  it.each([
    ['by expect.schedule', '{ db: { expect: { schedule: "0 0 * * 1", grace: 8d } } }', ''],
    ['by what arrived before', '{ db: {} }', 'remembered'],
  ])('cannot displace weekly snapshots with a fortnight of daily ones, seen %s', async (by, jobs, history) => {
    const { made, honest } = makeStore(days(14, 7, 15), { retention: '{ last: 1, daily: 14 }', jobs });
    if (history !== '') rememberWeekly(made);
    push(made, ...days(14));
    const { code, stderr } = await run(made);
    expect(code).toBe(41);
    expect(stderr).toMatch(new RegExp(`on hold \\(flood\\): 1[1-9] snapshots arrived within .* expected ${by}`));
    expect(sealed(made)).toEqual(expect.arrayContaining(honest));
    // He stops, and waits for it to be forgotten.
    expect((await run(made)).code).toBe(41);
    expect(sealed(made)).toEqual(expect.arrayContaining(honest));
  });
});

/** As if prune had looked daily for a hundred days until a fortnight ago. */
function rememberWeekly(made: Store): void {
  const start = TODAY - 115 * DAY;
  const days = Array.from({ length: 14 }, (_, week) => [TODAY / DAY - 15 - week * 7, 1]);
  const known = { since: new Date(start), until: new Date(TODAY - 15 * DAY), days };
  writeFileSync(join(made.state, 'prune.json'), JSON.stringify({ version: 1, problems: {}, arrivals: { db: known } }));
  made.own();
}

describe('a hold', () => {
  it('for too many removals ends by the word of whoever has looked at the plan, and by nothing else', async () => {
    const { made, honest } = makeStore(days(14), { retention: '{ last: 3, daily: 14 }' });
    push(made, ...Array.from({ length: 60 }, (_, index) => 0.9 - (index * MINUTE) / DAY));
    expect(await run(made)).toMatchObject({ code: 41 });
    const looked = await run(made, '--dry-run');
    expect(looked.stdout).toContain('ON HOLD (removals)');
    expect(JSON.parse((await run(made, '--dry-run', '--json')).stdout)).toMatchObject({
      jobs: [{ release: markIn(looked.stdout), released: [] }],
    });
    for (const [mark, reason] of [
      ['db:00000000', /no longer the one that you looked at/],
      ['files:00000000', /does not name a job of web1/],
      ['db', /does not name a job of web1/],
    ] as const) {
      const refused = await run(made, '--release', mark);
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(reason) as string });
    }
    expect(sealed(made)).toHaveLength(74);

    const { code, stderr } = await run(made, '--release', markIn(looked.stdout));
    expect(stderr).toContain('db: released by hand (removals)');
    expect(code).toBe(0);
    expect(sealed(made)).toHaveLength(14 + 3);
    expect(sealed(made)).toEqual(expect.arrayContaining(honest));
    expect((await run(made)).code).toBe(0);
    expect(await run(made, '--release', markIn(looked.stdout))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('not on hold') as string,
    });
  });

  it('is not released for what arrived after the look', async () => {
    const { made } = makeStore(days(14), { retention: '{ last: 1, daily: 5 }', hold: '{ max_removals: 2 }' });
    const { stdout } = await run(made, '--dry-run');
    push(made, 0.5);
    expect(await run(made, '--release', markIn(stdout))).toMatchObject({ code: 2 });
    expect(sealed(made)).toHaveLength(15);
  });

  it('for a flood, once released, is over for what was there, and not for what comes', async () => {
    const jobs = '{ db: { expect: { schedule: "0 0 * * *", grace: 1d } } }';
    const { made } = makeStore(days(14), { retention: '{ last: 2, within: 30d }', jobs });
    push(made, ...Array.from({ length: 12 }, (_, index) => 0.9 - (index * MINUTE) / DAY));
    const { stdout } = await run(made, '--dry-run');
    expect(stdout).toContain('ON HOLD (flood)');
    expect(await run(made, '--release', markIn(stdout))).toMatchObject({ code: 0 });
    expect(await run(made)).toMatchObject({ code: 0 });
    push(made, ...Array.from({ length: 12 }, (_, index) => 0.5 - (index * MINUTE) / DAY));
    expect(await run(made)).toMatchObject({ code: 41 });
  });

  it('of a stale set cannot be released: nothing comes after what would go', async () => {
    const { made } = makeStore(days(9, 1, 20));
    const { stdout } = await run(made, '--dry-run');
    expect(stdout).toContain('ON HOLD (stale)');
    expect(markIn(stdout)).toBe('');
    const { code, stderr } = await run(made, '--release', 'db:12345678');
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/ends only when its cause does/) as string,
    });
    expect(sealed(made)).toHaveLength(9);
  });

  it('tells how it ends, and takes no release together with a dry run', async () => {
    const { made } = makeStore(days(14), {
      hold: '{ max_removals: 2 }',
      alerts: `{ channels: { tell: { type: command, command: [/bin/sh, -c, 'cat >> "$0"', TOLD] } } }`,
    });
    const told = join(made.state, 'told');
    writeFileSync(made.config, readFileSync(made.config, 'utf8').replace('TOLD', told));
    expect((await run(made)).code).toBe(41);
    expect(readFileSync(told, 'utf8')).toContain(
      'offsite-prune web1 --dry-run shows what would be removed, and how to release',
    );
    expect(await run(made, '--dry-run', '--release', 'db:12345678')).toMatchObject({ code: 2 });
  });
});
