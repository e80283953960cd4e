import { expect, test } from 'vitest';
import type { OptionName } from '../../../remote-scripts/gate/options.ts';
import { parseRequest, type GateRequest } from '../../../remote-scripts/gate/request.ts';
import { LONGEST_COMMAND } from '../../../remote-scripts/gate/words.ts';

const ID = '2026-11-23T021500Z';
const PREVIOUS = '2026-11-22T021500Z';
const BROKEN = '2026-11-23T011500Z';

// Captured from rsync 3.5.0 with the controller's options; 3.2.3 sends the same but for letters after `e.`
// (facts.md#the-command-lines-of-a-stock-client).
const PUSH = `rsync --server -lyyHogDtpAre.iLsfxCIvu --log-format=%i%I --timeout=300 --stats --partial --numeric-ids --compare-dest /db/${PREVIOUS}/ --compare-dest /db/${BROKEN}/ --fake-super . db/${ID}/`;
const PLAIN_PUSH = `rsync --server -lyHDtprze.iLsfxCIvu --log-format=%i%I --bwlimit=500 --stats --partial --mkpath . db/${ID}/`;
const VERIFY = `rsync --server -nlHogDtpArce.iLsfxCIvu --log-format=%i --timeout=60 --stats --delete --numeric-ids --fake-super . db/${ID}/`;
const CANARY = `rsync --server -nlHogDtpArce.iLsfxCIvu --log-format=%i --numeric-ids --fake-super . db/${ID}/`;
const LISTED = `rsync --server -lyyogDtpARe.LsfxCIvu --log-format=%i%I --stats --partial --numeric-ids --compare-dest /db/${PREVIOUS}/ --fake-super . db/${ID}/`;
const CONTENT = `rsync --server -nlHtrce.iLsfxCIvu --log-format=%i --stats --delete . db/${ID}/`;
const NOTES = `rsync --server -te.LsfxCIvu --timeout=30 . db/${ID}.notes`;
const SEAL = `rsync --server -te.LsfxCIvu --timeout=30 . db/${ID}.sealed`;

function requestOf(commandLine: string): GateRequest {
  const parsed = parseRequest(commandLine);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.request;
}

function reasonOf(commandLine: string): string {
  const parsed = parseRequest(commandLine);
  return parsed.ok ? `accepted as a ${parsed.request.kind}` : parsed.reason;
}

test('reads a push with its bases in order', () => {
  expect(parseRequest(PUSH)).toEqual({
    ok: true,
    request: {
      kind: 'push',
      job: 'db',
      id: ID,
      dryRun: false,
      listed: false,
      checksum: false,
      bases: [PREVIOUS, BROKEN],
      wire: {
        metadata: 'fake_super',
        capabilities: 'iLsfxCIvu',
        given: new Map([
          ['symlinks', 'l'],
          ['fuzzy', 'yy'],
          ['hardLinks', 'H'],
          ['owner', 'o'],
          ['group', 'g'],
          ['devices', 'D'],
          ['times', 't'],
          ['modes', 'p'],
          ['acls', 'A'],
          ['recursive', 'r'],
          ['logFormat', '%i%I'],
          ['timeout', '300'],
          ['stats', ''],
          ['partial', ''],
          ['numericIds', ''],
          ['fakeSuper', ''],
        ]),
      },
    },
  });
});

test.each([PUSH, PLAIN_PUSH, VERIFY, CANARY])('reads what is sent without hard links: %s', (line) => {
  expect(requestOf(line).wire.given.has('hardLinks')).toBe(true);
  expect(requestOf(line.replace(/( -[a-z]*)H/, '$1')).wire.given.has('hardLinks')).toBe(false);
});

test('reads a push without owners to a plain file system', () => {
  const { kind, wire } = requestOf(PLAIN_PUSH);
  expect([kind, wire.metadata]).toEqual(['push', 'plain']);
  expect(['compress', 'bwlimit', 'fuzzy', 'numericIds'].map((name) => wire.given.get(name as OptionName))).toEqual([
    ...['z', '500', 'y'],
    undefined,
  ]);
});

test('reads a push that compares by checksum, since its bases hold damage', () => {
  const healing = PUSH.replace('e.iLs', 'ce.iLs');
  expect(parseRequest(healing)).toMatchObject({ ok: true, request: { kind: 'push', checksum: true, dryRun: false } });
});

test('reads a dry run of a push', () => {
  expect(parseRequest(PUSH.replace('-lyy', '-nlyy'))).toMatchObject({ ok: true, request: { dryRun: true } });
});

test('reads a verification, and the canary as one that leaves extra files alone', () => {
  expect(parseRequest(VERIFY)).toMatchObject({ ok: true, request: { kind: 'verify', id: ID, extras: true } });
  expect(parseRequest(CANARY)).toMatchObject({ ok: true, request: { kind: 'verify', id: ID, extras: false } });
});

