import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { OPTIONS, rowOf, type OptionName } from '../../../remote-scripts/gate/options.ts';
import { parseReadRequest, type ReadRequest } from '../../../remote-scripts/gate/read/request.ts';
import { rebuiltCommand } from '../../../remote-scripts/gate/rebuilt-command.ts';
import { readOptions } from '../../../src/rsync/reading.ts';

const ID = '2026-11-23T021500Z';
// Captured from rsync 3.5.0.
const READ = `rsync --server --sender -lHogDtpAre.iLsfxCIvu --timeout=300 --numeric-ids --fake-super . /db/${ID}/`;
const COMPARE = `rsync --server --sender -nlHogDtpArce.iLsfxCIvu --numeric-ids --fake-super . /db/${ID}/`;
const PLAIN = `rsync --server --sender -lHDtprSze.iLsfxCIvu --bwlimit=500 . /db/${ID}/`;
const LISTING = `rsync --server --sender -de.LsfxCIvu --list-only . /db/${ID}/etc/`;
const ONE = `rsync --server --sender -te.LsfxCIvu . db/${ID}/etc/host-name_1.2,3@x:y+~%=`;
const MANIFEST = `rsync --server --sender -te.LsfxCIvu . db/${ID}.sha256`;
const SEAL = `rsync --server --sender -te.LsfxCIvu . db/${ID}.sealed`;
const UNSEALED = `rsync --server --sender -lHogDtpAre.iLsfxCIvu --numeric-ids --fake-super . db/${ID}.unsealed/`;
const HONEST = [READ, COMPARE, PLAIN, LISTING, ONE, MANIFEST, SEAL, UNSEALED];

const reasonOf = (line: string) => {
  const parsed = parseReadRequest(line);
  return parsed.ok ? `accepted: ${JSON.stringify(parsed.request)}` : parsed.reason;
};
function requestOf(line: string): ReadRequest {
  const parsed = parseReadRequest(line);
  if (!parsed.ok || parsed.request.kind !== 'read') throw new Error(reasonOf(line));
  return parsed.request;
}

test.each([
  [READ, 'sealed', '', 'fake_super'],
  [COMPARE, 'sealed', '', 'fake_super'],
  [PLAIN, 'sealed', '', 'plain'],
  [LISTING, 'sealed', 'etc/', 'none'],
  [ONE, 'sealed', 'etc/host-name_1.2,3@x:y+~%=', 'none'],
  [MANIFEST, 'manifest', '', 'none'],
  [SEAL, 'seal', '', 'none'],
  [UNSEALED, 'unsealed', '', 'fake_super'],
] as const)('reads %s', (line, thing, path, metadata) => {
  expect(requestOf(line)).toMatchObject({ kind: 'read', job: 'db', id: ID, thing, path, wire: { metadata } });
});

test('reads the question what is stored', () => {
  expect(parseReadRequest('list')).toEqual({ ok: true, request: { kind: 'list', job: undefined } });
  expect(parseReadRequest('list db')).toEqual({ ok: true, request: { kind: 'list', job: 'db' } });
  for (const line of ['list ', 'list ../web2', 'list db files', 'list --all', 'lists', ' list'])
    expect(parseReadRequest(line).ok, line).toBe(false);
});

test('rebuilds what it read, as a sender, and hands on no capability to write in place', () => {
  const rebuild = { place: '/', basis: undefined, timeoutSeconds: 600, delta: true, fuzzy: false, continues: false };
  expect(rebuiltCommand(requestOf(READ), rebuild)).toBe(
    'rsync --server --sender -lHogDtpAre.iLsfxCvu --timeout=600 --numeric-ids --fake-super . /',
  );
});

