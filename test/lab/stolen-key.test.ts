import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { prune } from '../unit/prune/support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store, type StoreOptions } from '../unit/prune/support/store.ts';

const DAY = 86_400_000;
const START = Math.floor(Date.now() / DAY) * DAY;

let store: Store;
afterEach(() => store.remove());

function makeStore(options: StoreOptions): void {
  store = createStore({ owner: UNPRIVILEGED, ...options });
  chmodSync(store.base, 0o755);
}

/** Snapshots that arrive on these days after the start. */
function arrive(...days: number[]): string[] {
  const ids = days.map((day) => store.seal('db', new Date(START + day * DAY)));
  store.own();
  return ids;
}

/** Runs the built program on a later day: it has no option for its clock, so the clock of its Node is moved on. */
async function pruneOn(day: number) {
  const ahead = START + day * DAY - Date.now();
  const clock = `const Real = Date; globalThis.Date = class extends Real {
    constructor(...parts) { if (parts.length > 0) super(...parts); else super(Real.now() + ${ahead}); }
    static now() { return Real.now() + ${ahead}; }
  };`;
  const NODE_OPTIONS = `--import=data:text/javascript;base64,${Buffer.from(clock).toString('base64')}`;
  return prune([HOST, '--config', store.config], undefined, { NODE_OPTIONS });
}

const told = () =>
  existsSync(join(store.state, 'told'))
    ? readFileSync(join(store.state, 'told'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
const left = (ids: readonly string[]) => ids.filter((id) => store.names('db').includes(id)).length;
const range = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);

describe('whoever pushes rubbish with a stolen key', () => {
  it('one a day beside weekly backups, makes himself neither usual nor forgotten, however long he goes on', async () => {
    const alerts =
      '{ channels: { pager: { type: command, command: [/bin/sh, -c, "cat >> $0/told; echo >> $0/told", BASE] } } }';
    makeStore({ retention: '{ last: 1, daily: 14 }', hold: '{ max_removals: 100000 }', alerts });
    writeFileSync(store.config, readFileSync(store.config, 'utf8').replaceAll('BASE', store.state));
    arrive(0);
    expect(await pruneOn(0.1)).toMatchObject({ code: 0 });
    const honest = arrive(...range(7, 112, 7));
    expect(await pruneOn(105.1)).toMatchObject({ code: 0 });
    expect(left(honest)).toBe(14);

    let pushed = 106;
    const push = (until: number) => {
      arrive(...range(pushed, until));
      pushed = until;
    };
    for (const day of range(107, 121, 2)) {
      push(day);
      await pruneOn(day);
    }
    // Four that were displaced before it was noticed, as docs/security.md says.
    expect(left(honest)).toBeGreaterThanOrEqual(14 - 4);
    const noticed = left(honest);
    for (const day of [150, 185, 220, 250, 280]) {
      push(day);
      const before = told().length;
      const { code, stderr } = await pruneOn(day);
      expect(stderr).toContain('on hold (flood)');
      // However long it lasts, and however often it was told: nobody can go on with it in silence.
      expect(told().slice(before).join('\n')).toMatch(/prune of web1\/db is on hold.*arrived within/);
      expect({ day, code, left: left(honest) }).toEqual({ day, code: 41, left: noticed });
    }
    // He has enough, and waits.
    arrive(500);
    expect(await pruneOn(500.1)).toMatchObject({ code: 41 });
    expect(left(honest)).toBe(noticed);
  });

  it.each(['{ within: 1d }', '{ last: 3, daily: 2 }', '{ last: 1, hourly: 25 }', '{ monthly: 2 }'])(
    'as often as the gate lets him, does not bring %s to drop all honest ones within a day',
    async (retention) => {
      // Neither schedule nor history, and a hold that never comes: the policy is all there is.
      makeStore({ retention, hold: '{ max_removals: 100000 }' });
      const honest = arrive(...range(1, 6));
      // From the last honest arrival on; the day ends before the 24 hours do.
      for (const [from, to] of [
        [5.005, 5.5],
        [5.5, 5.995],
      ] as const) {
        arrive(...range(from, to, 0.99 / 200));
        expect(await pruneOn(to)).toMatchObject({ code: 0 });
      }
      expect(left(honest)).toBeGreaterThanOrEqual(1);
      expect(left(honest)).toBeLessThan(5); // it was no hold that kept them
    },
  );
});
