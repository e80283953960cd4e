import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

let secondary: Secondary;
let primary: Primary;
const at = (name: string) => join(primary.directory, name);

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'postgres');
  await writeFile(join(primary.source, 'dump.sql'), 'a dump\n');
  await primary.secure();
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

const laterAt = (name: string) => () => at(name); // the primary is made later

/** Puts something else in a place while something is done, and then puts back what was there. */
async function inPlaceOf<T>(path: string, put: (path: string) => Promise<unknown>, act: () => Promise<T>): Promise<T> {
  await rename(path, `${path}.aside`);
  try {
    await put(path);
    return await act();
  } finally {
    await rm(path, { recursive: true, force: true });
    await rename(`${path}.aside`, path);
  }
}

describe('this host', () => {
  it.each([
    ['state', 'run'],
    ['run', 'run'],
    ['run', 'verify'],
    ['run', 'doctor'],
  ])(
    'has a file in the place of the directory %s: %s says so, and that it is no defect of ours',
    async (name, command) => {
      const end = await inPlaceOf(
        at(name),
        (path) => writeFile(path, ''),
        () => primary.call(command, 'postgres'),
      );
      const told = end.stdout + end.stderr;
      expect(end.code, told).toBe(2);
      expect(told).toMatch(new RegExp(`/${name} is no directory; a directory belongs there`));
      expect(told).not.toMatch(/^\s+at |bug in offsite-rsync/m);
      if (command === 'run') expect(end.alerts).toMatchObject([{ event: 'failure', exit_code: 2 }]);
      await primary.secure();
    },
  );

  it.each([
    [
      'a file in the place of',
      laterAt('state'),
      /state_dir: \/\S+\/state is no directory; a directory belongs there: move/,
    ],
    ['a file above', laterAt('state/deeper'), /state_dir: \/\S+\/deeper lies below something that is no directory/],
  ])('has %s state_dir: doctor names it in words', async (_, place, says) => {
    await primary.configure({ top: { state_dir: place() } });
    const end = await inPlaceOf(
      at('state'),
      (path) => writeFile(path, ''),
      () => primary.call('doctor'),
    );
    await primary.configure();
    expect(end.stdout).toMatch(says);
    expect(end.stdout + end.stderr).not.toMatch(/EEXIST|ENOTDIR|bug in offsite-rsync/);
    expect(end.code).not.toBe(0);
  });

  it('has a directory in the place of the lock: status tells of the runs that failed, though they could not write the state', async () => {
    await inPlaceOf(at('state/postgres@vault.lock'), mkdir, async () => {
      for (let run = 0; run < 2; run += 1) expect(await primary.call('run', 'postgres')).toMatchObject({ code: 2 });
    });
    const status = await primary.call('status');
    expect(status.code, status.stdout).toBe(2);
    expect(status.stdout).toMatch(/the last 2 runs failed: .*postgres@vault\.lock is a directory/);
    await primary.secure();
    expect(await primary.call('status')).toMatchObject({ code: 0 });
  });
});
