import { chmod, link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { runProcess, type RunProcess } from '../../../src/platform/process.ts';
import { readThrough } from '../../../src/verify/read-through.ts';

let source: string;

beforeEach(async () => {
  source = await mkdtemp(join(tmpdir(), 'offsite-read-'));
  return () => rm(source, { recursive: true, force: true });
});

const spec = () => ({
  source,
  exclude: ['/left-out'],
  environment: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
  signal: new AbortController().signal,
  stallMs: 60_000,
});

/** The real programs; of tar, what it says is a disk's that we do not have. */
function withTarSaying(lines: readonly string[], code = 2): RunProcess {
  return async (wanted) => {
    if (wanted.program !== 'tar') return runProcess(wanted);
    await runProcess(wanted);
    for (const line of lines) wanted.onStderrLine?.(line);
    return { kind: 'exited', code, stderrTail: lines.join('\n') };
  };
}

it('a source of which all can be read is read, whatever its files are called', async () => {
  await mkdir(join(source, 'sub'));
  for (const name of ['a\nb', 'sub/c: d\\e', '--checkpoint-action', '-C', 'ä', '\\#101', 'x'.repeat(255)])
    await writeFile(join(source, name), name);
  await writeFile(Buffer.concat([Buffer.from(`${source}/`), Buffer.of(0xff, 0x0a)]), 'no UTF-8');
  await link(join(source, 'ä'), join(source, 'second name'));
  expect(await readThrough(spec(), runProcess)).toEqual({ kind: 'read', unreadable: [], files: 9, gone: 0 });
});

it('an empty source is read', async () => {
  expect(await readThrough(spec(), runProcess)).toEqual({ kind: 'read', unreadable: [], files: 0, gone: 0 });
});

it.skipIf(process.getuid?.() === 0)('a file without permission is named (root may read everything)', async () => {
  await writeFile(join(source, 'a\nb'), 'secret');
  await chmod(join(source, 'a\nb'), 0o000);
  expect(await readThrough(spec(), runProcess)).toEqual({
    kind: 'read',
    unreadable: [{ name: 'a\\#012b', reason: 'Permission denied' }],
    files: 1,
    gone: 0,
  });
});

it('what tar could not read is named as rsync would name it; what has gone is not', async () => {
  await writeFile(join(source, 'there'), 'x');
  const run = withTarSaying([
    'tar: sub/c\\: d\\\\e\\303\\244: Read error at byte 8192, while reading 512 bytes: Input/output error',
    'tar: locked: Cannot open: Permission denied',
    'tar: gone: Cannot stat: No such file or directory',
    'tar: there: file changed as we read it',
    'tar: Exiting with failure status due to previous errors',
  ]);
  expect(await readThrough(spec(), run)).toEqual({
    kind: 'read',
    unreadable: [
      { name: 'sub/c: d\\e\\#303\\#244', reason: 'Input/output error' },
      { name: 'locked', reason: 'Permission denied' },
    ],
    files: 0,
    gone: 1,
  });
});

it('a file that was cut short while it was read is no read error', async () => {
  await writeFile(join(source, 'there'), 'x');
  const run = withTarSaying(['tar: there: File shrank by 7 bytes; padding with zeros'], 1);
  expect(await readThrough(spec(), run)).toEqual({ kind: 'read', unreadable: [], files: 1, gone: 0 });
});

it.each([
  ['another tar', ['tar: unrecognized option: files-from'], 1 + 1],
  ['one that looked elsewhere', ['tar: there: Cannot stat: No such file or directory'], 2],
  ['one that was killed', [], 137],
])('%s has read nothing, and that is said', async (_, lines, code) => {
  await writeFile(join(source, 'there'), 'x');
  expect(await readThrough(spec(), withTarSaying(lines, code))).toMatchObject({ kind: 'failed' });
});

it('names that are given are read without listing the source; how many of them exist is said', async () => {
  await writeFile(join(source, 'there'), 'x');
  await writeFile(join(source, 'a\nb'), 'x');
  await writeFile(join(source, 'not given'), 'x');
  const programs: string[] = [];
  const run: RunProcess = (wanted) => {
    programs.push(wanted.program);
    return runProcess(wanted);
  };
  async function* files() {
    yield await Promise.resolve(['there', 'a\\#012b']);
    yield await Promise.resolve(['gone']);
  }
  expect(await readThrough({ ...spec(), files: files() }, run)).toEqual({
    kind: 'read',
    unreadable: [],
    files: 2,
    gone: 1,
  });
  expect(programs).toEqual(['tar']);
});

it('what is left out is not read', async () => {
  await writeFile(join(source, 'left-out'), 'x');
  await writeFile(join(source, 'there'), 'x');
  const names: string[] = [];
  const run: RunProcess = async (wanted) => {
    if (wanted.program !== 'tar' || typeof wanted.input !== 'object') return runProcess(wanted);
    for await (const chunk of wanted.input) names.push(...String(chunk).split('\0').filter(Boolean));
    return { kind: 'exited', code: 0, stderrTail: '' };
  };
  await readThrough(spec(), run);
  expect(names).toEqual(['there']);
});
