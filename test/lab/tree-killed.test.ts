import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TREE_PROGRAM } from '../../remote-scripts/gate/tree/tree-program.ts';
import { NOTES_HEADER } from '../../src/shared/notes.ts';
import { recordTree } from '../ssh/support/tree-record.ts';
import { dyingTree } from '../support/dying-tree.ts';

/*
 * What works on a tree is killed before each change that it makes. Then the next push follows as the gate serves it: the tree is made to share
 * nothing, rsync goes on in it, and the rest is linked. test/lab/gate-killed-tree does the same over ssh, with the gate and the client.
 */

// Some hundred programs are started.
vi.setConfig({ testTimeout: 240_000 });

let base: string;
const at = (...names: string[]) => join(base, ...names);
const put = (path: string, text = `content of ${path}`) => {
  mkdirSync(join(at(path), '..'), { recursive: true });
  writeFileSync(at(path), text);
};

function note(file: string, groups: readonly (readonly string[])[]): void {
  const noted = groups.flatMap(([first, ...others]) => [`=${first}`, ...others.map((name) => `+${name}`)]);
  writeFileSync(at(file), [NOTES_HEADER, '-gone', '-d/gone', ...noted].map((record) => `${record}\0`).join(''));
}

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'offsite-killed-'));
  for (const name of ['a', 'd/b', 'd/e/c', 'd/e/f', 'd/changed', 'gone', 'd/gone', 'x', 'crowded-1', 'crowded-2'])
    put(`source/${name}`);
  const setTimes = (time: string) =>
    execFileSync('find', [at('source'), '-exec', 'touch', '--no-dereference', '-d', time, '{}', '+']);
  const link = (name: string, to: string) => linkSync(at('source', name), at('source', to));
  link('x', 'd/x2');
  for (const name of ['d/plain', 'd/e/plain']) link('crowded-1', name);
  for (const name of ['d/crowded-3', 'crowded-4']) link('crowded-2', name);
  symlinkSync('a', at('source/link'));
  setTimes('2026-11-20 01:02:03.4');
  execFileSync('cp', ['-a', at('source'), at('basis')]);
  for (const name of ['gone', 'd/gone']) rmSync(at('source', name));
  put('source/d/changed', 'it has changed');
  link('x', 'd/crowded-y');
  execFileSync('touch', ['-d', '2026-11-21 01:02:03.4', ...['', 'd', 'd/changed'].map((name) => at('source', name))]);
  mkdirSync(at('tree'));
  const unchanged = [
    ['crowded-1', 'd/plain', 'd/e/plain'],
    ['crowded-2', 'd/crowded-3', 'crowded-4'],
  ];
  note('notes', [['x', 'd/crowded-y']]);
  // A client that goes on in the tree of an attempt names all groups.
  note('notes-again', [['x', 'd/x2', 'd/crowded-y'], ...unchanged]);
});
afterEach(() => rmSync(base, { recursive: true }));

/** Runs the program on the tree, in a group of its own. */
async function work(command: 'fill' | 'unshare', notes = 'notes'): Promise<{ code: number | null; told: string }> {
  const fds = ['tree', 'basis'].map((name) => openSync(at(name), 'r'));
  const words = command === 'fill' ? ['3', '4', at(notes), '1000000'] : ['3'];
  const program = ['-I', '-c', dyingTree(at('order')) + TREE_PROGRAM, command, ...words];
  const child = spawn('python3', program, { stdio: ['ignore', 'pipe', 'inherit', ...fds], detached: true });
  let told = '';
  child.stdout?.on('data', (text) => (told += String(text)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  for (const fd of fds) closeSync(fd);
  return { code, told };
}

/** As rsync works for a push with a basis. */
const send = () =>
  execFileSync('rsync', ['-rlptgoD', `--compare-dest=${at('basis')}/`, `${at('source')}/`, `${at('tree')}/`]);

const arm = (command: string, n: number, who: string) => writeFileSync(at('order'), `${command} ${n} ${who}`);
const disarm = () => {
  for (const name of ['order', 'order.count', 'order.died']) rmSync(at(name), { force: true });
};

/** Names of one file each, for files with more than one, within a tree. */
function groupsIn(tree: string): string[][] {
  const groups = new Map<number, string[]>();
  for (const name of readdirSync(at(tree), { recursive: true, encoding: 'utf8' }).sort()) {
    const { ino } = lstatSync(at(tree, name));
    groups.set(ino, [...(groups.get(ino) ?? []), name]);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

/** Everything of a tree, with the number of names of each file where it shares nothing. */
const linksOf = (tree: string) =>
  readdirSync(at(tree), { recursive: true, encoding: 'utf8' })
    .filter((name) => !lstatSync(at(tree, name)).isDirectory())
    .map((name) => `${name} ${lstatSync(at(tree, name)).nlink}`)
    .sort();

function expectAsSource(): void {
  expect(recordTree(at('tree'))).toEqual(recordTree(at('source')));
  expect(groupsIn('tree')).toEqual(groupsIn('source'));
}

/** The next push. */
async function pushAgain(): Promise<void> {
  expect(await work('unshare')).toMatchObject({ code: 0, told: '{}\n' });
  send();
  expect(await work('fill', 'notes-again')).toMatchObject({
    code: 0,
    told: expect.stringContaining('"linked"') as string,
  });
}

/** A dozen points, spread over all of them. */
const MOST = 12;

async function walk(command: 'fill' | 'unshare', prepare: () => Promise<void>): Promise<string[]> {
  const before = { basis: recordTree(at('basis')), links: linksOf('basis') };
  const fresh = async () => {
    rmSync(at('tree'), { recursive: true });
    mkdirSync(at('tree'));
    disarm();
    await prepare();
  };
  await fresh();
  arm(command, 1_000_000, 'program');
  expect((await work(command)).code).toBe(0);
  const steps = readFileSync(at('order.count')).length;
  const died: string[] = [];
  for (let n = 1; n <= steps; n += Math.max(1, Math.ceil(steps / MOST))) {
    await fresh();
    arm(command, n, 'program');
    expect((await work(command)).code).toBeNull();
    died.push(readFileSync(at('order.died'), 'utf8'));
    disarm();
    await pushAgain();
    expectAsSource();
    expect(recordTree(at('basis')), `pushed after ${n}`).toEqual(before.basis);
    rmSync(at('tree'), { recursive: true });
    expect(linksOf('basis')).toEqual(before.links);
    mkdirSync(at('tree'));
  }
  return died;
}

describe('the next push makes a whole tree, and the sealed snapshot stays as it was', () => {
  it('when what links was killed', async () => {
    const died = await walk('fill', async () => {
      send();
      for (const name of ['gone', 'd/gone']) put(`tree/${name}`);
      await Promise.resolve();
    });
    expect(new Set(died).size).toBeGreaterThan(3);
  });

  it('when what makes the tree share nothing was killed', async () => {
    await walk('unshare', async () => {
      send();
      await work('fill');
    });
  });
});

it('a process that links and is killed alone does not leave a tree that looks complete', async () => {
  for (let n = 1; n <= 9; n += 2) {
    rmSync(at('tree'), { recursive: true });
    mkdirSync(at('tree'));
    send();
    arm('fill', n, 'one');
    const { code } = await work('fill');
    // Where two make a change at once, neither may be the n-th.
    if (existsSync(at('order.died'))) expect(code, `killed at ${n}`).toBeNull();
    disarm();
  }
});
