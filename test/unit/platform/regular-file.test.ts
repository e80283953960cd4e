import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readlink, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendLine, writeFileAtomic } from '../../../src/platform/files.ts';
import { takeLock } from '../../../src/platform/kernel-lock.ts';
import { readRegularFile, UnfitFileError } from '../../../src/platform/regular-file.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-regular-'));
  path = join(directory, 'file');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const LIES_THERE: Readonly<Record<string, () => Promise<unknown>>> = {
  directory: () => mkdir(path),
  'named pipe': async () => Promise.resolve(execFileSync('mkfifo', [path])),
  'symbolic link': () => symlink('file', path),
};

describe.each(Object.entries(LIES_THERE))('where a %s lies in the place of a file', (kind, put) => {
  it.each([
    ['reading', () => readRegularFile(path, 100)],
    ['appending', () => appendLine(path, 'line')],
    ['locking', () => takeLock(path)],
  ])('%s says so at once', async (_, act) => {
    await put();
    await expect(act()).rejects.toThrow(UnfitFileError);
    await expect(act()).rejects.toThrow(new RegExp(`^${path} is .*${kind}.*move it away$`));
  });
});

it('a directory is not replaced by a file, and nothing is left beside it', async () => {
  await mkdir(path);
  await expect(writeFileAtomic(path, 'new')).rejects.toThrow(/file is a directory; a file belongs there/);
  expect(execFileSync('ls', ['-A', directory], { encoding: 'utf8' })).toBe('file\n');
});

it('a file of many times the size that makes sense is not read', async () => {
  await writeFile(path, '{}');
  expect(await readRegularFile(path, 100)).toBe('{}');
  await truncate(path, 600e6);
  await expect(readRegularFile(path, 1e6)).rejects.toThrow(
    /has 600000000 bytes, far more than it should ever need \(1000000\)/,
  );
});

it.each([
  ['a device', () => '/dev/null'],
  [
    'a pipe',
    () => {
      execFileSync('mkfifo', [join(directory, 'pipe')]);
      return join(directory, 'pipe');
    },
  ],
])('a link to %s, as /dev/stdout is, is not replaced', async (_, make) => {
  const target = make();
  await symlink(target, path);
  await expect(writeFileAtomic(path, 'new')).rejects.toThrow(
    /file is a (device|named pipe), which no file may replace/,
  );
  expect(await readlink(path)).toBe(target);
});

it.runIf(process.getuid?.() === 0)('a device is not replaced (needs root, to make one)', async () => {
  execFileSync('mknod', [path, 'c', '1', '3']);
  await expect(writeFileAtomic(path, 'new')).rejects.toThrow(/file is a device, which no file may replace/);
  expect((await stat(path)).isCharacterDevice()).toBe(true);
});
