import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { formatSumLine } from '../../../src/manifests/sum-line.ts';
import { checkManifest } from '../../../src/restore/check-manifest.ts';

let directory: string;
const at = (name: string) => join(directory, name);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-manifest-'));
  mkdirSync(at('tree/sub/deep'), { recursive: true });
  writeFileSync(at('tree/file'), 'text');
  writeFileSync(at('tree/sub/deep/file'), 'deep');
  writeFileSync(at('secret'), 'secret');
  symlinkSync(directory, at('tree/link'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const line = (name: string, text: string) =>
  formatSumLine({ name, digest: createHash('sha256').update(text).digest('hex') });
const FILE = line('file', 'text');
const DEEP = line('sub/deep/file', 'deep');

function check(manifest: string | undefined) {
  if (manifest !== undefined) writeFileSync(at('manifest'), manifest, 'latin1');
  return checkManifest({
    ...{ manifest: at('manifest'), tree: at('tree'), wanted: () => true },
    ...{ signal: new AbortController().signal, onProgress: () => undefined },
  });
}

it('counts the lines of regular files, and not those of links', async () => {
  const manifest = `${FILE}${line('link', directory)}${DEEP}`;
  expect(await check(manifest)).toEqual({ files: 3, damaged: [], missing: [], unread: 0, regular: 2 });
  expect(await check('')).toMatchObject({ files: 0, regular: 0 });
  expect(await check(FILE)).toMatchObject({ damaged: [], missing: [], regular: 1 });
});

it.each([
  ['leads out', `${line('../secret', 'secret')}${FILE}`],
  ['leads out below', `${FILE}${line('sub/../../secret', 'secret')}`],
  ['leads through a link', `${FILE}${line('link/secret', 'secret')}`],
  ['leads through a link, and deeper', `${FILE}${line('link/tree/sub/deep/file', 'deep')}`],
  ['names a file twice', `${line('./file', 'text')}${FILE}`],
  ['names a file twice, below', `${FILE}${line('sub//deep/file', 'deep')}`],
  ['ends in a slash', line('file/', 'text')],
  ['names no path', line('a\0b', 'text')],
  ['is cut', FILE.slice(0, -3)],
])('says nothing when it %s', async (_, manifest) => {
  expect(await check(manifest)).toBeUndefined();
});

it('says nothing when it is not there, or no file', async () => {
  expect(await check(undefined)).toBeUndefined();
  symlinkSync(at('secret'), at('manifest'));
  expect(await check(undefined)).toBeUndefined();
  rmSync(at('manifest'));
  mkdirSync(at('manifest'));
  expect(await check(undefined)).toBeUndefined();
});

it('misses what cannot be there, such as a name that is too long', async () => {
  const long = 'x'.repeat(300);
  expect(await check(`${FILE}${line('file/below', 'x')}${line(long, 'x')}`)).toMatchObject({
    missing: ['file/below', long],
  });
});
