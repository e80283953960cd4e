import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ALIAS } from '../../../support/sshd.ts';
import { HostileSender } from '../../sender/hostile-sender.ts';
import { int32 } from '../../sender/wire.ts';
import { casesOf, type Case } from '../cases.ts';
import { expectAllRefused, expectRefused, type Siege } from '../siege.ts';
import { SECRET_OUTSIDE, RULES } from './protocol.ts';

/* What the key can do that may only read. */

const WRITES: readonly (readonly [what: string, line: (siege: Siege) => string])[] = [
  [
    'a push',
    ({ host }) => `rsync --server -logDtpAre.iLsfxCIvu --partial --numeric-ids --fake-super . db/${host.nextId()}/`,
  ],
  [
    'a push over a sealed snapshot',
    ({ sealed }) => `rsync --server -logDtpAre.iLsfxCIvu --partial --numeric-ids --fake-super . db/${sealed[0]}/`,
  ],
  [
    'a dry run of a push',
    ({ host }) => `rsync --server -nlogDtpAre.iLsfxCIvu --partial --numeric-ids --fake-super . db/${host.nextId()}/`,
  ],
  [
    'a verification',
    ({ sealed }) => `rsync --server -nlHogDtpArce.iLsfxCIvu --delete --numeric-ids --fake-super . db/${sealed[0]}/`,
  ],
  ['notes', ({ host }) => `rsync --server -te.LsfxCIvu . db/${host.nextId()}.notes`],
  ['a seal', ({ sealed }) => `rsync --server -te.LsfxCIvu . db/${sealed[0]}.sealed`],
  ['a manifest', ({ sealed }) => `rsync --server -te.LsfxCIvu . db/${sealed[0]}.sha256`],
  ['--sender after other words', ({ sealed }) => `rsync --server -te.LsfxCIvu --sender . db/${sealed[0]}/`],
  ['--sender twice', ({ sealed }) => `rsync --server --sender --sender -te.LsfxCIvu . db/${sealed[0]}/`],
];

export const WRITING = casesOf(
  WRITES,
  1,
  ([what]) => `with the read key, ${what}`,
  async (siege, [, line]) => expectRefused(await siege.ssh(line(siege), { key: 'read' })),
);

export const READ_OPTIONS = casesOf(
  [
    '--remove-source-files', '--remove-sent-files', '--log-file=/x', '--files-from=-', '--files-from=/etc/passwd', '--from0', '--delete', '--inplace', '--append', '--partial',
    '--copy-unsafe-links', '--no-munge-links', '--munge-links', '--safe-links', '--super', '--max-alloc=0', '--debug=ALL', '--info=ALL', '--checksum-seed=1', '--iconv=a,b',
    '--compare-dest=/db/', '--copy-dest /x', '--temp-dir=/x', '--backup', '--daemon', '--config=/x', '--early-input=x', '--open-noatime', '--write-batch=x', '--usermap=0:1',
    '--confine-root=/', '--ignore-missing-args', '--mkpath', '--stats', '-L', '-k', '-K', '-R', '-X', '-U', '-N', '-s', '-m', '-x', '-b', '-q', '-v',
  ],
  1,
  (option) => `with the read key, the option ${option}`,
  async (siege, option) => {
    const words = `rsync --server --sender -lHogDtpAre.iLsfxCIvu --numeric-ids --fake-super . /db/${siege.sealed[1]}/`.split(' ');
    const lines = [3, 5].map((at) => words.toSpliced(at, 0, option).join(' '));
    await expectAllRefused(siege, lines, { key: 'read' });
  },
); // prettier-ignore

const PLACES: readonly ((siege: Siege) => string)[] = [
  () => '/', () => '', () => '.', () => '/db/', () => 'db', () => '..', () => '/etc/passwd', () => '../../state/web1/gate.log', () => '/.trash/', () => '/db/.trash/',
  ({ sealed }) => `/db/${sealed[0]}/../${sealed[1]}/`, ({ sealed }) => `/db/${sealed[0]}/../../files/`, ({ sealed }) => `/db/${sealed[0]}/./deep/`, ({ sealed }) => `/db//${sealed[0]}/`,
  ({ sealed }) => `/db/${sealed[0]}/odd/to-directory/one`, ({ sealed }) => `/db/${sealed[0]}/odd/up/`, ({ sealed }) => `/db/${sealed[0]}/outside`, ({ sealed }) => `/db/${sealed[0]}/outside/`,
  ({ sealed }) => `/files/${sealed[0]}/`, ({ sealed }) => `/web1/db/${sealed[0]}/`, ({ sealed }) => `/db/${sealed[0]}.partial/`, ({ sealed }) => `/db/${sealed[0]}.frozen/`, ({ sealed }) => `/db/${sealed[0]}.unsealed/`,
  ({ sealed }) => `/db/${sealed[0]}.sealed/`, ({ sealed }) => `/db/${sealed[0]}.sealed/../`, ({ sealed }) => `/db/${sealed[0]} /etc/`, ({ sealed }) => `/db/${sealed[0]}/*`, ({ sealed }) => `/db/${sealed[0]}/{deep,odd}`,
  ({ sealed }) => `/db/${sealed[0]}/~root`, () => '/_selftest/', () => '/other/2026-11-23T021500Z/', () => '/db/2026-02-30T021500Z/',
]; // prettier-ignore

export const READ_PLACES = casesOf(
  PLACES.map((place, index) => ({ place, index })),
  1,
  ({ place }) => `with the read key, the place ${place({ sealed: ['ID', 'ID2'] } as unknown as Siege)}`,
  async (siege, { place }) => {
    const at = place(siege);
    const line = `rsync --server --sender -lHogDtpAre.iLsfxCIvu --numeric-ids --fake-super . ${at}`;
    const { code, stdout, stderr } = await siege.ssh(line, { key: 'read', patience: 3000 });
    const known = /\/outside$|~root$/.test(at);
    // What the snapshot has under that name, a link or nothing, it may tell.
    if (!known) expectRefused({ code, stdout, stderr });
    expect(`${stdout}${stderr}`).not.toContain('root:x:');
  },
);

export const READ_FILTERS = casesOf(
  RULES,
  1,
  ([what]) => `over the wire, ${what}, with the read key`,
  async (siege, [, rule]) => {
    const text = Buffer.from(rule(siege));
    const { stdout } = await siege.ssh('list', { key: 'read' });
    expect(stdout).toContain(siege.sealed[0]);
    const reader = await HostileSender.connect({
      remoteShell: [...siege.remoteShell('read'), ALIAS],
      commandLine: `rsync --server --sender -nlogDtpAre.iLsfxCu --numeric-ids --fake-super . /db/${siege.sealed[1]}/`,
      protocol: 31,
      letters: 'logDtpAr',
    });
    reader.send(Buffer.concat([int32(text.length), text, int32(0)]));
    const { said } = await reader.end(1500);
    expect(said).not.toMatch(SECRET_OUTSIDE);
  },
);

export const READING: readonly Case[] = [
  {
    name: 'with the read key, a restore into the secondary’s own places',
    often: true,
    attack: async (siege) => {
      const shell = siege.remoteShell('read').join(' ');
      const to = join(siege.aside, 'restored');
      const from = `${ALIAS}:/db/${siege.sealed[1]}/`;
      const end = await siege.run('rsync', '-aHA', '--numeric-ids', '-M--fake-super', '-e', shell, from, to);
      expect(end.code).toBe(0);
      expect(existsSync(join(to, 'dump.sql'))).toBe(true);
      expect(readdirSync(to)).not.toContain('.trash');
    },
  },
];