test.each([
  ['a push', READ.replace(' --sender', ''), 'this key only reads'],
  ['a push that names the sender later', READ.replace('--sender -l', '-l --sender'), 'this key only reads'],
  ['a shell', 'sh -c id', 'only rsync may be started here'],
  ['another program', `cat /srv/offsite/web1/db/${ID}/x`, 'only rsync may be started here'],
  ['the root', READ.replace(/\S+$/, '/'), 'the place is none of'],
  ['a whole job', READ.replace(/\S+$/, '/db/'), 'the place is none of'],
  ['a snapshot without its slash', READ.replace(/\/$/, ''), 'the place is none of'],
  ['an absolute path', READ.replace(/\S+$/, '/etc/passwd'), 'the place is none of'],
  ['a path that climbs', READ.replace(/\S+$/, `/db/${ID}/../../files/`), 'a step that is none'],
  ['a path that climbs at once', READ.replace(/\S+$/, `/db/${ID}/..`), 'a step that is none'],
  ['a job that climbs', READ.replace(/\S+$/, `/../${ID}/`), 'the place is none of'],
  ['another host', READ.replace(/\S+$/, `/../web2/db/${ID}/`), 'the place is none of'],
  ['a dot step', READ.replace(/\S+$/, `/db/${ID}/./etc/`), 'a step that is none'],
  ['an empty step', READ.replace(/\S+$/, `/db/${ID}//etc/`), 'a step that is none'],
  ['the trash', READ.replace(/\S+$/, `/.trash/${ID}/`), 'the place is none of'],
  ['an attempt by its name on the disk', READ.replace(/\S+$/, `/db/${ID}.partial/`), 'the place is none of'],
  ['a frozen one', READ.replace(/\S+$/, `/db/${ID}.frozen/`), 'the place is none of'],
  ['below a seal', READ.replace(/\S+$/, `/db/${ID}.sealed/x`), 'the place is none of'],
  ['a second that does not exist', READ.replace(ID, '2026-02-30T000000Z'), 'the place is none of'],
  ['two places', `${READ} /db/${ID}/`, 'does not end in one place'],
  ['no place', READ.replace(/ \S+$/, ''), 'does not end in one place'],
  ['nothing but the words', 'rsync --server --sender', 'does not end in one place'],
  ['no letters', `rsync --server --sender --timeout=3 . /db/${ID}/`, 'letters of a stock rsync client are missing'],
  ['owners that are not real ones', READ.replace(' --fake-super', ''), 'read with -M--fake-super'],
  ['names of this machine’s users', READ.replace(' --numeric-ids', ''), '--numeric-ids is missing'],
  ['one list for all', READ.replace('e.iL', 'e.L'), 'one list for each directory'],
  ['a seal as a tree', SEAL.replace('-te', '-tre'), 'that is one file'],
  ['a blank in a name', `${ONE} b`, 'does not end in one place'],
  ['a backslash', ONE.replace('etc', 'e\\ c'), 'a character'],
  ['a glob', ONE.replace('etc', '*'), 'a character'],
  ['braces', ONE.replace('etc', '{a,b}'), 'a character'],
  ['a line break', `${READ}\n`, 'a character'],
  ['too long a path', READ.replace(/\S+$/, `/db/${ID}/${'x/'.repeat(3000)}`), 'longer than'],
])('refuses %s', (_, line, reason) => {
  expect(reasonOf(line)).toContain(reason);
});

/** Written by hand, from rsync(1): what writes, deletes, follows links, reads lists or logs on this side, or is not for us. */
const NEVER = [
  '--remove-source-files', '--remove-sent-files', '--delete', '--delete-before', '--delete-after', '--delete-during', '--delete-excluded',
  '--files-from=-', '--files-from=/etc/shadow', '--from0', '--log-file=/x', '--log-format=%i', '--daemon', '--config=/x', '--inplace', '--append',
  '--partial', '--partial-dir=x', '--temp-dir=/x', '--backup', '--backup-dir=x', '--link-dest=/x', '--copy-dest=/x', `--compare-dest=/db/${ID}/`,
  '--copy-links', '--copy-unsafe-links', '--copy-dirlinks', '--keep-dirlinks', '--no-munge-links', '--munge-links', '--safe-links', '--relative',
  '--no-relative', '--no-implied-dirs', '--one-file-system', '--xattrs', '--atimes', '--open-noatime', '--write-batch=/x', '--only-write-batch=/x',
  '--read-batch=/x', '--write-devices', '--copy-devices', '--super', '--usermap=a:b', '--groupmap=a:b', '--chown=a', '--chmod=777', '--iconv=a,b',
  '--confine-root=/', '--debug=ALL', '--info=ALL', '--stats', '--mkpath', '--force', '--protocol=27', '--rsh=sh', '--rsync-path=sh',
  '--secluded-args', '--filter=x', '--exclude-from=/x', '--include-from=/x', '--max-alloc=1G', '--checksum-seed=1', '--skip-compress=x',
  '-X', '-U', '-N', '-b', '-K', '-k', '-L', '-m', '-x', '-s', '-I', '-J', '-O', '-u', '-E', '-F', '-C', '-q', '-v', '-W', '-y', '-R', '-B1', '-@1',
]; // prettier-ignore

