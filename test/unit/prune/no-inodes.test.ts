import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorCode } from '../../../src/platform/files.ts';
import { prune } from './support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store, type StoreOptions } from './support/store.ts';

const DAY = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY) * DAY;
const isRoot = process.getuid!() === 0;

let place: string;
let store: Store;
const usualPlace = process.env.TMPDIR;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'offsite-inodes-'));
  if (!isRoot) return;
  mount('mount', '-t', 'tmpfs', '-o', 'size=8m,nr_inodes=400,mode=0755', 'tmpfs', place);
  process.env.TMPDIR = place;
});
function makeStore(options: StoreOptions = {}): void {
  store = createStore({ owner: UNPRIVILEGED, ...options });
  chmodSync(store.base, 0o755);
  for (let age = 9; age >= 0; age -= 1) store.seal('db', new Date(TODAY - age * DAY));
  // What install.sh has made, and the gate with the first session.
  mkdirSync(join(store.root, '.trash'), { mode: 0o700 });
  writeFileSync(join(store.state, 'db.lock'), '');
  store.own();
}
afterEach(() => {
  if (usualPlace === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = usualPlace;
  if (isRoot) mount('umount', '--lazy', place);
  rmdirSync(place);
});

function mount(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
}

/** Uses up every inode of the file system. */
function fill(): void {
  const directory = join(place, 'others');
  mkdirSync(directory);
  for (let number = 0; ; number += 1) {
    try {
      writeFileSync(join(directory, String(number)), '');
    } catch (error) {
      expect(errorCode(error)).toBe('ENOSPC');
      return;
    }
  }
}

const run = (...args: string[]) => prune([...args, '--config', store.config]);

describe.skipIf(!isRoot)('without one inode left where state and snapshots lie (needs root, to mount)', () => {
  it('prune, which gives some back, does its work', async () => {
    makeStore();
    fill();
    const { code, stderr } = await run(HOST);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('db: 7 removed') as string });
    expect(store.names('db')).toHaveLength(6);
    expect(readdirSync(join(store.root, '.trash'))).toEqual([]);
  });

  it('a dry run shows the plan and what it would free', async () => {
    makeStore();
    fill();
    const { code, stdout, stderr } = await run(HOST, '--dry-run');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/keep 3, remove 7; removing frees \d.* in 14 inodes/);
  });

  it('what is wrong reaches people, though it cannot be remembered', async () => {
    const told = join(place, 'told');
    writeFileSync(told, '');
    chmodSync(told, 0o666);
    const channel = `{ type: command, command: [/bin/sh, -c, 'cat >> "$0"', '${told}'] }`;
    makeStore({ hold: '{ max_removals: 2 }', alerts: `{ channels: { tell: ${channel} } }` });
    fill();
    const { code, stderr } = await run(HOST);
    expect(code).toBe(41);
    expect(stderr).toMatch(/What people have been told cannot be recorded.*no space/i);
    expect(readFileSync(told, 'utf8')).toContain('prune of web1/db is on hold');
  });
});
