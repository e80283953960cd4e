import { readFileSync } from 'node:fs';
import { open, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mountFailingDisk, type FailingDisk } from '../ssh/support/failing-disk.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

const MIB = 1024 * 1024;

let secondary: Secondary;
let primary: Primary;
let disk: FailingDisk;
const content = randomBytes(3 * MIB);
const dump = () => join(primary.source, 'db.dump');

/** rsync takes blocks that cannot be read as zeros, and says so only where it sends them. */
describe.skipIf(process.getuid?.() !== 0)('blocks of the source that cannot be read (needs root, for a disk)', () => {
  beforeEach(async () => {
    secondary = await startSecondary();
    primary = await makePrimary(secondary, 'files');
    disk = await mountFailingDisk(primary.source);
    await writeFile(join(primary.source, 'small'), 'readable\n');
    await writeFile(dump(), content);
    await primary.configure({ job: { retry: { attempts: 3, delay: '100ms' } } });
    return async () => {
      await disk.stop();
      await primary.stop();
      await secondary.stop();
    };
  });

  afterEach(async () => {
    // Whatever was sealed holds the content, and never zeros in its place.
    for (const id of await secondary.sealed('files')) {
      expect(content.equals(readFileSync(secondary.path('files', id, 'db.dump'))), `content of ${id}`).toBe(true);
    }
  });

  const noted = async () => (await readdir(join(primary.state, 'jobs'))).filter((name) => name.includes('distrusted'));

  async function expectReadError(): Promise<void> {
    const before = await secondary.sealed('files');
    const end = await primary.call('run', 'files');
    expect(end.code, end.stderr).toBe(17);
    expect(end.stderr).toMatch(/db\.dump\S*: Input\/output error/);
    expect(end.stderr).not.toMatch(/corrupt/i);
    expect(end.alerts).toMatchObject([{ event: 'failure', exit_code: 17 }]);
    expect(end.alerts[0]?.body).toMatch(/db\.dump\S*: Input\/output error/);
    // A broken disk does not mend itself while we wait, and each attempt would send all anew.
    expect((await primary.history()).at(-1)).toMatchObject({ attempts: 1, snapshot: null });
    expect(await noted()).toEqual([]);
    expect((await primary.jobState()).broken).toBe(null);
    expect(await secondary.sealed('files')).toEqual(before);
  }

  it('of a file sent before: no night seals it, and the secondary is not called corrupt', async () => {
    await primary.secure();
    await disk.fail(dump(), 2 * MIB);
    await expectReadError();
    await expectReadError();
    const verified = await primary.call('verify', 'files');
    expect(verified.code, verified.stdout + verified.stderr).toBe(17);
    expect(verified.stdout).toMatch(/db\.dump\S*: Input\/output error/);
    expect(verified.stdout + verified.stderr).not.toMatch(/corrupt|identical/i);
    expect(await noted()).toEqual([]);

    await disk.heal();
    await primary.secure();
    expect(await primary.call('verify', 'files')).toMatchObject({ code: 0 });
  });

  it('of a file never sent: nothing of it is a basis, even where the bases are compared by checksum', async () => {
    await disk.fail(dump(), MIB);
    await expectReadError();
    await writeFile(join(primary.state, 'jobs/files@vault.distrusted'), '');
    const end = await primary.call('run', 'files');
    expect(end.code, end.stderr).toBe(17);
    expect(await secondary.sealed('files')).toEqual([]);
    await disk.heal();
    await primary.secure();
  });

  it('of a file whose zeros a snapshot holds already: verify does not call that identical', async () => {
    const id = await primary.secure();
    const stored = secondary.path('files', id, 'db.dump');
    const { atime, mtime } = await stat(stored);
    await disk.fail(dump(), 2 * MIB);
    const file = await open(stored, 'r+');
    try {
      await file.write(Buffer.alloc(MIB), 0, MIB, 2 * MIB);
      await utimes(stored, atime, mtime);
      const verified = await primary.call('verify', 'files');
      expect(verified.code, verified.stdout + verified.stderr).toBe(17);
      expect(verified.stdout).toMatch(/db\.dump\S*: Input\/output error/);
      await expectReadError();
    } finally {
      await file.write(content, 2 * MIB, MIB, 2 * MIB);
      await file.close();
    }
    expect(content.equals(await readFile(stored))).toBe(true);
  });
});
