import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createStore, HOST, UNPRIVILEGED, type Store } from './support/store.ts';

const DAY = 86_400_000;

let store: Store;
beforeAll(() => {
  store = createStore({
    owner: UNPRIVILEGED,
    jobs: '{ db: { expect: { schedule: "0 0 * * *", grace: 1h } } }',
    alerts: `{ channels: { tell: { type: command, command: [/bin/sh, -c, 'cat >> "$0"', TOLD], events: [stale, failure] } } }`,
  });
  chmodSync(store.base, 0o755);
  writeFileSync(store.config, readFileSync(store.config, 'utf8').replace('TOLD', join(store.base, 'told')));
  writeFileSync(join(store.base, 'told'), '');
  for (const age of [5, 6]) store.seal('db', new Date(Date.now() - age * DAY));
  store.own();
});
afterAll(() => store.remove());

/** Calls the program from a directory that is removed while the shell stands in it. */
function callFromNowhere(...words: string[]) {
  const gone = join(store.base, 'gone');
  mkdirSync(gone);
  const drop =
    process.getuid?.() === 0
      ? ['setpriv', `--reuid=${UNPRIVILEGED}`, `--regid=${UNPRIVILEGED}`, '--clear-groups', '--']
      : [];
  const command = [...drop, process.execPath, inject('prune'), ...words, '--config', store.config];
  const end = spawnSync('sh', ['-c', 'cd "$0" && rmdir "$0" && exec "$@"', gone, ...command], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, NO_COLOR: '1' },
  });
  expect(existsSync(gone)).toBe(false);
  return end;
}

it('tells people though the shell stands in a directory that was removed', () => {
  const check = callFromNowhere('check', HOST);
  expect(check.status, check.stderr).toBe(40);
  expect(check.stderr).toContain('current directory no longer exists');
  expect(readFileSync(join(store.base, 'told'), 'utf8')).toContain('db has no fresh snapshot');
});
