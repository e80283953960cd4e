import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSecondaryConfig } from '../../../remote-scripts/config/load.ts';
import { authorizedKeysLine } from '../../../src/shared/forced-command.ts';
import { OLDEST_NODE } from '../../../src/shared/versions.ts';
import { silencesOf } from '../../../remote-scripts/config/silence.ts';
import {
  base,
  clearAway,
  commandOf,
  dest,
  install,
  INSTALL,
  KEY,
  layPrograms,
  LINE,
  modeOf,
  read,
  SOURCES,
  tree,
} from './support.ts';

beforeEach(layPrograms);
afterEach(clearAway);

describe('install.sh', () => {
  it('sets up a host: programs, directories, key, sshd, units, a first secondary.yaml', () => {
    const { status, stdout, stderr } = install('--host', 'web1', '--key', join(base, 'key.pub'), '--job', 'postgres');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`  ${LINE}\n`);
    expect(read('etc/offsite-rsync/authorized_keys.d/offsite-web1')).toBe(`${LINE}\n`);
    expect(modeOf('srv/offsite')).toBe('755');
    expect(modeOf('srv/offsite/web1')).toBe('700');
    expect(modeOf('srv/offsite/web1/.trash')).toBe('700');
    expect(modeOf('var/lib/offsite-rsync/web1')).toBe('700');
    expect(modeOf('etc/offsite-rsync/credentials')).toBe('700');
    expect(modeOf('etc/offsite-rsync/authorized_keys.d/offsite-web1')).toBe('644');
    expect(readlinkSync(join(dest, 'usr/local/bin/offsite-gate'))).toBe(
      '/usr/local/lib/offsite-rsync/offsite-gate.mjs',
    );
    // Started through a link without a suffix, node must still take it for a module.
    const started = execFileSync(process.execPath, [join(dest, 'usr/local/lib/offsite-rsync/offsite-prune.mjs')], {
      encoding: 'utf8',
    });
    expect(started).toBe('part of offsite-prune\noffsite-prune\n');
    const settings = parseSecondaryConfig(read('etc/offsite-rsync/secondary.yaml'));
    expect(settings.ok && [...settings.settings.hosts.keys()]).toEqual(['web1']);
  });

  it('keeps the parts of former versions, which running sessions may load, until all is uninstalled', () => {
    install('--host', 'web1', '--job', 'a');
    rmSync(join(base, 'programs/parts/offsite-prune-A1.mjs'));
    writeFileSync(join(base, 'programs/parts/offsite-prune-B2.mjs'), '');
    install('--host', 'web1');
    const parts = join(dest, 'usr/local/lib/offsite-rsync/parts');
    expect(readdirSync(parts).sort()).toEqual(['offsite-prune-A1.mjs', 'offsite-prune-B2.mjs']);
    install('--uninstall');
    expect(existsSync(dirname(parts))).toBe(false);
  });

  it('refuses programs without their parts', () => {
    rmSync(join(base, 'programs/parts'), { recursive: true });
    const { status, stderr } = install('--host', 'web1', '--job', 'a');
    expect({ status, lacks: stderr.includes('lacks the directory parts') }).toEqual({ status: 2, lacks: true });
    expect(existsSync(dest)).toBe(false);
  });

  it('installs programs that every account can read, whatever the umask of the administrator', () => {
    const args = [INSTALL, '--programs', join(base, 'programs'), '--host', 'web1', '--job', 'a'];
    const env = { PATH: process.env.PATH, DESTDIR: dest };
    spawnSync('sh', ['-c', 'umask 077 && exec "$@"', 'sh', ...args], { env });
    expect(['usr/local/bin', 'usr/local/lib/offsite-rsync/parts'].map(modeOf)).toEqual(['755', '755']);
  });

  it('changes nothing when it is typed again', () => {
    const args = ['--host', 'web1', '--key', join(base, 'key.pub'), '--job', 'postgres'];
    install(...args);
    const before = tree();
    const again = install(...args);
    expect(tree()).toEqual(before);
    expect(again.stdout).not.toMatch(/^(file|directory|link) /m);
    expect(again.stdout).toContain(LINE);
  });

  it('keeps what an administrator wrote, and the keys that are there', () => {
    install('--host', 'web1', '--key', join(base, 'key.pub'), '--job', 'postgres');
    writeFileSync(join(dest, 'etc/offsite-rsync/secondary.yaml'), '# mine\n');
    writeFileSync(join(base, 'second.pub'), `${KEY.replace('s8s2', 's8s3')} other\n`);
    install('--host', 'web1', '--key', join(base, 'second.pub'), '--job', 'files');
    expect(read('etc/offsite-rsync/secondary.yaml')).toBe('# mine\n');
    expect(read('etc/offsite-rsync/authorized_keys.d/offsite-web1').trim().split('\n')).toHaveLength(2);
  });

  it('does nothing in a dry run and says what it would do', () => {
    const { status, stdout } = install('--host', 'web1', '--key', join(base, 'key.pub'), '--job', 'a', '--dry-run');
    expect(status).toBe(0);
    expect(stdout).toContain('file /etc/ssh/sshd_config.d/offsite-rsync-web1.conf');
    expect(stdout).toContain(LINE);
    expect(stdout).toContain('Nothing has been changed.');
    expect(stdout).not.toContain('is set up');
    expect(existsSync(dest)).toBe(false);
  });

  it.each([
    ['v20.20.2', false],
    ['v22.11.0', false],
    ['v22.12.0', true],
    ['v24.0.0', true],
  ])('looks at the machine that it would change: is node %s new enough there? %s', (version, enough) => {
    // A fake: a machine has one Node only.
    const bin = join(base, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'node'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
    const args = ['--programs', join(base, 'programs'), '--host', 'web1', '--job', 'a', '--dry-run'];
    const { status, stderr } = spawnSync(INSTALL, args, {
      encoding: 'utf8',
      env: { PATH: `${bin}:${process.env.PATH}` },
    });
    const refusal = `install.sh: node ${OLDEST_NODE} or newer is needed; ${join(bin, 'node')} is ${version}. What helps: `;
    if (enough) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    else expect({ status, said: stderr.startsWith(refusal) }).toEqual({ status: 2, said: true });
  });

  it('expects a snapshot of each job in the settings that it writes, and says that nobody is told yet', () => {
    const { stdout } = install('--host', 'web1', '--job', 'a', '--job', 'b');
    const parsed = parseSecondaryConfig(read('etc/offsite-rsync/secondary.yaml'), { reach: true });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const host = parsed.settings.hosts.get('web1')!;
    expect([...host.jobs.values()].map(({ expect }) => expect?.schedule)).toEqual(['0 0 * * *', '0 0 * * *']);
    expect(silencesOf(parsed.settings, host)).toEqual([expect.stringContaining('nobody is told')]);
    expect(stdout).toContain('NOTE: nobody is told of anything yet');

    const file = join(dest, 'etc/offsite-rsync/secondary.yaml');
    writeFileSync(file, read('etc/offsite-rsync/secondary.yaml').replace('{}', '{ mail: { type: sendmail } }'));
    expect(install('--host', 'web1').stdout).not.toContain('NOTE');
  });

  it('says what is to be added when the settings do not speak of the host', () => {
    install('--host', 'web1', '--job', 'a');
    const { stdout } = install('--host', 'web2', '--job', 'files');
    const added = /with every job of it:\n\n([^]*?)\n\n/.exec(stdout)?.[1] ?? '';
    const parsed = parseSecondaryConfig(`${read('etc/offsite-rsync/secondary.yaml')}${added}\n`);
    expect(parsed.ok && [...parsed.settings.hosts.keys()]).toEqual(['web1', 'web2']);
  });

  it('serves several hosts, each with an account of its own', () => {
    install('--host', 'web1', '--job', 'a');
    install('--host', 'DB.2', '--account', 'offsite-db2', '--root', '/data/offsite', '--job', 'a');
    expect(readdirSync(join(dest, 'etc/ssh/sshd_config.d')).sort()).toEqual([
      'offsite-rsync-DB.2.conf',
      'offsite-rsync-web1.conf',
    ]);
    for (const service of ['offsite-prune', 'offsite-scrub']) {
      const dropIn = read(`etc/systemd/system/${service}@DB.2.service.d/place.conf`);
      expect(dropIn).toContain('User=offsite-db2\n');
      expect(dropIn).toContain('ReadWritePaths=/data/offsite/DB.2 /var/lib/offsite-rsync/DB.2\n');
      expect(existsSync(join(dest, `etc/systemd/system/${service}@web1.service.d`))).toBe(false);
    }
  });

  it('prints the line of a plain rrsync on request', () => {
    const { stdout } = install('--host', 'web1', '--rrsync', '--job', 'a', '--key', join(base, 'key.pub'));
    expect(stdout).toContain(authorizedKeysLine(commandOf('rrsync', 'push'), KEY));
  });

  describe('a read key', () => {
    const READ_KEY = KEY.replace('s8s2', 's8s4');
    const READ_LINE = authorizedKeysLine(commandOf('gate', 'read'), `${READ_KEY} offsite-rsync-web1`);
    const file = () => join(base, 'a read key.pub');
    const snippet = () => read('etc/ssh/sshd_config.d/offsite-rsync-web1.conf');
    beforeEach(() => writeFileSync(file(), `${READ_KEY} restore\n`));

    it.each([['together with the push key'], ['after it']])('has a line and a command of its own, given %s', (when) => {
      const push = ['--host', 'web1', '--key', join(base, 'key.pub'), '--job', 'a'];
      if (when === 'after it') {
        install(...push);
        expect(snippet()).toContain(`    ForceCommand ${commandOf('gate', 'push')}\n`);
        install('--host', 'web1', '--read-key', file());
      } else install(...push, '--read-key', file());
      expect(read('etc/offsite-rsync/authorized_keys.d/offsite-web1')).toBe(`${LINE}\n${READ_LINE}\n`);
      // It would start the same command for both keys.
      expect(snippet()).not.toMatch(/^ *ForceCommand/m);
      const before = tree();
      install('--host', 'web1', '--read-key', file());
      expect(tree()).toEqual(before);
      // And another time, when it is not named.
      install('--host', 'web1');
      expect(tree()).toEqual(before);
    });

    it('is a key of its own: one that may push is refused, and the other way round', () => {
      const args = ['--host', 'web1', '--job', 'a'];
      const both = install(...args, '--key', join(base, 'key.pub'), '--read-key', join(base, 'key.pub'));
      expect(both).toMatchObject({ status: 2, stderr: expect.stringContaining('hold the same key') as string });
      expect(existsSync(dest)).toBe(false);
      install(...args, '--key', join(base, 'key.pub'), '--read-key', file());
      const before = tree();
      const push = install(...args, '--read-key', join(base, 'key.pub'));
      expect(push).toMatchObject({ status: 2, stderr: expect.stringContaining('may push already') as string });
      const reads = install(...args, '--key', file());
      expect(reads).toMatchObject({ status: 2, stderr: expect.stringContaining('may read already') as string });
      expect(tree()).toEqual(before);
    });

    it('that was commented out lets nobody read, so the forced command is back', () => {
      install('--host', 'web1', '--key', join(base, 'key.pub'), '--job', 'a', '--read-key', file());
      const keys = join(dest, 'etc/offsite-rsync/authorized_keys.d/offsite-web1');
      writeFileSync(keys, `${LINE}\n# ${READ_LINE}\n`);
      install('--host', 'web1');
      expect(snippet()).toContain(`    ForceCommand ${commandOf('gate', 'push')}\n`);
    });

    it('on a plain secondary starts rrsync for reading', () => {
      const { stdout } = install('--host', 'web1', '--rrsync', '--job', 'a', '--read-key', file());
      expect(stdout).toContain(authorizedKeysLine(commandOf('rrsync', 'read'), READ_KEY));
      expect(snippet()).not.toMatch(/^ *ForceCommand/m);
    });
  });

  it('removes itself and keeps the data', () => {
    install('--host', 'web1', '--key', join(base, 'key.pub'), '--job', 'postgres');
    mkdirSync(join(dest, 'srv/offsite/web1/postgres'));
    const { status } = install('--uninstall');
    expect(status).toBe(0);
    const left = execFileSync('find', [dest, '!', '-type', 'd', '-printf', '%P\n'], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .sort();
    expect(left).toEqual(['etc/offsite-rsync/secondary.example.yaml', 'etc/offsite-rsync/secondary.yaml']);
    expect(existsSync(join(dest, 'srv/offsite/web1/postgres'))).toBe(true);
    expect(existsSync(join(dest, 'var/lib/offsite-rsync/web1'))).toBe(true);
    expect(install('--uninstall').status).toBe(0);
  });

  it('removes the snippet of a plain rrsync that was written by hand, and no other', () => {
    const snippets = join(dest, 'etc/ssh/sshd_config.d');
    install('--host', 'web1', '--job', 'a');
    const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
    const [, shown = ''] = /cat > \S*sshd_config\.d\/offsite-db1\.conf <<'EOF'\n([^]*?)EOF\n/.exec(readme) ?? [];
    expect(shown).toContain('Match User offsite-db1');
    const own = (user: string) => shown.replaceAll('offsite-db1', user);
    writeFileSync(join(snippets, 'offsite-db1.conf'), own('offsite-db1'));
    writeFileSync(join(snippets, 'offsite-db2.conf'), own('offsite-db2'));
    writeFileSync(join(snippets, 'mixed.conf'), `PermitRootLogin no\n${own('offsite-db1')}`);
    writeFileSync(join(snippets, 'others.conf'), 'Match User alice\n    X11Forwarding no\n');
    install('--uninstall', '--host', 'db1');
    expect(readdirSync(snippets).sort()).toEqual([
      'mixed.conf',
      'offsite-db2.conf',
      'offsite-rsync-web1.conf',
      'others.conf',
    ]);
    install('--uninstall');
    expect(readdirSync(snippets).sort()).toEqual(['mixed.conf', 'others.conf']);
  });

  it('removes one host and leaves the other alone', () => {
    install('--host', 'web1', '--key', join(base, 'key.pub'), '--job', 'a');
    install('--host', 'web2', '--job', 'a');
    install('--uninstall', '--host', 'web1');
    expect(readdirSync(join(dest, 'etc/ssh/sshd_config.d'))).toEqual(['offsite-rsync-web2.conf']);
    expect(readdirSync(join(dest, 'etc/offsite-rsync/authorized_keys.d'))).toEqual(['offsite-web2']);
    expect(existsSync(join(dest, 'usr/local/lib/offsite-rsync/offsite-prune.mjs'))).toBe(true);
  });

  it.each([
    [['--host', '../web1'], /not the name of a host/],
    [['--host', 'web1"; rm -rf /'], /not the name of a host/],
    [['--host', 'Web1'], /cannot be the name of an account/],
    [['--host', 'web1', '--account', 'root'], /must not be root/],
    [['--host', 'web1', '--root', 'srv'], /plain absolute path/],
    [['--host', 'web1', '--root', '/srv/../etc'], /plain absolute path/],
    [['--host', 'web1', '--state', '/var/lib/x y'], /plain absolute path/],
    [['--host', 'web1', '--job', 'a:b'], /not the name of a job/],
    [['--host'], /needs a value/],
    [['--nonsense'], /unknown argument/],
    [['--job', 'a'], /--host NAME is missing/],
    [['--key', '/nowhere/key.pub'], /--host NAME is missing/],
    [['--host', 'web1'], /--job NAME is missing: there is no .*secondary.yaml yet/],
    [['--host', 'web1', '--job', 'a', '--key', '/nowhere/key.pub'], /cannot be read/],
  ])('refuses %j', (args, message) => {
    const { status, stderr } = install(...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(dest)).toBe(false);
  });

  it.each([
    ['a line with options', `command="sh" ${KEY} x\n`],
    ['two keys', `${KEY} a\n${KEY} b\n`],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n'],
    ['a quote in the key', 'ssh-ed25519 AAAA"BBB x\n'],
    ['nothing', '\n'],
    ['a key that was cut when it was copied', `${KEY.slice(0, 50)} x\n`],
    ['a key under the name of another kind', `${KEY.replace('ssh-ed25519', 'ssh-rsa')}\n`],
  ])('refuses a key file with %s', (_, content) => {
    writeFileSync(join(base, 'odd.pub'), content);
    const { status, stderr } = install('--host', 'web1', '--job', 'a', '--key', join(base, 'odd.pub'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/does not hold one plain public key|holds a key that ssh cannot read/);
    expect(existsSync(dest)).toBe(false);
  });
});

describe('the sshd snippet', () => {
  it('is accepted by sshd, and in force for the account and for nobody else', () => {
    install('--host', 'web1', '--key', join(base, 'key.pub'), '--job', 'a');
    const hostKey = join(base, 'host_key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey]);
    const config = join(base, 'sshd_config');
    writeFileSync(
      config,
      `HostKey ${hostKey}\nInclude ${dest}/etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\n`,
    );
    if (process.getuid!() === 0) mkdirSync('/run/sshd', { recursive: true });
    const settingsFor = (user: string) =>
      execFileSync('/usr/sbin/sshd', ['-T', '-f', config, '-C', `user=${user},host=h,addr=192.0.2.1`], {
        encoding: 'utf8',
      });
    const inForce = settingsFor('offsite-web1');
    for (const line of [
      'forcecommand /usr/local/bin/offsite-gate web1',
      'authorizedkeysfile /etc/offsite-rsync/authorized_keys.d/%u',
      'authenticationmethods publickey',
      'passwordauthentication no',
      'disableforwarding yes',
      'permittty no',
      'permituserrc no',
      'maxsessions 2',
      'clientaliveinterval 30',
      'unusedconnectiontimeout 120',
    ]) {
      expect(inForce).toContain(`${line}\n`);
    }
    const others = settingsFor('somebody');
    expect(others).toContain('forcecommand none\n');
    expect(others).toContain('passwordauthentication yes\n');
  });
});

describe('the systemd units', () => {
  const UNITS = [
    'offsite-prune@web1.service',
    'offsite-prune@web1.timer',
    'offsite-prune-check@web1.service',
    'offsite-prune-check@web1.timer',
    'offsite-scrub@web1.service',
    'offsite-scrub@web1.timer',
    'offsite-drill@web1.service',
    'offsite-drill@web1.timer',
  ];

  it('pass systemd-analyze verify', () => {
    install('--host', 'web1', '--job', 'a');
    // --root hides the system's own units, on which ours depend.
    cpSync('/lib/systemd/system', join(dest, 'usr/lib/systemd/system'), { recursive: true, verbatimSymlinks: true });
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', `--root=${dest}`, ...UNITS], {
      encoding: 'utf8',
    });
    expect(stderr.split('\n').filter((line) => line.includes('offsite'))).toEqual([]);
    expect(status).toBe(0);
  });

  it.each(['offsite-prune', 'offsite-prune-check', 'offsite-scrub', 'offsite-drill'])(
    '%s is rated 2.0 or better by systemd-analyze security',
    (name) => {
      install('--host', 'web1', '--job', 'a');
      const { stdout, status } = spawnSync(
        'systemd-analyze',
        ['security', '--offline=true', '--no-pager', '--threshold=20', `--root=${dest}`, `${name}@web1.service`],
        { encoding: 'utf8' },
      );
      const exposure = Number(/Overall exposure level for .*: ([\d.]+)/.exec(stdout)?.[1]);
      expect(exposure).toBeLessThanOrEqual(2);
      expect(status).toBe(0);
    },
  );

  it('run as the account of the host, and may write only where its snapshots and its state are', () => {
    const unit = readFileSync(join(SOURCES, 'systemd/offsite-prune@.service'), 'utf8');
    expect(unit).toContain('User=offsite-%i\n');
    expect(unit).toContain('ProtectSystem=strict\nReadWritePaths=/srv/offsite/%i /var/lib/offsite-rsync/%i\n');
    expect(unit).not.toMatch(/^MemoryDenyWriteExecute/m);
    // Seen under systemd 252: without it setpriv cannot start a child, and nothing is deleted.
    expect(unit).toMatch(/SystemCallFilter=~@privileged @resources\n(#.*\n)*SystemCallFilter=capset\n/);
    const scrub = readFileSync(join(SOURCES, 'systemd/offsite-scrub@.service'), 'utf8');
    const hardening = (text: string) => text.slice(text.indexOf('ProtectSystem='));
    expect(hardening(scrub)).toBe(hardening(unit));
    expect(scrub).toContain('\nNice=19\nCPUSchedulingPolicy=idle\nIOSchedulingClass=idle\n');
    for (const name of ['offsite-prune-check', 'offsite-drill']) {
      const reader = readFileSync(join(SOURCES, `systemd/${name}@.service`), 'utf8');
      expect(reader).toContain('ReadOnlyPaths=/srv/offsite/%i\nReadWritePaths=/var/lib/offsite-rsync/%i\n');
    }
  });
});
