import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';

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

  beforeEach(() => {
    before = primary.environment.PATH ?? '';
  });
  afterEach(() => {
    primary.environment.PATH = before;
  });

  /** A fake: it stands in for an alias in /etc/popt, which would be one for every program of this machine. */
  async function adding(option: string): Promise<void> {
    mkdirSync(path(), { recursive: true });
    const words = `#!/bin/sh\ncase " $* " in *" --list-only "*) ;; *) set -- "$@" ${option};; esac\n`;
    const real = before
      .split(':')
      .map((one) => join(one, 'rsync'))
      .find((file) => existsSync(file));
    await writeFile(join(path(), 'rsync'), `${words}exec ${real ?? ''} "$@"\n`);
    await chmod(join(path(), 'rsync'), 0o755);
    primary.environment.PATH = `${path()}:${before}`;
  }

  it('seals nothing, and says how many files are missing', async () => {
    await adding("'--exclude=*.sql'");
    const sealed = await secondary.sealed('db');
    const end = await primary.call('run', 'db');
    expect(end.code, end.stderr).toBe(17);
    expect(end.stderr).toMatch(/the source holds 8 files, and rsync has compared 6/);
    expect(await secondary.sealed('db')).toEqual(sealed);
    expect(end.alerts.map(({ event }) => event)).toContain('failure');
  });

  it('does not verify what is there as identical', async () => {
    await adding("'--exclude=*.sql'");
    const end = await primary.call('verify', 'db');
    expect(end.code, end.stdout).toBe(17);
    expect(end.stdout).toMatch(/the source holds 8 files, and rsync has compared 6/);
  });

  it('with verify.mode: changed too', async () => {
    const changed = { verify: { mode: 'changed' }, retry: { attempts: 1 }, guard: { max_shrink: 'off' } };
    await primary.configure({ target: { secondary: 'gate' }, job: changed });
    await primary.secure();
    await adding("'--exclude=*.sql'");
    expect(await primary.call('run', 'db')).toMatchObject({
      code: 17,
      stderr: expect.stringMatching(/the source holds 8 files, and rsync has compared 6:/) as string,
    });
  });

  it.each([
    ["'--exclude=/latest'", 'the source holds 1 symbolic link, and rsync has compared 0'],
    ["'--exclude=/empty/'", 'the source holds 2 directories, and rsync has compared 1'],
    [
      "'--exclude=/latest' '--exclude=a.sql'",
      'the source holds 8 files and 1 symbolic link, and rsync has compared 7 and 0',
    ],
  ])('for symbolic links and directories too: %s', async (option, told) => {
    await primary.configure({ target: { secondary: 'gate' } });
    await mkdir(join(primary.source, 'empty'), { recursive: true });
    await symlink('0.txt', join(primary.source, 'latest')).catch(() => undefined);
    const id = await primary.secure();
    expect(existsSync(secondary.path('db', id, 'empty'))).toBe(true);
    const sealed = await secondary.sealed('db');
    await adding(option);
    const ends = [await primary.call('run', 'db'), await primary.call('verify', 'db')];
    expect(
      ends.map(({ code }) => code),
      ends[0]?.stderr,
    ).toEqual([17, 17]);
    expect(ends[0]?.stderr).toContain(told);
    expect(await secondary.sealed('db')).toEqual(sealed);
  });
});
