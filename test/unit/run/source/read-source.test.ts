import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import type { ProcessEnd } from '../../../../src/platform/process.ts';
import { readSource, type SourceSpec } from '../../../../src/run/source/read-source.ts';

const directory = mkdtempSync(join(tmpdir(), 'offsite-walk-'));
afterAll(() => rmSync(directory, { recursive: true }));

const spec: SourceSpec = {
  source: directory,
  exclude: [],
  oneFileSystem: false,
  closely: false,
  inUnit: false,
  oldBefore: undefined,
  notAfter: new Date(),
  environment: {},
  signal: new AbortController().signal,
  stallMs: 1000,
};

/** A walk whose rsync ends like this. */
const walkThatEnds = (end: ProcessEnd) => readSource(spec, () => Promise.resolve(end));

it.each<[string, ProcessEnd]>([
  [
    'a part of rsync was',
    { kind: 'exited', code: 12, stderrTail: 'rsync error: error in rsync protocol data stream (code 12)' },
  ],
  ['rsync was', { kind: 'signalled', signal: 'SIGKILL', stderrTail: '' }],
])('a walk of which %s killed points at this host, not at the backup', async (_, end) => {
  expect(await walkThatEnds(end)).toMatchObject({
    kind: 'unreadable',
    reason: expect.stringContaining(`the source ${directory} cannot be read in full`) as string,
    advice: expect.stringMatching(/Something on this host ended rsync.*Then run again/) as string,
  });
});

it.each<[string, ProcessEnd]>([
  [
    'could not read a directory',
    { kind: 'exited', code: 23, stderrTail: 'rsync: opendir "/x" failed: Permission denied (13)' },
  ],
  ['hangs (a file server that does not answer)', { kind: 'stalled', afterMs: 600_000, stderrTail: '' }],
])('a walk that %s says nothing of the kind', async (_, how) => {
  const end = await walkThatEnds(how);
  expect(end).toMatchObject({ kind: 'unreadable' });
  expect(JSON.stringify(end)).not.toMatch(/ended rsync/);
});

it('a source that cannot be walked comes with what helps, which is never --force', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'offsite-source-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'dump.sql');
  writeFileSync(file, '');
  const walk = async (source: string) =>
    readSource({ ...spec, source }, () => Promise.reject(new Error('not started')));
  expect(await walk(file)).toMatchObject({
    reason: `the source ${file} is not a directory`,
    advice: expect.stringContaining('Name the directory in') as string,
  });
  expect(await walk(join(directory, 'gone'))).toMatchObject({
    advice: expect.stringContaining('is mounted, or correct source') as string,
  });
  const denied = {
    kind: 'exited',
    code: 23,
    stderrTail: 'rsync: opendir "/x" failed: Permission denied (13)',
  } as const;
  expect(await walkThatEnds(denied)).toMatchObject({
    advice: expect.stringContaining('such as root, or leave it out with exclude') as string,
  });
});
