import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFor } from '../../scripts/node.mjs';
import { must } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { MASKED } from './support/chain-lab.ts';
import { openNetwork } from './support/hosts.ts';
import { bootMachine, type Machine } from './support/machine.ts';

// One machine is primary and secondary, so the packages also have to get along with each other.

const OLD = '0.0.9';
const { version: NEW } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const NAMES = ['offsite-rsync', 'offsite-rsync-secondary'] as const;
const PAGES = [
  'offsite-rsync',
  'offsite-rsync.yaml',
  'offsite-rsync-secondary.yaml',
  'offsite-gate',
  'offsite-prune',
].concat(['offsite-scrub', 'offsite-drill', 'offsite-secondary']);
const TIMERS = ['offsite-prune', 'offsite-prune-check', 'offsite-scrub', 'offsite-drill'].map(
  (name) => `${name}@db1.timer`,
);
const SOURCE = '/var/backups/postgres';
const ETC = '/etc/offsite-rsync';

/** Where packages write. Elsewhere, what happens meanwhile on the machine that this one is an overlay of shines through. */
const PLACES = ['/etc', '/usr', '/var/lib', '/srv', '/boot', '/opt'];
/** What a machine writes down by itself, and what dpkg remembers of what was there. */
const NOT_OURS =
  /^\/var\/lib\/(dpkg|systemd|ucf)\/|^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-?$|^\/etc\/\.pwd\.lock$/;

let directory: string;
let machine: Machine;
let before: ReadonlySet<string>;
const undo: (() => unknown)[] = [];
const at = (...names: string[]) => join(directory, ...names);
const shared = (...names: string[]) => join('/opt/lab/release', ...names);
const debs = (version: string, architecture = 'all') => NAMES.map((name) => `${name}_${version}_${architecture}.deb`);
const files = () =>
  machine
    .must('find', ...PLACES, '-xdev', '-not', '-type', 's')
    .split('\n')
    .filter((path) => path !== '' && !NOT_OURS.test(path));
const active = (unit: string) => machine.run('systemctl', 'is-active', unit).stdout.trim();
const sealed = () =>
  machine
    .must('ls', '/srv/offsite/db1/postgres')
    .split('\n')
    .filter((name) => name.endsWith('.sealed'));
const backUp = () => {
  const count = sealed().length;
  machine.must('sh', '-c', `date +%N >${SOURCE}/db.sql`);
  machine.must('sleep', '1'); // an id is a second
  machine.must('offsite-rsync', 'run', 'postgres');
  expect(sealed()).toHaveLength(count + 1);
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-packages-'));
  chmodSync(directory, 0o755);
  undo.push(() => rmSync(directory, { recursive: true }));
  must(process.execPath, 'scripts/release.mjs', at('release'), '--quick');
  must(process.execPath, 'scripts/release.mjs', at('release/old'), '--version', OLD, '--no-amd64', '--quick');
  layNodeAsPackage(at('release'));
  const network = await openNetwork();
  undo.push(() => network.stop());
  const laid = at('files');
  const lay = (name: string, text: string) => {
    mkdirSync(dirname(join(laid, name)), { recursive: true });
    writeFileSync(join(laid, name), text);
  };
  lay('etc/systemd/system/offsite-lab.target', '[Unit]\nDescription=A lab\nDefaultDependencies=no\n');
  for (const name of MASKED) symlinkSync('/dev/null', join(laid, 'etc/systemd/system', name));
  lay('etc/hostname', 'db1\n');
  lay('etc/hosts', '127.0.0.1 localhost db1\n');
  lay(`${SOURCE}/db.sql`, 'a dump\n');
  machine = await bootMachine(laid, network.pid, at('release'));
  undo.push(() => machine.stop());
  machine.must('hostname', 'db1');
  machine.must('rm', '-f', '/usr/sbin/policy-rc.d'); // images of containers have one that keeps packages from starting anything
  machine.must('ssh-keygen', '-A');
  machine.must('systemctl', 'start', 'systemd-user-sessions.service', 'ssh.service');
  await until(() => machine.run('sh', '-c', 'ssh-keyscan 127.0.0.1 | grep -q .').code === 0);
  before = new Set(files());
}, 600_000);
afterAll(async () => {
  for (const act of undo.reverse()) await act();
});

