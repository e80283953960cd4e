import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { IncompletePackageError, secondaryArchive } from '../../../src/bundle/secondary-archive.ts';

let base: string;
beforeEach(() => (base = mkdtempSync(join(tmpdir(), 'offsite-archive-'))));
afterEach(() => rmSync(base, { recursive: true }));

const FILES: Readonly<Record<string, string>> = {
  LICENSE: 'MIT\n',
  'remote-scripts/install.sh': '#!/bin/sh\n',
  'remote-scripts/offsite-secondary': '#!/bin/sh\n',
  'remote-scripts/secondary.example.yaml': 'version: 1\n',
  'remote-scripts/systemd/offsite-prune@.timer': '[Timer]\n',
  'dist/remote/offsite-gate.mjs':
    '#!/usr/bin/env node\nimport"./parts/offsite-gate-A1.mjs";import("./parts/offsite-gate-B2.mjs");\n',
  'dist/remote/parts/offsite-gate-A1.mjs': 'import{x}from"./offsite-gate-C3.mjs";\n',
  'dist/remote/parts/offsite-gate-B2.mjs': '\n',
  'dist/remote/parts/offsite-gate-C3.mjs': 'export const x=1;\n',
  'dist/remote/parts/offsite-gate-OLD.mjs': '\n',
  'dist/remote/THIRD-PARTY-NOTICES': 'of others\n',
  'dist/man/man5/offsite-rsync-secondary.yaml.5': '.TH\n',
  'dist/man/man5/offsite-rsync.yaml.5': '.TH\n',
  'dist/man/man8/offsite-gate.8': '.TH\n',
};

/** A package, with times and modes of its own. */
function lay(name: string, mode: number, time: number): string {
  for (const [path, text] of Object.entries(FILES)) {
    const file = join(base, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
    utimesSync(file, time, time);
  }
  return join(base, name);
}

it('has the programs with the parts that they load, and what installs them', async () => {
  const file = join(base, 'archive.tar.gz');
  writeFileSync(file, await secondaryArchive(lay('package', 0o644, 1_000_000_000), 'secondary-1'));
  const listed = execFileSync('tar', ['-tvzf', file, '--full-time', '--utc', '--numeric-owner'], { encoding: 'utf8' });
  const rows = listed
    .trimEnd()
    .split('\n')
    .map((row) => row.split(/ +/));
  expect(rows.map(([mode, owner, , day, time, path]) => `${mode} ${owner} ${day} ${time} ${path}`)).toEqual(
    [
      '-rw-r--r-- LICENSE',
      '-rw-r--r-- THIRD-PARTY-NOTICES',
      '-rwxr-xr-x install.sh',
      '-rw-r--r-- man/man5/offsite-rsync-secondary.yaml.5',
      '-rw-r--r-- man/man8/offsite-gate.8',
      '-rwxr-xr-x offsite-gate.mjs',
      '-rwxr-xr-x offsite-secondary',
      '-rw-r--r-- parts/offsite-gate-A1.mjs',
      '-rw-r--r-- parts/offsite-gate-B2.mjs',
      '-rw-r--r-- parts/offsite-gate-C3.mjs',
      '-rw-r--r-- secondary.example.yaml',
      '-rw-r--r-- systemd/offsite-prune@.timer',
    ].map((row) => row.replace(' ', ' 0/0 2000-01-01 00:00:00 secondary-1/')),
  );
  execFileSync('tar', ['-xzf', file, '-C', base]);
  expect(readFileSync(join(base, 'secondary-1/install.sh'), 'utf8')).toBe('#!/bin/sh\n');
});

it('has the same bytes from a package with other times and modes', async () => {
  const one = await secondaryArchive(lay('one', 0o644, 1_000_000_000), 'secondary-1');
  const other = await secondaryArchive(lay('other', 0o700, 1_700_000_000), 'secondary-1');
  expect(Buffer.compare(one, other)).toBe(0);
});

it.each(['LICENSE', 'remote-scripts/systemd', 'dist/remote', 'dist/remote/parts/offsite-gate-C3.mjs'])(
  'is not made without %s',
  async (path) => {
    const place = lay('package', 0o644, 1_000_000_000);
    rmSync(join(place, path), { recursive: true });
    await expect(secondaryArchive(place, 'secondary-1')).rejects.toThrow(IncompletePackageError);
    await expect(secondaryArchive(place, 'secondary-1')).rejects.toThrow(`${join(place, path)} is missing`);
  },
);
