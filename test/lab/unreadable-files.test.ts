import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

let secondary: Secondary;
let primary: Primary;
const at = (name: string) => join(primary.source, name);

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'files', { ordinary: true });
  await mkdir(at('sub'));
  for (const name of ['small', 'locked', 'sub/file']) await writeFile(at(name), `${name}\n`);
  await primary.secure();
});

afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

const noted = async () => (await readdir(join(primary.state, 'jobs'))).filter((name) => name.includes('distrusted'));

/** A file that an ordinary user may not read says nothing about the secondary. */
describe.each([
  ['a file', 'locked', /locked\S*: Permission denied/],
  ['a directory', 'sub', /sub.*Permission denied/],
])('%s of the source that the account may not read', (_what, name, told) => {
  afterEach(async () => {
    await chmod(at(name), 0o755);
  });

  it.each([['verify'], ['run']])(
    'is never called corrupt by %s, and nothing is noted against the snapshot',
    async (command) => {
      const sealed = await secondary.sealed('files');
      await chmod(at(name), 0o000);
      const end = await primary.call(command, 'files');
      const said = end.stdout + end.stderr;
      expect([16, 17], said).toContain(end.code);
      expect(said).toMatch(told);
      expect(said).not.toMatch(/corrupt|do not trust|identical/i);
      expect(await noted()).toEqual([]);
      expect(await secondary.sealed('files')).toEqual(sealed);
    },
  );
});

describe('a file that may not be read, where only what was sent is compared', () => {
  afterEach(() => chmod(at('locked'), 0o644));

  it('is told all the same when a run has to send it', async () => {
    await primary.configure({ job: { verify: { mode: 'changed' } } });
    await primary.secure();
    await writeFile(at('locked'), 'another content\n');
    await chmod(at('locked'), 0o000);
    const end = await primary.call('run', 'files');
    expect(end.code, end.stderr).toBe(17);
    expect(end.stderr).toMatch(/locked.*Permission denied/);
    expect(await noted()).toEqual([]);
    await primary.configure();
  });
});

it('damage elsewhere is still found beside it, and the file is not counted with it', async () => {
  await primary.secure();
  const [id = ''] = (await secondary.sealed('files')).slice(-1);
  const stored = secondary.path('files', id, 'small');
  const content = await readFile(stored, 'utf8');
  expect(content).toBe('small\n');
  await chmod(at('locked'), 0o000);
  await rm(stored);
  // A run that secures the source takes back that the damage was noted.
  onTestFinished(async () => {
    await primary.secure();
  });
  const end = await primary.call('verify', 'files');
  await chmod(at('locked'), 0o644);
  expect(end.code, end.stdout).toBe(20);
  expect(end.stdout).toMatch(
    /1 missing.*\(small: not on the secondary.*cannot read all of its own source: locked: Permission denied/,
  );
  expect(end.stdout).toMatch(/every file read on both sides, but for 1 that this host cannot read/);
  expect(end.stdout).not.toMatch(/locked: content/);
});
