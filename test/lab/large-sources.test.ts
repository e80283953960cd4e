import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePrimary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

// Whatever else the machine does: what is looked at here is not how long it takes.
const PATIENT = { target: { io_timeout: '2m' }, job: { deadline: '10m' } };

let secondary: Secondary;

beforeAll(async () => {
  secondary = await startSecondary();
});

afterAll(() => secondary.stop());

it(
  'one file of 2 GiB is sent, verified, resumed after a cut, and linked the next time',
  { timeout: 300_000 },
  async () => {
    const primary = await makePrimary(secondary, 'one-large');
    await primary.configure(PATIENT);
    const path = join(primary.source, 'large.dump');
    const file = await open(path, 'w');
    await file.truncate(2 * 1024 ** 3);
    // A hole for the most part, so that it fits everywhere, with something in it that has to be sent.
    for (const at of [0, 1024 ** 3, 2 * 1024 ** 3 - 8 * 1024 ** 2])
      await file.write(randomBytes(8 * 1024 ** 2), 0, undefined, at);
    await file.close();
    secondary.line.after(4 * 1024 ** 2, () => secondary.line.cut());
    const cut = await primary.call('run', 'one-large');
    expect(cut.code, cut.stderr).toBe(12);
    const id = await primary.secure();
    expect((await stat(secondary.path('one-large', id, 'large.dump'))).size).toBe(2 * 1024 ** 3);
    await primary.secure();
    expect((await primary.history()).at(-1)).toMatchObject({
      bytes: 2 * 1024 ** 3,
      transfer: { linkedFiles: 1, changedFiles: 0 },
    });
    await primary.stop();
  },
);

it(
  '100,000 files are sent, verified, and linked the next time; one changed one is found among them',
  { timeout: 1_200_000 },
  async () => {
    const primary = await makePrimary(secondary, 'many');
    for (let directory = 0; directory < 100; directory += 1) {
      const path = join(primary.source, `d${directory}`);
      await mkdir(path);
      for (let name = 0; name < 1000; name += 100) {
        await Promise.all(
          Array.from({ length: 100 }, (_, n) => writeFile(join(path, `f${name + n}`), `${directory} ${name + n}\n`)),
        );
      }
    }
    await primary.configure(PATIENT);
    await primary.secure();
    expect((await primary.history()).at(-1)).toMatchObject({ files: 100_000, transfer: { newFiles: 100_000 } });
    await writeFile(join(primary.source, 'd42/f42'), 'changed\n');
    const id = await primary.secure();
    expect((await primary.history()).at(-1)).toMatchObject({
      transfer: { newFiles: 0, changedFiles: 1, linkedFiles: 99_999, copiedFiles: 0 },
      warnings: [],
    });
    expect(await readFile(secondary.path('many', id, 'd42/f42'), 'utf8')).toBe('changed\n');
    await primary.stop();
  },
);

it('50,000 names of one file stay one file', { timeout: 300_000 }, async () => {
  const primary = await makePrimary(secondary, 'hard-links');
  await primary.configure(PATIENT);
  await writeFile(join(primary.source, 'f0'), 'one content\n');
  for (let n = 1; n < 50_000; n += 1) await link(join(primary.source, 'f0'), join(primary.source, `f${n}`));
  const id = await primary.secure();
  expect((await stat(secondary.path('hard-links', id, 'f49999'))).nlink).toBe(50_000);
  await rm(primary.source, { recursive: true });
  await primary.stop();
});
