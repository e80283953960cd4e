import { execFileSync } from 'node:child_process';
import { link, mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary } from '../ssh/support/secondary.ts';

/*
 * bindfs shows a directory under another path, with the inode numbers that are there and one device number for all of it. Where two
 * file systems are mounted below, it so gives one number to two files. Both have two names each, as rsync only asks after such.
 */

const CONTENT = { one: 'content of one\n', two: 'content of two\n' };
const SAME_TIME = new Date(Math.floor(Date.now() / 1000 - 3600) * 1000);

describe.each(['rrsync', 'gate'] as const)('a source where two files have one inode number (%s)', (kind) => {
  let primary: Primary;
  let stored: (id: string, name: string) => string;
  const undo: (() => unknown)[] = [];

  beforeAll(async () => {
    const secondary = kind === 'gate' ? await startGateSecondary() : await startSecondary();
    undo.push(() => secondary.stop());
    primary = await makePrimary(secondary, 'db');
    undo.push(() => primary.stop());
    stored = (id, name) => secondary.path('db', id, name);
    await primary.configure({ target: { secondary: kind } });
    const below = join(primary.directory, 'below');
    for (const [name, content] of Object.entries(CONTENT)) {
      const directory = join(below, name);
      await mkdir(directory, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', 'offsite-test', directory]);
      undo.push(() => execFileSync('umount', [directory]));
      await writeFile(join(directory, 'a'), content);
      await link(join(directory, 'a'), join(directory, 'b'));
      await utimes(join(directory, 'a'), SAME_TIME, SAME_TIME);
    }
    await rm(primary.source, { recursive: true, force: true });
    await mkdir(primary.source);
    execFileSync('bindfs', [below, primary.source]);
    undo.push(() => execFileSync('umount', [primary.source]));
    const [one, two] = await Promise.all(['one/a', 'two/a'].map((name) => stat(join(primary.source, name))));
    expect([one?.dev, one?.ino, one?.size, one?.mtimeMs]).toEqual([two?.dev, two?.ino, two?.size, two?.mtimeMs]);
  });
  afterAll(async () => {
    for (const step of undo.reverse()) await step();
  });

  it('each keeps its own content, and that hard links are not kept is said with two names', async () => {
    const said = /not sent: hard links as such.*(one|two)\/[ab] and (one|two)\/[ab] have one inode number/;
    for (let run = 0; run < 2; run += 1) {
      const end = await primary.call('run', 'db');
      expect(end.code, end.stderr).toBe(0);
      expect(end.stderr).toMatch(said);
      const id = (await primary.history()).at(-1)?.snapshot as string;
      for (const [name, content] of Object.entries(CONTENT)) {
        for (const each of ['a', 'b']) expect(await readFile(stored(id, `${name}/${each}`), 'utf8')).toBe(content);
      }
    }
    const verified = await primary.call('verify', 'db');
    expect(verified.code, verified.stdout).toBe(0);
    expect(verified.stdout).toMatch(said);
  });

  it('one that was stored with the content of the other is found', async () => {
    const id = await primary.secure();
    await writeFile(stored(id, 'two/a'), CONTENT.one);
    await utimes(stored(id, 'two/a'), SAME_TIME, SAME_TIME);
    expect(await primary.call('verify', 'db')).toMatchObject({ code: 20 });
  });
});
