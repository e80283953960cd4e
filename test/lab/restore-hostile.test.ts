import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { formatSumLine } from '../../src/manifests/sum-line.ts';
import { formatSeal } from '../../src/shared/seal.ts';
import { parseSnapshotId } from '../../src/shared/snapshot-id.ts';
import { sealOf } from '../ssh/support/gate-host.ts';

/*
 * Snapshots, manifests and senders that no program of ours has made. Only the disk is needed for them.
 */

const isRoot = process.getuid?.() === 0;
const ID = parseSnapshotId('2026-11-23T021500Z')!;

let work: string;
const at = (...names: string[]) => join(work, ...names);
const stored = (...names: string[]) => at('disk/db', ID, ...names);

beforeEach(async () => {
  work = await realpath(await mkdtemp(join(tmpdir(), 'offsite-hostile-')));
  await mkdir(stored(), { recursive: true });
  await writeFile(at('disk/db', `${ID}.sealed`), formatSeal(sealOf(ID, { job: 'db' })));
  await writeFile(stored('file'), 'text');
});
afterEach(() => rm(work, { recursive: true }));

function call(command: 'restore' | 'cat', ...words: string[]) {
  const args = [inject('cli'), command, 'db', '--from', at('disk'), ...words];
  const env = { PATH: `${at('bin')}:${process.env.PATH ?? ''}`, TMPDIR: work };
  const { status: code, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: work, env });
  return { code, stdout, stderr };
}
const restore = (...words: string[]) => call('restore', '--to', at('back'), ...words);

/** Has a script run in the place of the rsync that sends; `$@` is what it was called with. */
async function sendWith(script: string): Promise<void> {
  await mkdir(at('bin'));
  const text = `#!/bin/sh\nif [ "$1" = --server ]; then\n${script}\nfi\nexec /usr/bin/rsync "$@"\n`;
  await writeFile(at('bin/rsync'), text, { mode: 0o755 });
}

