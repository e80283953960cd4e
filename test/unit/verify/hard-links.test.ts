import { chmod, copyFile, link, mkdir, mkdtemp, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { runProcess } from '../../../src/platform/process.ts';
import type { Depth, Wire } from '../../../src/rsync/arguments.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { verifySnapshot } from '../../../src/verify/verification.ts';

/*
 * What the comparison says of hard links that are missing on the secondary, by real rsync on both sides: a script in the place of ssh starts
 * the far one here.
 */

let directory: string;
let source: string;
let stored: string;
const id = parseSnapshotId('2026-11-23T021500Z')!;
const THEN = new Date('2026-11-20T10:00:00Z');
const LONG_AFTER = new Date('2100-01-01T00:00:00Z');
const NAMES = ['a', 'b', 'sub/c'];

async function date(root: string): Promise<void> {
  for (const name of [...NAMES, 'other', 'sub', '']) await utimes(join(root, name), THEN, THEN);
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-links-'));
  source = join(directory, 'source');
  stored = join(directory, 'store/db', id);
  for (const root of [source, stored]) {
    await mkdir(join(root, 'sub'), { recursive: true });
    await writeFile(join(root, 'a'), 'content\n');
    for (const name of ['b', 'sub/c']) await link(join(root, 'a'), join(root, name));
    await writeFile(join(root, 'other'), 'other\n');
    await date(root);
  }
  await writeFile(join(directory, 'shell'), `#!/bin/sh\nshift\ncd ${directory}/store && exec "$@"\n`);
  await chmod(join(directory, 'shell'), 0o755);
  return () => rm(directory, { recursive: true, force: true });
});

/** Makes a name on the secondary a file of its own. */
async function unlink(name: string, content?: string): Promise<void> {
  await copyFile(join(stored, name), join(stored, '.copy'));
  if (content !== undefined) await writeFile(join(stored, '.copy'), content);
  await chmod(join(stored, '.copy'), (await stat(join(stored, name))).mode & 0o7777);
  await rename(join(stored, '.copy'), join(stored, name));
  await date(stored);
}

async function compare(spec: { depth?: Depth; since?: Date; wire?: Partial<Wire> } = {}) {
  const verified = await verifySnapshot(
    {
      wire: {
        remoteShell: [join(directory, 'shell')],
        alias: 'vault',
        secondary: 'gate',
        metadata: 'plain',
        hardLinks: true,
        compress: false,
        timeoutSeconds: 30,
        stallMs: 30_000,
        ...spec.wire,
      },
      tree: { source, job: 'db', id, exclude: [] },
      witnesses: { since: spec.since ?? LONG_AFTER, foreignClock: false },
      part: spec.depth === undefined ? {} : { depth: spec.depth },
      directory: join(directory, 'stand-ins'),
      environment: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
      signal: new AbortController().signal,
    },
    runProcess,
  );
  if (verified.kind !== 'compared') throw new Error(JSON.stringify(verified));
  const { comparison, verdict } = verified;
  return { verdict, told: comparison.differences.map(({ kind, name, what }) => `${kind} ${name} ${what}`) };
}

describe('a hard link that the secondary does not have', () => {
  it.each(['full', 'content', 'names'] as const)('is noticed when %s is compared', async (depth) => {
    expect(await compare({ depth })).toEqual({ verdict: 'intact', told: [] });
    await unlink('b');
    expect(await compare({ depth })).toEqual({ verdict: 'intact', told: ['unlinked b hard link'] });
  });

  it('is noticed wherever it is missing: at the first name, at the last, in two parts, everywhere', async () => {
    await unlink('sub/c');
    expect((await compare()).told).toEqual(['unlinked sub/c hard link']);
    await unlink('b');
    expect((await compare()).told).toEqual(['unlinked b hard link', 'unlinked sub/c hard link']);
    await rm(join(stored, 'sub/c'));
    await link(join(stored, 'b'), join(stored, 'sub/c'));
    await date(stored);
    expect((await compare()).told).toEqual(['unlinked b hard link', 'unlinked sub/c hard link']);
  });

  it('does not hide that what is stored there has another content, whatever the first name has', async () => {
    await unlink('b', 'CONTENT\n');
    for (const depth of ['full', 'content'] as const) {
      expect(await compare({ depth })).toEqual({ verdict: 'corruption', told: ['corruption b content'] });
    }
    await unlink('b', 'longer content\n');
    expect(await compare()).toEqual({ verdict: 'corruption', told: ['corruption b content, size'] });
  });

  it('does not hide that its metadata are others, where the secondary keeps them', async () => {
    const wire = { metadata: 'fake_super' } as const;
    await unlink('b');
    await chmod(join(stored, 'b'), 0o600);
    expect(await compare({ wire })).toEqual({ verdict: 'corruption', told: ['metadata b mode'] });
  });

  it('is a change of the source if the source has made it since', async () => {
    await unlink('b');
    expect(await compare({ since: THEN })).toEqual({ verdict: 'drift', told: ['drift b hard link'] });
  });

  it('is no difference where hard links are not kept', async () => {
    await unlink('b');
    expect(await compare({ wire: { hardLinks: false } })).toEqual({ verdict: 'intact', told: [] });
  });

  it('is not counted a second time when the whole name is missing', async () => {
    await rm(join(stored, 'b'));
    await utimes(stored, THEN, THEN);
    expect(await compare()).toEqual({ verdict: 'corruption', told: ['missing b not on the secondary'] });
  });
});
