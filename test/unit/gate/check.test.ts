import { expect, test } from 'vitest';
import { judgeSshd, keyFiles, parseSshd } from '../../../remote-scripts/gate/check/access.ts';
import { judgeKeys, lineOf } from '../../../remote-scripts/gate/check/authorized-keys.ts';
import { formatFindings } from '../../../remote-scripts/gate/check/finding.ts';

const GATE = '/opt/offsite/bin/offsite-gate';
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ primary';
const kinds = (text: string) => judgeKeys(text, 'web1', 'keys', GATE).map(({ kind }) => kind);

test.each([
  ['the line it prints itself', lineOf('web1', GATE).replace('AAAA…', 'AAAA key')],
  ['another path', `restrict,command="/opt/offsite-gate.mjs web1" ${KEY}`],
  ['settings of its own', `command="/usr/local/bin/offsite-gate --config /etc/x.yaml web1",restrict ${KEY}`],
  ['an address beside it', `from="192.0.2.0/24",command="/usr/local/bin/offsite-gate web1",restrict ${KEY}`],
  ['comments and empty lines', `# a comment\n\ncommand="/usr/local/bin/offsite-gate web1",restrict ${KEY}\n`],
])('takes a key that leads to the gate alone: %s', (_, text) => {
  expect(kinds(text)).toEqual(['good']);
});

test.each([
  ['a key that may do anything', KEY],
  ['a key that leads elsewhere', `command="rrsync -wo /srv",restrict ${KEY}`],
  ['a key that leads through a shell', `command="sh -c offsite-gate; id web1",restrict ${KEY}`],
  ['a key of another host', `command="/usr/local/bin/offsite-gate web2",restrict ${KEY}`],
  ['a key without restrict', `command="/usr/local/bin/offsite-gate web1",no-pty ${KEY}`],
  ['a key that opens a pty again', `command="/usr/local/bin/offsite-gate web1",restrict,pty ${KEY}`],
  ['a restrict that is only a word of the command', `command="/usr/local/bin/offsite-gate web1 restrict" ${KEY}`],
  ['no key at all', '# nothing\n'],
])('finds fault with %s', (_, text) => {
  expect(kinds(text)).toEqual(['bad']);
});

const READ_KEY = KEY.replace('IJ primary', 'IK restore');
const PUSH_LINE = `command="/usr/local/bin/offsite-gate web1",restrict ${KEY}`;
const readLine = (key = READ_KEY) => `command="/usr/local/bin/offsite-gate --read web1",restrict ${key}`;

test('finds a command that only ends like the gate’s: a shell takes the rest for a comment', () => {
  expect(kinds(`command="/bin/sh #/usr/local/bin/offsite-gate web1",restrict ${KEY}`)).toEqual(['bad']);
  expect(kinds(`command="/bin/sh -c /usr/local/bin/offsite-gate web1",restrict ${KEY}`)).toEqual(['bad']);
});

test('knows a read key, and finds one that is also the push key, or that sshd would let push', () => {
  expect(judgeKeys(`${PUSH_LINE}\n${readLine()}\n`, 'web1', 'keys', GATE)).toMatchObject([
    { kind: 'good' },
    { kind: 'good', text: expect.stringContaining('reads sealed snapshots') as string },
  ]);
  expect(kinds(`${PUSH_LINE}\n${readLine(KEY)}\n`)).toEqual(['good', 'bad']);
  expect(kinds(readLine())).toEqual(['good', 'hint']); // nothing can be pushed
  expect(kinds(`${PUSH_LINE}\n${readLine().replace('web1"', 'web2"')}`)).toEqual(['good', 'bad']);
  expect(kinds(`${PUSH_LINE}\n${readLine().replace(',restrict', '')}`)).toEqual(['good', 'bad']);
  const judge = (forced: string, reads: boolean) =>
    judgeSshd(parseSshd(`forcecommand ${forced}\n`), 'web1', 'offsite-web1', reads)[0]?.kind;
  expect(judge('/usr/local/bin/offsite-gate web1', false)).toBe('good');
  expect(judge('/usr/local/bin/offsite-gate web1', true)).toBe('bad');
  expect(judge('none', true)).toBe('good');
});

test('judges what sshd lets through', () => {
  const safe =
    'permituserenvironment no\nclientaliveinterval 60\npasswordauthentication no\nkbdinteractiveauthentication no\n';
  const kindsOf = (text: string) => judgeSshd(parseSshd(text), 'web1', 'offsite-web1').map(({ kind }) => kind);

  expect(kindsOf(safe)).toEqual(['good', 'good', 'good', 'good']);
  expect(kindsOf(safe.replace('environment no', 'environment yes'))).toEqual(['bad', 'good', 'good', 'good']);
  expect(kindsOf(safe.replace('60', '0').replace('passwordauthentication no', 'passwordauthentication yes'))).toEqual([
    'good',
    'good',
    'hint',
    'hint',
  ]);
});

test('hints at a locale of the client’s choice, which can end node before its first line', () => {
  const second = (text: string) => judgeSshd(parseSshd(text), 'web1', 'offsite-web1')[1];
  expect(second('acceptenv LANG\nacceptenv LC_*')).toMatchObject({
    kind: 'hint',
    fix: expect.stringContaining('snippet') as string,
  });
  expect(second('acceptenv LANG\nacceptenv LC_*\nsetenv NODE_OPTIONS=\nsetenv LC_ALL=C')).toMatchObject({
    kind: 'good',
  });
  expect(second('acceptenv TERM')).toMatchObject({ kind: 'good' });
});

test('finds fault with variables of a client that node or the loader would obey', () => {
  const judged = (accepted: string) => judgeSshd(parseSshd(accepted), 'web1', 'offsite-web1');
  expect(judged('acceptenv LANG\nacceptenv LC_*\nacceptenv COLORTERM').filter(({ kind }) => kind === 'bad')).toEqual(
    [],
  );
  for (const name of ['NODE_OPTIONS', 'NODE_*', '*', 'LD_PRELOAD', 'L*', 'PATH', 'PYTHONPATH']) {
    expect(judged(`acceptenv LANG\nacceptenv ${name}`)).toContainEqual(
      expect.objectContaining({ kind: 'bad', text: expect.stringContaining(`(AcceptEnv ${name})`) as string }),
    );
  }
});

test('finds fault with another forced command of sshd', () => {
  const judge = (forced: string) => judgeSshd(parseSshd(`forcecommand ${forced}\n`), 'web1', 'offsite-web1')[0]?.kind;

  expect(judge('/usr/local/bin/offsite-gate web2')).toBe('bad');
  expect(judge('/usr/local/bin/offsite-gate web1')).toBe('good');
});

test('finds the files in which sshd looks for keys', () => {
  const account = { name: 'offsite-web1', uid: 990, home: '/var/lib/offsite-rsync/web1', shell: '/bin/sh' };
  expect(keyFiles('/etc/keys/%u .ssh/authorized_keys %h/k none', account)).toEqual([
    '/etc/keys/offsite-web1',
    '/var/lib/offsite-rsync/web1/.ssh/authorized_keys',
    '/var/lib/offsite-rsync/web1/k',
  ]);
});

test('prints a mark, what was seen, and below it the fix', () => {
  expect(
    formatFindings([
      { kind: 'good', text: 'fine' },
      { kind: 'bad', text: 'broken', fix: 'mend it' },
    ]),
  ).toBe('✓ fine\n✗ broken\n    mend it\n');
});
