import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync as isThere, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateSecondary, type GateSecondary } from './support/gate-secondary.ts';
import { makePrimary, type Primary } from './support/primary.ts';

/*
 * rsync takes options from files that we do not write: popt reads aliases from ~/.popt and /etc/popt. Whatever leaves a file out
 * of a push leaves it out of the verification too, so that both agree; the walk of the source tells.
 */

let secondary: GateSecondary;
let primary: Primary;

beforeAll(async () => {
  secondary = await startGateSecondary();
  primary = await makePrimary(secondary, 'db');
  await primary.configure({ target: { secondary: 'gate' } });
  // The canary takes the smallest files, and the last are too many for it to meet one that is left out.
  for (const name of ['a.sql', 'b.sql']) await writeFile(join(primary.source, name), `${name}\n`.repeat(100));
  for (let index = 0; index < 6; index++) await writeFile(join(primary.source, `${index}.txt`), 'text\n');
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

describe('an alias for rsync in the home directory', () => {
  afterEach(() => rm(join(primary.directory, '.popt'), { force: true }));

  it('leaves nothing out of a run or a verification', async () => {
    await writeFile(
      join(primary.directory, '.popt'),
      ['--numeric-ids', '--dry-run', '--list-only']
        .map((word) => `rsync alias ${word} ${word} --exclude=*.sql\n`)
        .join(''),
    );
    const id = await primary.secure();
    expect(await readFile(secondary.path('db', id, 'a.sql'), 'utf8')).toHaveLength(600);
    expect(await primary.call('verify')).toMatchObject({ code: 0 });
    expect((await primary.history()).at(-1)).toMatchObject({ files: 8 });
  });
});

describe('an rsync that sees less of the source when it sends than when it lists', () => {
  const path = () => join(primary.directory, 'bin');
  let before: string;

  // A fake: it stands in for an alias in /etc/popt, which would be one for every program of this machine.
  beforeEach(async () => {
    before = primary.environment.PATH ?? '';
    mkdirSync(path(), { recursive: true });
    const words = '#!/bin/sh\ncase " $* " in *" --list-only "*) ;; *) set -- --exclude=*.sql "$@";; esac\n';
    await writeFile(
      join(path(), 'rsync'),
      `${words}exec ${
        before
          .split(':')
          .map((one) => join(one, 'rsync'))
          .find(isThere) ?? ''
      } "$@"\n`,
    );
    await chmod(join(path(), 'rsync'), 0o755);
    primary.environment.PATH = `${path()}:${before}`;
  });
  afterEach(() => {
    primary.environment.PATH = before;
  });

  it('seals nothing, and says how many files are missing', async () => {
    const sealed = await secondary.sealed('db');
    const end = await primary.call('run', 'db');
    expect(end.code, end.stderr).toBe(17);
    expect(end.stderr).toMatch(/the source holds 8 files, and rsync has sent and compared 6/);
    expect(await secondary.sealed('db')).toEqual(sealed);
    expect(end.alerts.map(({ event }) => event)).toContain('failure');
  });

  it('does not verify what is there as identical', async () => {
    const end = await primary.call('verify', 'db');
    expect(end.code, end.stdout).toBe(17);
    expect(end.stdout).toMatch(/the source holds 8 files, and rsync has compared 6/);
  });

  it('with verify.mode: changed too', async () => {
    const changed = { verify: { mode: 'changed' }, retry: { attempts: 1 }, guard: { max_shrink: 'off' } };
    await primary.configure({ target: { secondary: 'gate' }, job: changed });
    const fewer = primary.environment.PATH ?? '';
    primary.environment.PATH = before;
    await primary.secure();
    primary.environment.PATH = fewer;
    expect(await primary.call('run', 'db')).toMatchObject({
      code: 17,
      stderr: expect.stringMatching(/the source holds 8 files, and rsync has sent 6:/) as string,
    });
  });
});
