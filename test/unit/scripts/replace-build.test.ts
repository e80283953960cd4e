import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replaceBuild } from '../../../scripts/replace-build.mjs';

let base: string;
let dist: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'offsite-build-'));
  dist = join(base, 'dist');
});
afterEach(() => rmSync(base, { recursive: true }));

/** A build whose program names the part that it loads, as hashed names do. */
function build(version: string) {
  const fresh = mkdtempSync(join(base, 'fresh-'));
  for (const [path, text] of [
    ['cli.js', `chunk-${version}.js`],
    ['common.js', 'the same in each'],
    ['remote/gate.mjs', `gate-${version}.mjs`],
    [`chunk-${version}.js`, version],
    [`remote/parts/gate-${version}.mjs`, version],
  ] as const) {
    mkdirSync(dirname(join(fresh, path)), { recursive: true });
    writeFileSync(join(fresh, path), text);
  }
  replaceBuild(fresh, dist, ['cli.js', 'remote/gate.mjs']);
}
const present = () =>
  readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.m?js$/.test(path))
    .sort();

it('makes the first build, where nothing was', () => {
  build('a');
  expect(present()).toEqual(['chunk-a.js', 'cli.js', 'common.js', 'remote/gate.mjs', 'remote/parts/gate-a.mjs']);
});

it('keeps the parts of the build before for the programs that are running, and no older ones', () => {
  build('a');
  build('b');
  expect(readFileSync(join(dist, 'cli.js'), 'utf8')).toBe('chunk-b.js');
  expect(present()).toEqual(expect.arrayContaining(['chunk-a.js', 'chunk-b.js', 'remote/parts/gate-a.mjs']));
  build('c');
  expect(present()).toEqual([
    'chunk-b.js',
    'chunk-c.js',
    'cli.js',
    'common.js',
    'remote/gate.mjs',
    'remote/parts/gate-b.mjs',
    'remote/parts/gate-c.mjs',
  ]);
});

it('keeps a part that a later build has again', () => {
  for (const version of ['a', 'b', 'a']) build(version);
  expect(present()).toEqual(expect.arrayContaining(['chunk-a.js', 'chunk-b.js']));
  build('a');
  expect(present()).toEqual(['chunk-a.js', 'cli.js', 'common.js', 'remote/gate.mjs', 'remote/parts/gate-a.mjs']);
});
