import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientConfig, jumpConfig, type Endpoint } from '../../../src/ssh/client-config.ts';
import fc from '../../support/properties.ts';

const endpoint: Endpoint = {
  host: 'vault.example.org',
  port: 2222,
  user: 'backup-web1',
  identityFile: '/etc/offsite/key',
  passphrase: undefined,
  certificateFile: undefined,
  agent: undefined,
  jump: undefined,
  knownHostsFile: '/etc/offsite/known_hosts',
};
const times = { connect: 20, aliveInterval: 15, aliveCount: 4 };
const config = (change: Partial<Endpoint> = {}) => clientConfig('vault', { ...endpoint, ...change }, times, '/run/x/c');

/** What ssh itself makes of a configuration: option names in lower case, and their values. */
function asSshReadsIt(text: string, alias = 'vault'): Map<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'offsite-config-'));
  try {
    const file = join(directory, 'config');
    writeFileSync(file, text);
    const { stdout, stderr, status } = spawnSync('ssh', ['-F', file, '-G', alias], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return new Map(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('the private configuration of ssh', () => {
  it('is read by ssh as it is meant', () => {
    const read = asSshReadsIt(config());
    expect(Object.fromEntries(read)).toMatchObject({
      hostname: 'vault.example.org',
      port: '2222',
      user: 'backup-web1',
      identityfile: '/etc/offsite/key',
      userknownhostsfile: '/etc/offsite/known_hosts',
      globalknownhostsfile: '/dev/null',
      stricthostkeychecking: 'true',
      batchmode: 'yes',
      identitiesonly: 'yes',
      forwardagent: 'no',
      forwardx11: 'no',
      permitlocalcommand: 'no',
      connecttimeout: '20',
      serveraliveinterval: '15',
      serveralivecountmax: '4',
      controlpath: '/run/x/c',
    });
  });

  it('leaves the port to ssh when there is none', () => {
    expect(asSshReadsIt(config({ port: undefined })).get('port')).toBe('22');
  });

  it('takes paths with blanks and percent signs as they are', () => {
    const read = asSshReadsIt(config({ identityFile: '/etc/my keys/100%h/key', knownHostsFile: '/etc/my hosts' }));
    expect(read.get('identityfile')?.replaceAll('%%', '%')).toBe('/etc/my keys/100%h/key');
    expect(read.get('userknownhostsfile')?.replaceAll('"', '')).toBe('/etc/my hosts');
  });

  it('asks for nothing but a passphrase that somebody can type', () => {
    const read = asSshReadsIt(config({ passphrase: 'open sesame' }));
    expect(Object.fromEntries(read)).toMatchObject({
      batchmode: 'no',
      numberofpasswordprompts: '1',
      passwordauthentication: 'no',
      kbdinteractiveauthentication: 'no',
      stricthostkeychecking: 'true',
    });
    expect(config({ passphrase: 'open sesame' })).not.toContain('sesame');
  });

  it('has certificate and agent where there are any', () => {
    expect(asSshReadsIt(config()).get('identityagent')).toBe('none');
    const read = asSshReadsIt(config({ certificateFile: '/etc/c 1-cert.pub', agent: '/run/agent 7/s' }));
    expect(read.get('certificatefile')).toBe('/etc/c 1-cert.pub');
    expect(read.get('identityagent')).toBe('/run/agent 7/s');
  });

  it('leads through the host on the way by a forwarding of its own', () => {
    const jump = { host: 'jump.example.org', port: undefined, user: 'hop' };
    const bridge = { socket: '/run/x y/j', words: ['/usr/bin/node', "/run/x y/it's 100%.cjs", '/run/x y/j'] };
    const text =
      clientConfig('vault', { ...endpoint, jump }, times, '/run/x/c', bridge) +
      jumpConfig('vault-jump', { ...endpoint, jump }, jump, times, bridge);
    const first = asSshReadsIt(text, 'vault-jump');
    expect(Object.fromEntries(first)).toMatchObject({
      hostname: 'jump.example.org',
      port: '22',
      user: 'hop',
      localforward: '/run/x y/j [vault.example.org]:2222',
      exitonforwardfailure: 'yes',
      stricthostkeychecking: 'true',
    });
    expect(first.get('controlpath')).toBeUndefined();
    const second = asSshReadsIt(text);
    expect(second.get('hostname')).toBe('vault.example.org');
    expect(second.get('proxycommand')).toBe(`'/usr/bin/node' '/run/x y/it'\\''s 100%%.cjs' '/run/x y/j'`);
    expect(second.get('localforward')).toBeUndefined();
  });

  it.each(['host', 'user', 'identityFile', 'knownHostsFile', 'certificateFile', 'agent'] as const)(
    'takes no %s that would start another line or argument',
    (key) => {
      for (const value of ['', 'a"b', 'a\nProxyCommand touch pwned', 'a\r', 'a\0', 'a\u001b']) {
        expect(() => config({ [key]: value })).toThrow(TypeError);
      }
    },
  );

  it('has the same lines whatever the values, or is none at all', () => {
    const keys = (text: string) => text.split('\n').map((line) => line.trim().split(' ')[0]);
    const expected = keys(config());
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (host, user, identityFile) => {
        try {
          expect(keys(config({ host, user, identityFile }))).toEqual(expected);
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
        }
      }),
    );
  });
});
