import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  base,
  clearAway,
  dest,
  install,
  installWith,
  KEY,
  layPrograms,
  LINE,
  read,
  secondary,
  SOURCES,
  tree,
} from './support.ts';

beforeEach(layPrograms);
afterEach(clearAway);

const UNIT = 'offsite-prune@.service';

describe('install.sh without a host', () => {
  it('installs programs, units and the command that adds hosts, and lets nobody in', () => {
    const { status, stdout, stderr } = install();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('\nLet a primary in with: /usr/local/bin/offsite-secondary add-host NAME');
    expect(readdirSync(join(dest, 'usr/local/bin'))).toEqual([
      'offsite-drill',
      'offsite-gate',
      'offsite-prune',
      'offsite-scrub',
      'offsite-secondary',
    ]);
    expect(statSync(join(dest, 'usr/local/bin/offsite-secondary')).mode & 0o777).toBe(0o755);
    expect(existsSync(join(dest, 'etc/systemd/system', UNIT))).toBe(true);
    expect(readdirSync(join(dest, 'etc'))).toEqual(['offsite-rsync', 'systemd']);
    expect(readdirSync(join(dest, 'etc/offsite-rsync'))).toEqual(['secondary.example.yaml']);
    expect(existsSync(join(dest, 'srv'))).toBe(false);
  });

  it('and offsite-secondary after it leave what install.sh does at once', () => {
    const host = ['--key', join(base, 'key.pub'), '--job', 'a', '--root', '/data'];
    install('--host', 'web1', ...host);
    const names = () => tree().map((line) => line.replace(/ \d+\.\d+ /, ' '));
    const atOnce = names();
    clearAway();
    layPrograms();
    host[1] = join(base, 'key.pub');
    install();
    const { status, stdout, stderr } = secondary('usr/local', 'add-host', 'web1', ...host);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`  ${LINE}\n`);
    expect(names()).toEqual(atOnce);
  });
});