test('reads a push of the names on a list, which comes as one list', () => {
  expect(parseRequest(LISTED)).toMatchObject({ ok: true, request: { kind: 'push', listed: true, bases: [PREVIOUS] } });
});

test('reads a verification of contents, or of names, sizes and times alone', () => {
  const expected = { ok: true, request: { kind: 'verify', extras: true, wire: { metadata: 'none' } } };
  expect(parseRequest(CONTENT)).toMatchObject(expected);
  expect(parseRequest(CONTENT.replace('rce.', 're.'))).toMatchObject(expected);
});

test('reads notes', () => {
  expect(parseRequest(NOTES)).toMatchObject({ ok: true, request: { kind: 'notes', job: 'db', id: ID } });
});

test('reads a seal', () => {
  expect(parseRequest(SEAL)).toMatchObject({
    ok: true,
    request: { kind: 'seal', job: 'db', id: ID, wire: { metadata: undefined } },
  });
});

test('refuses what no rsync sends: --compare-dest with an equals sign, and options before the letters', () => {
  expect(reasonOf(PUSH.replaceAll('--compare-dest /', '--compare-dest=/'))).toContain('--compare-dest has a value');
  expect(reasonOf(PUSH.replace('--server ', '--server --stats '))).toContain('do not come first');
});

test.each([
  ['a fixed compression', PUSH.replace('--stats', '--compress-choice=zstd --stats')],
  ['letters of an older client after e.', PUSH.replace('iLsfxCIvu', 'iLsfxC')],
  ['letters of a newer client after e.', PUSH.replace('iLsfxCIvu', 'iLsfxCIvuZ')],
  ['the letters in another order', PUSH.replace('-lyyHogDtpAre', '-rptgoDAHyyle')],
])('takes %s', (_, commandLine) => {
  expect(reasonOf(commandLine)).toBe('accepted as a push');
});

