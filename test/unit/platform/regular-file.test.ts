import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
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