describe('PREFIX', () => {
  it('/usr puts everything where packages do, and keys, sshd and units name the programs there', () => {
    const { status, stderr } = installWith({ PREFIX: '/usr' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(readlinkSync(join(dest, 'usr/bin/offsite-gate'))).toBe('/usr/lib/offsite-rsync/offsite-gate.mjs');
    secondary('usr', 'add-host', 'web1', '--key', join(base, 'key.pub'), '--job', 'a');
    expect(read(`usr/lib/systemd/system/${UNIT}`)).toContain('\nExecStart=/usr/bin/offsite-prune %i\n');
    expect(read('etc/offsite-rsync/authorized_keys.d/offsite-web1')).toContain(
      `command="/usr/bin/offsite-gate web1",restrict ${KEY}`,
    );
    expect(read('etc/ssh/sshd_config.d/offsite-rsync-web1.conf')).toContain(
      '    ForceCommand /usr/bin/offsite-gate web1\n',
    );
    // What offsite-secondary says of node and rrsync names that place for what others install.
    const { stdout } = spawnSync('grep', ['-rl', '--exclude=offsite-secondary', '/usr/local/bin/', dest], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
    installWith({ PREFIX: '/usr' }, '--uninstall');
    expect(tree().map((line) => line.split(' ')[0])).toEqual([
      'etc/offsite-rsync/secondary.example.yaml',
      'etc/offsite-rsync/secondary.yaml',
    ]);
  });

  it('of somewhere else keeps the units where systemd looks', () => {
    installWith({ PREFIX: '/opt/offsite' });
    expect(read(`etc/systemd/system/${UNIT}`)).toContain('\nExecStart=/opt/offsite/bin/offsite-prune %i\n');
  });

  it.each(['usr', '/usr/', '/opt/my programs', '/usr/../etc'])('%s is refused', (prefix) => {
    const { status, stderr } = installWith({ PREFIX: prefix });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `install.sh: PREFIX=${prefix}: write a plain absolute path\n`,
    });
    expect(existsSync(dest)).toBe(false);
  });
});

describe('offsite-secondary', () => {
  beforeEach(() => install());

  it('changes nothing when it is typed again, and nothing in a dry run', () => {
    const args = ['add-host', 'web1', '--key', join(base, 'key.pub'), '--job', 'a'];
    const installed = tree();
    const dry = secondary('usr/local', ...args, '--dry-run');
    expect(dry).toMatchObject({ status: 0, stderr: '' });
    expect(dry.stdout).toContain('file /etc/ssh/sshd_config.d/offsite-rsync-web1.conf\n');
    expect(dry.stdout).toContain('Nothing has been changed. ');
    expect(tree()).toEqual(installed);
    secondary('usr/local', ...args);
    const before = tree();
    expect(before).not.toEqual(installed);
    expect(secondary('usr/local', ...args).status).toBe(0);
    expect(tree()).toEqual(before);
  });

  it('takes out one host, or all, and leaves programs and data alone', () => {
    const programs = tree();
    secondary('usr/local', 'add-host', 'web1', '--key', join(base, 'key.pub'), '--job', 'a');
    const one = tree();
    secondary('usr/local', 'add-host', 'web2', '--account', 'other', '--root', '/data');
    const { status, stdout } = secondary('usr/local', 'remove-host', 'web2', '--account', 'other');
    expect({ status, left: tree() }).toEqual({ status: 0, left: one });
    expect(stdout).toContain('Kept: ');
    secondary('usr/local', 'add-host', 'web2');
    expect(secondary('usr/local', 'remove-host', '--all', '--dry-run').status).toBe(0);
    expect(existsSync(join(dest, 'etc/ssh/sshd_config.d/offsite-rsync-web2.conf'))).toBe(true);
    expect(secondary('usr/local', 'remove-host', '--all').status).toBe(0);
    const settings = (line: string) => !line.startsWith('etc/offsite-rsync/secondary.yaml');
    expect(tree().filter(settings)).toEqual(programs);
    expect(existsSync(join(dest, 'srv/offsite/web1/.trash'))).toBe(true);
    expect(existsSync(join(dest, 'data/web2/.trash'))).toBe(true);
    expect(secondary('usr/local', 'remove-host', 'web1').status).toBe(0);
  });

  it.each([
    [[], /say what is to be done: add-host or remove-host/],
    [['add'], /unknown command add: there are add-host and remove-host/],
    [['add-host'], /the NAME of the host is missing/],
    [['add-host', 'web1', 'web2'], /one host at a time: web1, or web2/],
    [['add-host', '--all'], /--all is for remove-host/],
    [['remove-host', 'web1', '--all'], /either --all or web1/],
    [['add-host', '../web1'], /not the name of a host/],
    [['add-host', 'web1', '--programs', '/x'], /unknown argument --programs/],
    [['add-host', 'web1', '--key'], /--key needs a value/],
    [['add-host', 'web1'], /--job NAME is missing: there is no .*secondary.yaml yet/],
    [['add-host', 'web1', '--job', 'a', '--key', '/nowhere/key.pub'], /cannot be read/],
  ])('refuses %j', (args, message) => {
    const before = tree();
    const { status, stderr } = secondary('usr/local', ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^offsite-secondary: .*\n$/);
    expect(tree()).toEqual(before);
  });

  it('lets nobody in where there is no gate', () => {
    install('--uninstall');
    const { status, stderr } = spawnSync(join(SOURCES, 'offsite-secondary'), ['add-host', 'web1', '--job', 'a'], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, DESTDIR: dest },
    });
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('install the programs first') as string,
    });
    expect(existsSync(join(dest, 'etc/ssh/sshd_config.d/offsite-rsync-web1.conf'))).toBe(false);
  });
});

describe.each(['install.sh', 'offsite-secondary'])('%s', (name) => {
  const path = join(SOURCES, name);

  it('has a help with an example and the options of a host', () => {
    const { status, stdout, stderr } = spawnSync(path, ['--help'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Example:\n {2}\S/m);
    const options = /--[a-z-]+(?= [A-Z][A-Z.a-z]* | {4})/g;
    expect(stdout.match(options)).toEqual(expect.arrayContaining(['--key', '--read-key', '--job', '--dry-run']));
  });

  it('is plain POSIX sh', () => {
    expect(readFileSync(path, 'utf8')).toMatch(/^#!\/bin\/sh\n/);
    expect(spawnSync('dash', ['-n', path], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  it('gives shellcheck no reason to object, where that is installed', ({ skip }) => {
    const words = ['-s', 'sh', '-x', '-P', 'SCRIPTDIR', path];
    const { error, stdout, status } = spawnSync('shellcheck', words, { encoding: 'utf8' });
    if (error !== undefined) skip('shellcheck is not installed');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});
