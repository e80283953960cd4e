import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { base, clearAway, INSTALL, layPrograms } from './support.ts';

beforeEach(() => {
  layPrograms();
  mkdirSync(join(base, 'bin'));
});
afterEach(clearAway);

/** Files of a system, below a directory that stands for it. */
function lay(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, 'system', path)), { recursive: true });
    writeFileSync(join(base, 'system', path), text);
  }
}

/** What the scripts themselves start; nothing of it is asked for. */
const OF_SH = ['sh', 'cat', 'dirname', 'grep', 'id', 'sed', 'tr', 'uname'];
const ASKED_FOR = ['rsync', 'rrsync', 'python3', 'flock', 'setpriv', 'prlimit', 'find', 'sort'];

/** What install.sh says on a machine that has only some programs. A fake: a machine has one distribution only. */
function said(there: readonly string[], node?: string): string {
  const bin = join(base, 'bin');
  for (const name of OF_SH)
    symlinkSync(spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim(), join(bin, name));
  for (const name of there) writeFileSync(join(bin, name), '#!/bin/sh\n', { mode: 0o755 });
  if (node !== undefined) writeFileSync(join(bin, 'node'), `#!/bin/sh\necho ${node}\n`, { mode: 0o755 });
  const { status, stderr } = spawnSync(INSTALL, ['--programs', join(base, 'programs'), '--dry-run'], {
    encoding: 'utf8',
    env: { PATH: bin, OFFSITE_SYSTEM: join(base, 'system') },
  });
  expect({ status, lines: stderr.split('\n').length, more: stderr.includes('not found') }).toEqual({
    status: 2,
    lines: 2,
    more: false,
  });
  return stderr;
}

const DISTRIBUTIONS: readonly (readonly [name: string, release: string, programs: string, node: string])[] = [
  [
    'Debian 12',
    'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
    'apt-get install rsync',
    'Debian GNU/Linux 12 has 18: ',
  ],
  [
    'Debian 13',
    'NAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n',
    'apt-get install rsync',
    'Debian GNU/Linux 13 has 20: ',
  ],
  [
    'a later Debian',
    'NAME="Debian GNU/Linux"\nVERSION_ID="14"\nID=debian\n',
    'apt-get install rsync',
    'apt-get install nodejs, if ',
  ],
  [
    'Ubuntu',
    'NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n',
    'apt-get install rsync',
    'Ubuntu 24.04 has 18: ',
  ],
  ['Fedora', 'ID=fedora\nVERSION_ID=42\n', 'dnf install rsync rsync-rrsync', 'dnf install nodejs\n'],
  [
    'Rocky 9',
    'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\n',
    'dnf install rsync rsync-rrsync',
    'dnf module reset nodejs && dnf module install nodejs:22\n',
  ],
  [
    'RHEL 10',
    'ID="rhel"\nID_LIKE="centos fedora"\nVERSION_ID="10.0"\n',
    'dnf install rsync rsync-rrsync',
    'dnf install nodejs\n',
  ],
  [
    'Amazon Linux',
    'ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n',
    'dnf install rsync rsync-rrsync',
    'dnf install nodejs22\n',
  ],
  ['Alpine', 'ID=alpine\nVERSION_ID=3.22.1\n', 'apk add rsync rrsync', 'apk add nodejs;'],
  ['Manjaro', 'ID=manjaro\nID_LIKE=arch\n', 'pacman -S rsync', 'pacman -S nodejs\n'],
  [
    'openSUSE',
    'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n',
    'zypper install rsync',
    'zypper install nodejs22\n',
  ],
  ['something unknown', 'ID=unheard-of\n', 'install rsync with rrsync', 'put bin/node of the archive'],
];

describe('what install.sh says where something is missing', () => {
  it.each(DISTRIBUTIONS)('is what helps on %s', (_, release, programs) => {
    lay({ 'etc/os-release': release });
    const wanted = 'install.sh: these programs are missing here: rsync flock. What helps: ';
    expect(said(ASKED_FOR.filter((name) => name !== 'rsync' && name !== 'flock'))).toContain(`${wanted}${programs}`);
  });

  it.each(DISTRIBUTIONS)('is what helps on %s without node', (_, release, __, node) => {
    lay({ 'etc/os-release': release });
    expect(said(ASKED_FOR)).toContain(`node 22.12 or newer is needed; there is none here. What helps: ${node}`);
  });

  it('names the version of a node that is too old', () => {
    lay({ 'etc/os-release': 'ID=fedora\nVERSION_ID=40\n' });
    expect(said(ASKED_FOR, 'v20.20.2')).toContain(
      `needed; ${join(base, 'bin/node')} is v20.20.2. What helps: dnf install nodejs\n`,
    );
  });

  it('finds an rrsync that lies among the documentation', () => {
    lay({ 'etc/os-release': 'ID=fedora\n', 'usr/share/doc/rsync/support/rrsync': '' });
    const place = join(base, 'system/usr/share/doc/rsync/support/rrsync');
    expect(said(ASKED_FOR.filter((name) => name !== 'rrsync'))).toBe(
      `install.sh: rrsync is missing here, but lies in ${place}. Type: install -m 0755 ${place} /usr/local/bin/rrsync\n`,
    );
  });

  it.each([
    ['Synology DSM', { 'etc.defaults/VERSION': 'os_name="DSM"\n' }],
    ['TrueNAS', { 'etc/os-release': 'ID=debian\nVERSION_ID="12"\n', 'usr/bin/midclt': '' }],
  ])('is on %s that nothing can be installed there', (name, files) => {
    lay(files);
    expect(said(ASKED_FOR)).toContain(`What helps: ${name} `);
  });

  it('takes a distribution without os-release for an unknown one', () => {
    expect(said(ASKED_FOR)).toContain('What helps: put bin/node of the archive');
  });
});