/** Says of a stored file what it was at the sender, as rsync's --fake-super notes it. */
function pretend(path: string, mode: string, device: string): void {
  const python = `import os,sys; os.setxattr(sys.argv[1], 'user.rsync.%stat', sys.argv[2].encode())`;
  const { status, stderr } = spawnSync('python3', ['-c', python, path, `${mode} ${device} 0:0`], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
}

describe('a name in the place of the directory that a restore keeps', () => {
  it.each([
    ['file', () => writeFile(stored('.offsite-restore'), 'x'), '1 entry'],
    ['link', () => symlink(work, stored('.offsite-restore')), '1 entry'],
    ['directory', () => mkdir(stored('.offsite-restore/tmp'), { recursive: true }), '2 entries'],
  ])('is left out, as a %s, and that is said', async (_, make, count) => {
    await make();
    const { code, stdout, stderr } = restore('--metadata', 'plain');
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain(`left out  ${count} named .offsite-restore,`);
    expect(await readdir(at('back'))).toEqual(['file']);
  });

  it('is not restored when it is named', () => {
    const { code, stderr } = restore('.offsite-restore');
    expect(code).toBe(2);
    expect(stderr).toMatch(/nothing of that name is restored/);
    expect(existsSync(at('back'))).toBe(false);
  });

  it('is refused from a sender that tells it all the same, without the directory above it', async () => {
    await mkdir(stored('.offsite-restore'));
    await symlink(at('elsewhere'), stored('.offsite-restore/tmp'));
    await mkdir(at('elsewhere'));
    // An old protocol, because a newer one tells the directory too.
    const own = `-vHltpRre. --protocol=29 '--include=/.offsite-restore/***' --no-implied-dirs . .offsite-restore/tmp file`;
    await sendWith(
      `case "$3" in *n*) exec /usr/bin/rsync "$@";; esac\ncd ${ID} && exec /usr/bin/rsync --server --sender ${own}`,
    );
    const { code, stdout, stderr } = restore('--metadata', 'plain');
    expect(code, stdout + stderr).not.toBe(0);
    expect(stdout + stderr).toContain('rejecting excluded file-list name: .offsite-restore/tmp');
    expect(await readdir(at('elsewhere'))).toEqual([]);
  });
});

describe('a manifest', () => {
  const line = (name: string, text: string) =>
    formatSumLine({ name, digest: createHash('sha256').update(text).digest('hex') });
  const write = (text: string, where = 'disk/db') => writeFile(at(where, `${ID}.sha256`), text, 'latin1');
  const manifest = () => `${line('file', 'text')}${line('link', work)}${line('other', 'more')}`;
  const BY_MANIFEST = 'proved    every file by the checksum with which the secondary sealed it';
  const SHORT =
    'by checksum against what is stored (the manifest that would show damage there does not name every file)';
  const DAMAGED = 'by checksum against what is stored (the manifest that would show damage there is damaged itself)';

  beforeEach(async () => {
    await writeFile(stored('other'), 'more');
    await symlink(work, stored('link'));
  });

  it('that names every file proves them', async () => {
    await write(manifest());
    const { code, stdout, stderr } = restore('--metadata', 'plain');
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain(BY_MANIFEST);
    expect(call('cat', 'other', '--metadata', 'plain')).toEqual({ code: 0, stdout: 'more', stderr: '' });
  });

  it.each([
    ['is cut at the end of a line', () => line('file', 'text'), SHORT],
    ['leads through a link', () => `${line('file', 'text')}${line('link/secret', 'secret')}`, DAMAGED],
  ])('that %s proves nothing: what is stored does', async (_, text, said) => {
    await writeFile(at('secret'), 'secret');
    await write(text());
    const { code, stdout, stderr } = restore('--metadata', 'plain');
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain(said);
  });

  it.each([
    ['does not name the file', () => `${line('file', 'text')}${line('link', work)}`],
    ['is cut', () => manifest().slice(0, -3)],
  ])('that %s keeps cat from writing', async (_, text) => {
    await write(text());
    const { code, stdout, stderr } = call('cat', 'other', '--metadata', 'plain');
    expect({ code, stdout }).toEqual({ code: 20, stdout: '' });
    expect(stderr).toMatch(/The manifest of .* is damaged or does not name "other"/);
  });

  it('that is not there leaves cat to say so', () => {
    const { code, stdout, stderr } = call('cat', 'other', '--metadata', 'plain');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'more' });
    expect(stderr).toMatch(/has no manifest: the file is as it is stored now/);
  });

  it.each([
    ['a link', () => symlink('valid', at('evil', `${ID}.sha256`))],
    ['a directory', () => mkdir(at('evil', `${ID}.sha256`, 'below'), { recursive: true })],
  ])('that arrives as %s is none', async (_, make) => {
    await write(manifest());
    await mkdir(at('evil'));
    await write(manifest(), 'evil');
    await rename(at('evil', `${ID}.sha256`), at('evil/valid'));
    await make();
    await sendWith(`case "$*" in *.sha256) cd ${at('evil')};; esac\nexec /usr/bin/rsync "$@"`);
    const { code, stdout, stderr } = restore('--metadata', 'plain');
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(
      /by checksum against what is stored \(the manifest that would show damage there (is dam|could not)/,
    );
    expect(call('cat', 'other', '--metadata', 'plain').stdout).toBe('');
  });
});

describe('cat', () => {
  it('writes nothing where something else than a file arrives', async () => {
    await mkdir(at('evil', ID), { recursive: true });
    await writeFile(at('secret'), 'secret');
    await symlink(at('secret'), at('evil', ID, 'file'));
    await sendWith(`case "$3" in *n*) ;; *) cd ${at('evil')};; esac\nexec /usr/bin/rsync "$@"`);
    const { code, stdout, stderr } = call('cat', 'file', '--metadata', 'plain');
    expect({ code, stdout }).toEqual({ code: 14, stdout: '' });
    expect(stderr).toMatch(/"file" did not arrive as a file/);
  });
});

describe.runIf(isRoot)('what no snapshot of ours has (needs root, for devices)', () => {
  it.each([
    ['device', '20666', '1,3'],
    ['FIFO', '10644', '0,0'],
  ])('is not made: a %s', async (_, mode, device) => {
    await writeFile(stored('odd'), '');
    pretend(stored('odd'), mode, device);
    const { code, stdout, stderr } = restore();
    expect(code, stdout + stderr).toBe(0);
    expect(await readdir(at('back'))).toEqual(['file']);
    expect(await readFile(at('back/file'), 'utf8')).toBe('text');
  });
});
