import { mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeDirectories } from '../../../src/platform/files.ts';
import { must } from '../../support/processes.ts';

const place = () => mkdtempSync(join(tmpdir(), 'offsite-directories-'));

it('makes a chain of directories for this user alone, and leaves one that is there', async () => {
  const base = place();
  onTestFinished(() => rmSync(base, { recursive: true }));
  await makeDirectories(join(base, 'a/b'));
  await makeDirectories(Buffer.from(join(base, 'a/b')));
  expect(statSync(join(base, 'a/b')).mode & 0o7777).toBe(0o700);
});

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
