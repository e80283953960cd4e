import { mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { appendLine, makeDirectories, writeFileAtomic } from '../../../src/platform/files.ts';
import { must } from '../../support/processes.ts';

const place = () => mkdtempSync(join(tmpdir(), 'offsite-directories-'));

it('makes a chain of directories for this user alone, and leaves one that is there', async () => {
  const base = place();
  onTestFinished(() => rmSync(base, { recursive: true }));
  expect(await makeDirectories(join(base, 'a/b/'))).toBe(true);
  expect(await makeDirectories(Buffer.from(join(base, 'a/b')))).toBe(false);
  expect(statSync(join(base, 'a')).mode & 0o7777).toBe(0o700);
  expect(statSync(join(base, 'a/b')).mode & 0o7777).toBe(0o700);
});

it('ends where the kernel makes none, and where something else is in the way', async () => {
  const base = place();
  onTestFinished(() => rmSync(base, { recursive: true }));
  writeFileSync(join(base, 'file'), '');
  await expect(makeDirectories('/proc/offsite/rsync')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(makeDirectories(join(base, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeDirectories(join(base, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

it.skipIf(process.getuid?.() !== 0)(
  'a file that does not fit is named by whatever writes it (needs root, for a small disk)',
  async () => {
    const base = place();
    must('mount', '-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', base);
    onTestFinished(() => {
      must('umount', base);
      rmdirSync(base);
    });
    const path = join(base, 'file');
    for (const write of [writeFileAtomic, appendLine])
      await expect(write(path, 'x'.repeat(100_000))).rejects.toMatchObject({
        code: 'ENOSPC',
        message: expect.stringContaining(`'${path}'`) as string,
      });
  },
);

it.skipIf(process.getuid?.() !== 0)('says that a file system is read-only (needs root, to mount one)', async () => {
  const base = place();
  must('mount', '-t', 'tmpfs', '-o', 'ro,size=64k', 'tmpfs', base);
  onTestFinished(() => {
    must('umount', base);
    rmdirSync(base);
  });
  for (const name of ['a', 'a/b/c'])
    await expect(makeDirectories(join(base, name))).rejects.toMatchObject({ code: 'EROFS' });
});
