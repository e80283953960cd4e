import { chmodSync, lchownSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { snapshotIdOf } from '../../src/shared/snapshot-id.ts';
import { prune } from '../unit/prune/support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store } from '../unit/prune/support/store.ts';
import { ODDITIES } from './support/oddities.ts';

const DAY = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY) * DAY;
const OLD = snapshotIdOf(new Date(TODAY - 9 * DAY));

let store: Store;
afterEach(() => store.remove());

/** Every file that prune reads or writes, below the directory of the store. */
const PLACES = {
  'the memory': `lib/${HOST}/prune.json`,
  'the lock of the memory': `lib/${HOST}/prune.memory.lock`,
  'the scratch directory': `lib/${HOST}/prune.tmp`,
  'the lock of a job': `lib/${HOST}/db.lock`,
  'the trash': `srv/${HOST}/.trash`,
  'the spool': `lib/${HOST}/spool`,
  'accepted seals': `lib/${HOST}/spool/db/accepted`,
  'arriving seals': `lib/${HOST}/spool/db/incoming`,
  'an accepted seal': `lib/${HOST}/spool/db/accepted/${OLD}.sealed`,
  'the records': `lib/${HOST}/inodes`,
  'the records of a job': `lib/${HOST}/inodes/db`,
  'a note of a change': `lib/${HOST}/inodes/db/${OLD}.changed`,
  'a seal': `srv/${HOST}/db/${OLD}.sealed`,
  'a snapshot': `srv/${HOST}/db/${OLD}`,
  'the directory of another job': `srv/${HOST}/files`,
};

const ours = () => store.names('db').filter((name) => !name.includes('.') && name !== OLD);

describe.each(Object.entries(PLACES))('in the place of %s', (_, place) => {
  it.each(Object.entries(ODDITIES))('%s is passed over or named by prune', { timeout: 30_000 }, async (_, put) => {
    store = createStore({ owner: UNPRIVILEGED, jobs: '{ db: {}, files: {} }' });
    chmodSync(store.base, 0o755);
    for (let age = 9; age >= 0; age -= 1) store.seal('db', new Date(TODAY - age * DAY));
    const path = join(store.base, place);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    store.own();
    put(path);
    lchownSync(path, UNPRIVILEGED, UNPRIVILEGED);
    const check = await prune(['check', HOST, '--config', store.config]);
    expect(check.code).not.toBe(null);
    const run = await prune([HOST, '--config', store.config]);
    for (const { stdout, stderr } of [check, run]) {
      expect(stdout + stderr).not.toMatch(/TypeError|RangeError|Maximum call stack|is not a function|NaN|Infinity/);
    }
    // Either all that was due is done, or it is said why not.
    if (run.code === 0) expect(ours()).toHaveLength(3);
    else expect(run.stderr).toContain(path);
    expect([0, 1, 2]).toContain(run.code);
  });
});