/** Stands for a Node that somebody has packaged: the one of these tests, by the name that our packages ask for. */
function layNodeAsPackage(place: string): void {
  const tree = at('node');
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  mkdirSync(join(tree, 'usr/local/bin'), { recursive: true });
  must('cp', process.execPath, join(tree, 'usr/local/bin/node'));
  const control = [
    'Package: offsite-node',
    'Version: 22',
    'Architecture: all',
    'Maintainer: A test <test@localhost>',
    'Description: the node of these tests',
  ];
  writeFileSync(join(tree, 'DEBIAN/control'), `${control.join('\n')}\n`);
  must('dpkg-deb', '--root-owner-group', '-Znone', '--build', tree, join(place, 'offsite-node.deb'));
}

describe('the Debian packages', () => {
  it('refuse a machine whose Node is too old, and install where there is one', () => {
    machine.run('dpkg', '--remove', '--force-depends', 'nodejs');
    const { code, stderr } = machine.run('dpkg', '--install', shared('old', debs(OLD)[0] ?? ''));
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('nodejs') as string });
    machine.must('dpkg', '--install', shared('offsite-node.deb'), ...debs(OLD).map((name) => shared('old', name)));
    expect(machine.must('offsite-rsync', '--version').trim()).toBe(OLD);
    expect(machine.run('getent', 'passwd', 'offsite-db1').code).not.toBe(0);
    expect(machine.must('sh', '-c', `find ${ETC} | sort`).trim().split('\n')).toEqual([
      ETC,
      `${ETC}/credentials`,
      `${ETC}/secondary.example.yaml`,
    ]);
    expect(machine.must('systemctl', 'list-timers', '--all', 'offsite-*')).toContain('0 timers');
  });

  it('lead from init and add-host to a sealed snapshot', () => {
    const key = machine.must('ssh-keygen', '-l', '-f', '/etc/ssh/ssh_host_ed25519_key.pub').split(' ')[1] ?? '';
    const answers = [
      '--yes',
      '--host',
      '127.0.0.1',
      '--user',
      'offsite-db1',
      '--source',
      SOURCE,
      '--due',
      '15 2 * * *',
    ];
    const init = machine.run('offsite-rsync', 'init', ...answers, '--host-key-fingerprint', key);
    expect(init.code, init.stdout + init.stderr).toBe(11);
    const words = ['db1', '--key', `${ETC}/vault.key.pub`, '--job', 'postgres'];
    machine.must('offsite-secondary', 'add-host', ...words);
    for (const timer of TIMERS) expect(active(timer), timer).toBe('active');
    expect(machine.must('offsite-gate', '--check', 'db1')).not.toContain('✗');
    machine.must('offsite-rsync', 'run', 'postgres');
    expect(sealed()).toHaveLength(1);
    machine.must(
      'sh',
      '-c',
      'runuser -u offsite-db1 -- offsite-prune db1 && runuser -u offsite-db1 -- offsite-scrub db1',
    );
  });

  it('are upgraded under a job that goes on where it was, and under a run that still loads its parts', () => {
    const parts = (place: string) => machine.must('sh', '-c', `cd ${place} && ls *.*js`).trim().split('\n');
    const [lib, far] = ['/usr/lib/offsite-rsync', '/usr/lib/offsite-rsync-secondary/parts'] as const;
    const had = { primary: parts(lib), secondary: parts(far) };
    machine.must('dpkg', '--install', ...debs(NEW).map((name) => shared(name)));
    expect(machine.must('offsite-rsync', '--version').trim()).toBe(NEW);
    expect(parts(lib)).toEqual(expect.arrayContaining(had.primary));
    expect(parts(far)).toEqual(expect.arrayContaining(had.secondary));
    expect(parts(lib).length).toBeGreaterThan(had.primary.length);
    for (const timer of TIMERS) expect(active(timer), timer).toBe('active');
    backUp();
    expect(machine.must('offsite-rsync', 'history', 'postgres').match(/sealed/g)).toHaveLength(2);
  });

  it('with a Node of their own need none, and start no other', () => {
    machine.must('dpkg', '--install', ...debs(NEW, 'amd64').map((name) => shared(name)));
    machine.must('dpkg', '--remove', 'offsite-node');
    machine.must('sh', '-c', 'printf "#!/bin/sh\\nexit 99\\n" >/usr/local/bin/node && chmod 755 /usr/local/bin/node');
    backUp();
    machine.must(
      'sh',
      '-c',
      'runuser -u offsite-db1 -- offsite-prune db1 && runuser -u offsite-db1 -- offsite-scrub db1',
    );
    // What is smuggled in counts no more than with a Node of the machine's.
    machine.must(
      'env',
      'NODE_OPTIONS=--require=/no/such/file',
      `LC_ALL=${'x'.repeat(60)}`,
      'offsite-gate',
      '--version',
    );
    machine.must('env', `LC_ALL=${'x'.repeat(60)}`, 'offsite-rsync', '--version');
    machine.must('rm', '/usr/local/bin/node');
    expect(machine.must('/usr/lib/offsite-rsync/node', '--version').trim()).toBe(
      `v${packageFor('x64')?.version ?? ''}`,
    );
  });

  it('bring units that systemd accepts, a page for each program, and completions', () => {
    machine.must('offsite-rsync', 'units', 'postgres', '--style', 'path', '--marker', '/var/backups/done', '--write');
    const units = machine
      .must('sh', '-c', 'ls /usr/lib/systemd/system/offsite-* /etc/systemd/system/offsite-rsync*.*')
      .trim()
      .split('\n');
    const instances = units
      .filter((path) => /\.(service|timer|path)$/.test(path))
      .map((path) => path.replace('@.', '@db1.'));
    expect(instances.length).toBeGreaterThan(12);
    const { code, stdout, stderr } = machine.run('systemd-analyze', 'verify', ...instances);
    expect({ code, said: (stdout + stderr).split('\n').filter((line) => line.includes('offsite')) }).toEqual({
      code: 0,
      said: [],
    });
    expect(machine.read('/etc/systemd/system/offsite-rsync@.service')).toContain(
      'ExecStart=/usr/bin/offsite-rsync run',
    );
    for (const page of PAGES) expect(machine.must('man', '-w', page)).toContain('/usr/share/man/');
    machine.must('bash', '-c', '. /usr/share/bash-completion/completions/offsite-rsync && complete -p offsite-rsync');
  });

  it('when they are removed leave settings and data, and stop the timers', () => {
    machine.must('dpkg', '--remove', ...NAMES);
    for (const timer of TIMERS) expect(active(timer), timer).not.toBe('active');
    expect(machine.run('sh', '-c', 'command -v offsite-rsync offsite-gate offsite-secondary').stdout).toBe('');
    expect(machine.run('sh', '-c', 'ls /usr/lib/offsite-*').stdout).toBe('');
    for (const name of ['config.yaml', 'secrets.env', 'vault.key', 'secondary.yaml', 'authorized_keys.d/offsite-db1'])
      expect(machine.run('test', '-f', `${ETC}/${name}`).code, name).toBe(0);
    expect(sealed()).toHaveLength(3);
    machine.must('dpkg', '--install', ...debs(NEW, 'amd64').map((name) => shared(name)));
    for (const timer of TIMERS) expect(active(timer), timer).toBe('active');
    backUp();
  });

  it('when they are purged leave nothing but data', () => {
    machine.must('dpkg', '--purge', ...NAMES);
    const left = files().filter((path) => !before.has(path));
    expect(left.filter((path) => !/^\/(srv\/offsite|var\/lib\/offsite-rsync|var\/backups)\b/.test(path))).toEqual([]);
    expect(sealed()).toHaveLength(4);
    expect(machine.run('test', '-f', '/var/lib/offsite-rsync/history.jsonl').code).toBe(0);
  });

  it('give lintian no reason to object that is not explained', { timeout: 300_000 }, () => {
    // Of the two with a Node one will do: it is looking at that which takes long.
    const some = [...debs(NEW), debs(NEW, 'amd64')[1] ?? ''];
    const lintian = spawnSync(
      'lintian',
      ['--allow-root', '--tag-display-limit', '0', '--fail-on', 'error,warning', ...some],
      {
        cwd: at('release'),
        encoding: 'utf8',
      },
    );
    expect({ status: lintian.status, said: lintian.stdout + lintian.stderr }).toEqual({ status: 0, said: '' });
    for (const file of readdirSync('scripts/debian', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('lintian-overrides'),
    )) {
      const lines = readFileSync(join('scripts/debian', file), 'utf8').split('\n');
      for (const [place, line] of lines.entries())
        if (/^[^#]/.test(line))
          expect(
            lines
              .slice(0, place)
              .reverse()
              .find((one) => /^(#|$)/.test(one)),
            `${file}: ${line}`,
          ).toMatch(/^# ./);
    }
    expect(existsSync(at('release/SHA256SUMS'))).toBe(true);
  });
});
