import { chmodSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { prune } from './support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store } from './support/store.ts';

const DAY = 86_400_000;

let store: Store | undefined;
afterEach(() => {
  if (store) chmodSync(join(store.root, 'db'), 0o700); // for those who do not test as root
  store?.remove();
});

/** Two jobs: `db`, which is to get a fault, and `web`, which is overdue and of which something is to go. */
function twoJobs(): Store {
  const made = createStore({
    owner: UNPRIVILEGED,
    jobs: '{ db: { expect: { schedule: "0 0 * * *", grace: 1h } }, web: { expect: { schedule: "0 0 * * *", grace: 1h } } }',
    alerts: `{ channels: { tell: { type: command, command: [/bin/sh, -c, 'cat >> "$0"; echo >> "$0"', TOLD] } } }`,
  });
  chmodSync(made.base, 0o755);
  writeFileSync(made.config, readFileSync(made.config, 'utf8').replace('TOLD', join(made.base, 'told')));
  writeFileSync(join(made.base, 'told'), '');
  for (const job of ['db', 'web']) for (const age of [5, 6, 7, 8, 9]) made.seal(job, new Date(Date.now() - age * DAY));
  made.own();
  return made;
}

const toldBy = (made: Store) =>
  [...readFileSync(join(made.base, 'told'), 'utf8').matchAll(/"subject":\s*"([^"]+)"/g)].map(([, subject]) => subject);
const call = async (made: Store, ...words: string[]) => prune([...words, '--config', made.config]);

/** Ways in which one job alone can be out of order, with the exit code of that. */
const FAULTS = {
  'a directory that cannot be read': [1, /EACCES/, (made: Store) => chmodSync(join(made.root, 'db'), 0o000)],
  'a link in the place of its directory': [
    2,
    /is a symbolic link/,
    (made: Store) => {
      renameSync(join(made.root, 'db'), join(made.base, 'elsewhere'));
      symlinkSync(join(made.base, 'elsewhere'), join(made.root, 'db'));
    },
  ],
} as const;

describe.each(Object.entries(FAULTS))('with %s, the other jobs', (_, [code, reason, spoil]) => {
  it('are shown by status, for people and for programs', async () => {
    store = twoJobs();
    spoil(store);
    const table = await call(store, 'status');
    expect(table.stdout).toMatch(/web1 +web .*✗ stale$/m);
    expect(table.stdout).toMatch(/web1 +db .*\? unknown$/m);
    expect(table.stdout).toMatch(reason);
    expect(table.code).toBe(code);
    const json = await call(store, 'status', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      hosts: [
        {
          jobs: [{ job: 'web', state: 'stale' }],
          faults: [{ job: 'db', reason: expect.stringMatching(reason) as string }],
        },
      ],
    });
  });

  it('are told of by the freshness check, and what was told of the faulty one is not over', async () => {
    store = twoJobs();
    expect(await call(store, 'check', HOST)).toMatchObject({ code: 40 });
    spoil(store);
    expect(await call(store, 'check', HOST)).toMatchObject({ code });
    expect(toldBy(store)).toEqual([
      'Stale: web1/db has no fresh snapshot',
      'Stale: web1/web has no fresh snapshot',
      'Problem: web1/db cannot be examined',
    ]);
  });

  it('are pruned', async () => {
    store = twoJobs();
    store.seal('web', new Date());
    store.own();
    spoil(store);
    const before = store.names('web').length;
    const { stderr, code: ended } = await call(store, HOST);
    expect(stderr).toMatch(/web: [1-9]\d* removed/);
    expect(stderr).toMatch(/db cannot be examined: /);
    expect(store.names('web').length).toBeLessThan(before);
    expect(ended).toBe(code);
  });
});

it('a trash that is no directory ends prune, and that is told, once, until it is over', async () => {
  store = twoJobs();
  writeFileSync(join(store.root, '.trash'), '');
  store.own();
  const ended = { code: 2, stderr: expect.stringContaining('.trash is not a directory') as string };
  expect(await call(store, HOST)).toMatchObject(ended);
  expect(await call(store, HOST)).toMatchObject(ended);
  expect(toldBy(store)).toEqual(['Problem: prune of web1 could not remove everything']);
  rmSync(join(store.root, '.trash'));
  expect(await call(store, HOST)).toMatchObject({ code: 41 });
  expect(toldBy(store)).toContain('Resolved: prune of web1 could not remove everything');
});