test.each([
  ['nothing', '', 'only rsync may be started'],
  ['a shell command', 'cat /etc/passwd', 'only rsync may be started'],
  ['sftp', '/usr/lib/openssh/sftp-server', 'only rsync may be started'],
  ['rsync that is no server', `rsync -a /etc/ db/${ID}/`, 'only rsync may be started'],
  ['reading', `rsync --server --sender -logDtpre.iLsfxCIvu . db/${ID}/`, 'nothing can be read'],
  ['reading, said later', PUSH.replace('--stats', '--sender'), '--sender is not allowed'],
  ['two destinations', `${PUSH} db/${PREVIOUS}/`, 'does not end in one destination'],
  ['an absolute destination', PUSH.replace('. db', '. /db'), 'the destination is none of'],
  ['a destination that climbs', PUSH.replace(`db/${ID}/`, `../${ID}/`), 'the destination is none of'],
  ['a destination inside of a snapshot', `${PUSH}sub/`, 'the destination is none of'],
  ['a job as the destination', PUSH.replace(`. db/${ID}/`, '. db/'), 'the destination is none of'],
  ['a partial directory by its own name', PUSH.replace(/\/$/, '.partial/'), 'the destination is none of'],
  ['a second that does not exist', PUSH.replace(`db/${ID}/`, 'db/2026-02-30T000000Z/'), 'the destination is none of'],
  ['a push without the final slash', PUSH.replace(/\/$/, ''), 'the destination is none of'],
  ['a push that deletes', PUSH.replace('--stats', '--delete'), 'not allowed in a push'],
  ['a seal that deletes', SEAL.replace('--timeout=30', '--delete'), 'not allowed in a seal'],
  ['a seal with a basis', SEAL.replace('--timeout=30', `--compare-dest /db/${PREVIOUS}/`), 'not allowed in a seal'],
  ['whole files', PUSH.replace('-lyy', '-lyyW'), '-W is not allowed'],
  ['a recursive seal', SEAL.replace('-te', '-tre'), 'a seal is sent with rsync -t'],
  ['a dry run of a seal', SEAL.replace('-te', '-nte'), 'a seal is sent with rsync -t'],
  ['a seal without its time', SEAL.replace('-te', '-ze'), 'a seal is sent with rsync -t'],
  ['a checksum push that writes', VERIFY.replace('-nl', '-l').replace(' --delete', ''), 'must be a dry run'],
  ['a verification that writes and deletes', VERIFY.replace('-nl', '-l'), 'must be a dry run'],
  ['a verification with a basis', VERIFY.replace('--delete', `--compare-dest /db/${PREVIOUS}/`), 'has no basis'],
  ['xattrs', PUSH.replace('-lyy', '-lyyX'), '-X is not allowed'],
  ['access times', PUSH.replace('-lyy', '-lyyU'), '-U is not allowed'],
  ['backups', PUSH.replace('-lyy', '-lyyb'), '-b is not allowed'],
  ['keeping links to directories', PUSH.replace('-lyy', '-lyyK'), '-K is not allowed'],
  ['secluded arguments', PUSH.replace('-lyy', '-lyys'), '-s is not allowed'],
  ['overwriting in place', PUSH.replace('--stats', '--inplace'), '--inplace is not allowed'],
  ['a log file', PUSH.replace('--stats', '--log-file=/x'), '--log-file is not allowed'],
  ['another basis option', PUSH.replace('--stats', `--copy-dest=/db/${PREVIOUS}/`), '--copy-dest is not allowed'],
  ['an abbreviated option', PUSH.replace('--stats', '--stat'), '--stat is not allowed'],
  ['a basis of another job', PUSH.replace(`/db/${PREVIOUS}`, `/files/${PREVIOUS}`), 'of the same job'],
  ['a basis that climbs', PUSH.replace(`/db/${PREVIOUS}/`, '/db/../'), 'of the same job'],
  ['a relative basis', PUSH.replace(`/db/${PREVIOUS}/`, `../${PREVIOUS}/`), 'of the same job'],
  ['six bases', PUSH.replace('--stats', `--compare-dest /db/${ID}/ `.repeat(4).trim()), 'more than 5'],
  ['linking by rsync itself', PUSH.replace('--compare-dest', '--link-dest'), '--link-dest is not allowed'],
  ['a list and the whole tree', LISTED.replace('AR', 'ArR'), 'neither -r nor a list'],
  ['neither a list nor the whole tree', LISTED.replace('AR', 'A'), 'neither -r nor a list'],
  ['hard links in a list', LISTED.replace('-lyy', '-lyyH'), '-H does not go with a list'],
  ['notes that delete', NOTES.replace('--timeout=30', '--delete'), 'not allowed in a notes'],
  ['recursive notes', NOTES.replace('-te', '-tre'), 'notes are sent with rsync -t'],
  ['contents that are written', CONTENT.replace('-nl', '-l'), 'must be a dry run'],
  [
    'a push without metadata',
    LISTED.replace('ogDtpA', 't').replace(' --fake-super', ''),
    'neither those of fake_super',
  ],
  [
    'a basis without a value',
    `rsync --server -lHogDtpAre.i --numeric-ids --fake-super --compare-dest . db/${ID}/`,
    'same job',
  ],
  ['an option twice', PUSH.replace('--stats', '--stats --stats'), 'given twice'],
  ['three times -y', PUSH.replace('-lyy', '-lyyy'), 'too often'],
  ['two groups of letters', PUSH.replace('--stats', '-n'), 'one group of letters'],
  ['letters after the destination dot', PUSH.replace('. db', '. -n db'), 'does not end in one destination'],
  ['no letters', PUSH.replace('-lyyHogDtpAre.iLsfxCIvu ', ''), 'letters of a stock rsync client are missing'],
  ['one list for all directories', PUSH.replace('e.iLsfxCIvu', 'e.LsfxCIvu'), 'one list for each directory'],
  ['one list for all directories, to verify', VERIFY.replace('e.iLs', 'e.Ls'), 'one list for each directory'],
  ['letters without a protocol', PUSH.replace('e.iLsfxCIvu', ''), 'not those of a stock rsync client'],
  ['no times', PUSH.replace('Dtp', 'Dp'), 'neither those of fake_super'],
  ['owners without fake_super', PUSH.replace(' --fake-super', ''), 'neither those of fake_super'],
  ['fake_super without numeric ids', PUSH.replace(' --numeric-ids', ''), '--numeric-ids is missing'],
  ['no timeout by 0', PUSH.replace('=300', '=0'), '--timeout has a value'],
  ['an option without its value', PUSH.replace('--timeout=300', '--timeout='), '--timeout has'],
  ['a value where none belongs', PUSH.replace('--stats', '--stats=1'), '--stats has a value'],
  ['an empty value where none belongs', PUSH.replace('--stats', '--stats='), '--stats has no value'],
  ['a log format of its own', PUSH.replace('%i%I', '%f'), '--log-format has a value'],
  ['a name from the prototype', PUSH.replace('--stats', '--constructor'), '--constructor is not allowed'],
  ['a quote', PUSH.replace('db/', "d'b/"), 'a character'],
  ['a glob', PUSH.replace('. db', '. d*'), 'a character'],
  ['a backslash', PUSH.replace('. db', '. d\\b'), 'a character'],
  ['a line break', `${PUSH}\n`, 'a character'],
  ['a tab', PUSH.replace(' . ', '\t.\t'), 'a character'],
  ['a blank that is none of ASCII', PUSH.replace('--stats', '--stats\u2003--sender'), 'a character'],
  ['a NUL', `${PUSH}\0`, 'a character'],
  ['two blanks', PUSH.replace(' . ', '  . '), 'one group of letters'],
  ['too long a line', `rsync --server ${'--stats '.repeat(LONGEST_COMMAND / 8)}`, 'longer than'],
])('refuses %s', (_, commandLine, reason) => {
  expect(reasonOf(commandLine)).toContain(reason);
});
