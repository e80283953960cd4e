import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityProblem } from '../../../src/config/identity.ts';

let directory: string;
const at = (name: string) => join(directory, name);
const text = (name: string) => readFileSync(at(name), 'utf8');

function makeKey(name: string, ...options: string[]): void {
  execFileSync('ssh-keygen', ['-q', '-f', at(name), ...options], { stdio: 'ignore' });
}

/** Whether ssh itself can load a key without anybody's help. */
function sshLoads(content: string): boolean {
  writeFileSync(at('tried'), content, { mode: 0o600 });
  return spawnSync('ssh-keygen', ['-y', '-P', '', '-f', at('tried')]).status === 0;
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-keys-'));
  makeKey('plain', '-t', 'ed25519', '-N', '');
  makeKey('other', '-t', 'ed25519', '-N', '');
  makeKey('locked', '-t', 'ed25519', '-N', 'secret');
  makeKey('pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', '');
  makeKey('locked-pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'secret');
  makeKey('locked-pkcs8', '-t', 'rsa', '-b', '2048', '-m', 'PKCS8', '-N', 'secret');
});

afterAll(() => rmSync(directory, { recursive: true }));

describe('a private key that ssh cannot use', () => {
  it.each([
    ['with a byte order mark', () => `\uFEFF${text('plain')}`, /byte order mark.*sed -i/],
    ['with the line ends of Windows', () => text('plain').replaceAll('\n', '\r\n'), /line ends of Windows.*sed -i/],
    ['without its last line end', () => text('plain').trimEnd(), /no line end.*echo >>/],
    ['that is the public one', () => text('plain.pub'), /public key\. Name the private one/],
    ['with a passphrase', () => text('locked'), /has a passphrase.*passphrase: \{ credential.*ssh-keygen -p -f/],
    ['in PEM with a passphrase', () => text('locked-pem'), /has a passphrase/],
    ['in PKCS #8 with a passphrase', () => text('locked-pkcs8'), /has a passphrase/],
  ])('%s is told as such', (_, content, says) => {
    expect(sshLoads(content())).toBe(false);
    expect(identityProblem({ path: '/k', text: content() })).toMatch(says);
  });

  it('because another key’s .pub lies beside it is told as such', () => {
    const identity = { path: '/k', text: text('plain') };
    expect(identityProblem({ ...identity, publicText: text('other.pub') })).toMatch(/\/k\.pub belongs to another key/);
    expect(identityProblem({ ...identity, publicText: text('plain.pub') })).toBeUndefined();
    expect(identityProblem({ ...identity, publicText: 'rubbish' })).toBeUndefined();
  });

  it('names the private key that belongs to a .pub', () => {
    expect(identityProblem({ path: '/etc/vault.key.pub', text: text('plain.pub') })).toMatch(/: \/etc\/vault\.key; or/);
  });
});

describe('a key that ssh can use with help', () => {
  it.each(['locked', 'locked-pem', 'locked-pkcs8'])('is one with a passphrase that is typed (%s)', (name) => {
    expect(identityProblem({ path: '/k', text: text(name) }, { passphrase: true })).toBeUndefined();
    expect(identityProblem({ path: '/k', text: text(name) }, { agent: true })).toBeUndefined();
  });

  it('is a public one whose private key an agent holds', () => {
    expect(identityProblem({ path: '/k', text: text('plain.pub') }, { agent: true })).toBeUndefined();
    expect(identityProblem({ path: '/k', text: text('plain.pub') }, { passphrase: true })).toMatch(/agent:/);
  });
});

describe('a private key that ssh can use', () => {
  it.each([
    ['in its own format', () => text('plain')],
    ['in PEM', () => text('pem')],
    ['in PEM with the line ends of Windows', () => text('pem').replaceAll('\n', '\r\n')],
    ['in PEM without its last line end', () => text('pem').trimEnd()],
  ])('%s is not objected to', (_, content) => {
    expect(sshLoads(content())).toBe(true);
    expect(identityProblem({ path: '/k', text: content() })).toBeUndefined();
  });

  it('from an environment variable gets its last line end when it is written for ssh', () => {
    expect(identityProblem({ path: undefined, text: text('plain').trimEnd() })).toBeUndefined();
  });

  it('that was cut short is left to ssh, which a line end would not help', () => {
    const cut = text('plain').slice(0, -60);
    expect(sshLoads(cut)).toBe(false);
    expect(identityProblem({ path: '/k', text: cut })).toBeUndefined();
  });

  it('of a kind that we do not know is left to ssh', () => {
    expect(identityProblem({ path: '/k', text: 'i' })).toBeUndefined();
    expect(
      identityProblem({
        path: '/k',
        text: '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
      }),
    ).toBeUndefined();
  });
});