test.each(NEVER)('refuses %s at every place of every honest line', (option) => {
  for (const line of HONEST) {
    const words = line.split(' ');
    for (let at = 0; at <= words.length; at += 1) {
      expect(parseReadRequest(words.toSpliced(at, 0, option).join(' ')).ok, `${option} at ${at}`).toBe(false);
    }
    if (/^-[a-zA-Z]$/.test(option)) {
      const inCluster = line.replace(/ -(?=[a-zA-Z]+e\.)/, ` ${option}`);
      expect(parseReadRequest(inCluster).ok, inCluster).toBe(false);
    }
  }
});

const names = Object.keys(OPTIONS) as OptionName[];

test('refuses every option of the table that is not for reading', () => {
  for (const name of names.filter((each) => !('read' in rowOf(each).in))) {
    const { letter, long } = rowOf(name);
    const line =
      letter === undefined
        ? READ.replace(
            ' . ',
            ` --${long ?? ''}${name === 'logFormat' ? '=%i' : name === 'compareDest' ? `=/db/${ID}/` : ''} . `,
          )
        : READ.replace('-lH', `-${letter}lH`);
    expect(reasonOf(line), name).toMatch(/not allowed/);
  }
});

describe('what the controller reads with', () => {
  let place: string;
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'offsite-reading-'));
    writeFileSync(join(place, 'shell'), 'shift; printf %s "$*" > "${0%/*}/command"; exit 1\n');
  });
  afterAll(() => rmSync(place, { recursive: true }));

  /** What the real rsync asks of the other side. */
  function asked(metadata: 'fake_super' | 'plain', compress: boolean, ...more: string[]): ReadRequest {
    const wire = { remoteShell: ['sh', join(place, 'shell')], metadata, compress, timeoutSeconds: 300 };
    spawnSync('rsync', [...readOptions(wire), ...more, `vault:/db/${ID}/`, join(place, 'to')]);
    return requestOf(readFileSync(join(place, 'command'), 'utf8'));
  }

  it.each(['fake_super', 'plain'] as const)('is taken, with what is for the receiving side alone (%s)', (metadata) => {
    const here = [
      '--delete',
      '--partial',
      '--stats',
      '-ii',
      '--out-format=%i %n',
      '--info=progress2',
      '--ignore-existing',
    ];
    for (const more of [[], ['--dry-run', '--checksum'], ['--sparse'], here, ['--include=/a b/***', '--exclude=*']]) {
      for (const compress of [true, false]) expect(asked(metadata, compress, ...more).wire.metadata).toBe(metadata);
    }
  });

  it('needs nothing of the table that it does not send, but what lists and single files need', () => {
    const given = new Set<OptionName>();
    for (const metadata of ['fake_super', 'plain'] as const) {
      const { wire } = asked(metadata, true, '--dry-run', '--checksum', '--sparse', '--bwlimit=100');
      for (const name of wire.given.keys()) given.add(name);
    }
    const taken = names.filter((name) => 'read' in rowOf(name).in);
    expect(taken.filter((name) => !given.has(name)).sort()).toEqual(['compressChoice', 'dirs', 'listOnly']);
  });
});
