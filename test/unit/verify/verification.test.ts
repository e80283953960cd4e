import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { runProcess, type RunProcess } from '../../../src/platform/process.ts';
import type { Wire } from '../../../src/rsync/arguments.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { verifySnapshot } from '../../../src/verify/verification.ts';

const WIRE: Wire = {
  ...{ remoteShell: ['ssh'], alias: 'vault', secondary: 'gate', metadata: 'fake_super', hardLinks: true },
  ...{ compress: false, timeoutSeconds: 60, stallMs: 60_000 },
};

let source: string;

beforeEach(async () => {
  source = await mkdtemp(join(tmpdir(), 'offsite-verify-'));
  await writeFile(join(source, 'old'), 'x');
  await writeFile(join(source, 'new'), 'x');
  return () => rm(source, { recursive: true, force: true });
});

/** The real programs; of the comparison, what rsync says of two files that are equal on both sides. */
async function readBy(files: readonly string[]): Promise<string[]> {
  const read: string[] = [];
  const run: RunProcess = async (wanted) => {
    if (wanted.program === 'tar' && typeof wanted.input === 'object') {
      for await (const chunk of wanted.input) read.push(...String(chunk).split('\0').filter(Boolean));
      return { kind: 'exited', code: 0, stderrTail: '' };
    }
    if (wanted.args.includes('--list-only')) return runProcess(wanted);
    for (const line of ['Number of files: 3 (reg: 2, dir: 1)', 'Total file size: 2 bytes']) wanted.onStdoutLine?.(line);
    return { kind: 'exited', code: 0, stderrTail: '' };
  };
  async function* names() {
    yield await Promise.resolve(files);
  }
  const id = parseSnapshotId('2026-11-23T021500Z');
  if (id === undefined) throw new Error('not an id');
  await verifySnapshot(
    {
      wire: WIRE,
      tree: { source, job: 'job', id, exclude: [] },
      witnesses: { since: new Date() },
      files: names,
      directory: join(source, 'none'),
      environment: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
      signal: new AbortController().signal,
    },
    run,
  );
  return read;
}

it('what was pushed is read, without listing the source again', async () => {
  expect(await readBy(['old', 'new'])).toEqual(['old', 'new']);
});

it('where the source has more files than were pushed, it is listed, and all of it is read', async () => {
  expect((await readBy(['old'])).slice(1).sort()).toEqual(['new', 'old']);
});
