import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { prune } from './support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store } from './support/store.ts';

const DAY = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY) * DAY;
const isRoot = process.getuid!() === 0;

let store: Store;
afterEach(() => store.remove());

function makeStore(): string {
  store = createStore({ owner: UNPRIVILEGED, jobs: '{ db: { expect: { schedule: "0 0 * * *", grace: 30h } } }' });
  chmodSync(store.base, 0o755);
  for (let age = 9; age >= 0; age -= 1) store.seal('db', new Date(TODAY - age * DAY));
  // The account that the tests run as, where they are root.
  writeFileSync(store.config, readFileSync(store.config, 'utf8').replace(`offsite-${HOST}`, 'nobody'));
  mkdirSync(join(store.base, 'pages'));
  store.own();
  return join(store.base, 'pages', 'page.html');
}

const report = (args: readonly string[], user?: number) => prune(['report', ...args, '--config', store.config], user);

describe('offsite-prune report', () => {
  it('writes one page about the hosts of this account, and changes nothing', async () => {
    const out = makeStore();
    const { code, stdout, stderr } = await report(['--out', out, '--days', '30']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`${out}: 1 host.\n`);
    expect(statSync(out).mode & 0o777).toBe(0o644);
    const page = readFileSync(out, 'utf8');
    expect(page.match(/data-state="kept"/g)).toHaveLength(3);
    expect(page.match(/data-state="going"/g)).toHaveLength(7);
    expect(page).toContain('<h2>web1/db</h2>');
    expect(store.names('db')).toHaveLength(20);
    expect((await report(['--out', '-'])).stdout).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
  });

  it.skipIf(!isRoot)('is put together by root from what each account has read (needs root)', async () => {
    const out = makeStore();
    const { code, stderr } = await report(['--out', out, '--days', '731'], 0);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const page = readFileSync(out, 'utf8');
    expect(page.match(/data-state="kept"/g)).toHaveLength(3);
    expect(page).toContain('1 of 1 job in order');
  });

  it.skipIf(!isRoot)('of a host whose account is not there says so (needs root)', async () => {
    const out = makeStore();
    writeFileSync(store.config, readFileSync(store.config, 'utf8').replace('nobody', 'offsite-nowhere'));
    const { code, stderr } = await report(['--out', out], 0);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('as offsite-nowhere:') as string,
    });
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    ['no file', [], "required option '--out <file>'"],
    ['too many days', ['--out', '-', '--days', '732'], 'from 1 to 731'],
    ['a directory that is not there', ['--out', '/nowhere/page.html'], 'cannot be written to /nowhere/page.html'],
  ])('refuses %s', async (_, args, says) => {
    makeStore();
    const { code, stderr } = await report(args);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(says) as string });
  });
});
