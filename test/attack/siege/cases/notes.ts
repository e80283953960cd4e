import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { SELFTEST_JOB } from '../../../../src/shared/names.ts';
import { ALIAS } from '../../../support/sshd.ts';
import { casesOf, type Case } from '../cases.ts';
import { expectRefused, type Siege } from '../siege.ts';
import { sendNotes } from './order.ts';

/* Notes, which tell the gate what to link and what not; and the job for trials. */

/** Records that are well formed and lie: what they bring about stays in the new tree. */
const LIES: readonly (readonly [what: string, records: (siege: Siege) => readonly string[]])[] = [
  ['everything is gone', () => ['-dump.sql', '-deep', '-deep/er', '-odd', '-inside', '-empty']],
  ['the names below a link are gone', () => ['-odd/to-directory/one', '-inside/x', '-odd/up/x']],
  ['all names are one file', () => ['=dump.sql', '+empty', '+deep/secret.conf', '+odd/set', '+odd/shared/one']],
  ['a directory is another name of a file', () => ['=dump.sql', '+deep', '+odd']],
  ['a file is another name of a directory', () => ['=deep', '+dump.sql', '+new']],
  ['a file is another name of itself', () => ['=dump.sql', '+dump.sql', '+dump.sql']],
  ['a file is another name of a link that leads out', () => ['=outside', '+dump.sql', '+copy-of-link']],
  [
    'the name of a file leads through a link',
    ({ sealed }) => ['=dump.sql', '+odd/to-directory/new', `+odd/up/${sealed[1]}`],
  ],
  ['names that the source has nowhere belong to one file', () => ['=nowhere', '+dump.sql', '+nor/here']],
  ['a name has 4,000 characters', () => [`-${'x/'.repeat(2000)}y`, `=${'n'.repeat(255)}`, '+z']],
  ['a name has newlines and control characters', () => ['-odd/new\nline', '=\x1b[2J', '+\r\n']],
  ['10,000 groups have one name each', () => Array.from({ length: 10_000 }, (_, index) => `=x${index}`)],
  ['a file that is gone is another name', () => ['-dump.sql', '=dump.sql', '+again']],
  ['names are those of the gate’s own copies', () => ['=dump.sql', '+.offsite-rsync.000000']],
];

export const LYING_NOTES = casesOf(
  LIES,
  1,
  ([what]) => `notes that say: ${what}`,
  async (siege, [, records]) => {
    const { host, sealed } = siege;
    const id = host.nextId();
    expect(await sendNotes(siege, id, ...records(siege))).toMatchObject({ code: 0 });
    const source = siege.hostileTree();
    const list = join(siege.aside, 'list');
    await writeFile(list, ['.', 'deep', 'odd'].map((name) => `${name}\0`).join(''));
    const words = ['-lptgoDA', '--numeric-ids', '-M--fake-super', '--partial', '--from0', `--files-from=${list}`];
    await siege.rsync(...words, `--compare-dest=/db/${sealed[1]}/`, `${source}/`, `${ALIAS}:db/${id}/`);
    // Whatever it is now, it can be continued or sealed, and the next push is none the worse.
    await host.seal(id);
    expect((await host.push(host.nextId(), { bases: [sealed[1]] })).code).toBe(0);
  },
);

/** Records that no client of ours writes: the push ends. */
const BAD = [
  '-../x', '-/etc/passwd', '=deep/../../x', '+deep/secret.conf', '-', '=', '-.', '-..', '-./x', '-deep//er', '-deep/', '-deep/.', '*x', ' x', '\u2003-x', '-x\n=y/../z',
]; // prettier-ignore

export const BAD_NOTES = casesOf(
  BAD,
  1,
  (record) => `notes with the record ${JSON.stringify(record)}`,
  async (siege, record) => {
    const id = siege.host.nextId();
    expect((await sendNotes(siege, id, record)).code).toBe(0);
    expectRefused(await siege.host.push(id, { bases: [siege.sealed[1]] }), 'the notes ');
    expect(existsSync(join(siege.host.jobDirectory, `${id}.frozen`))).toBe(true);
  },
);

export const NOTES: readonly Case[] = [
  {
    name: 'a link, a directory and a named pipe in the place of notes',
    attack: async (siege) => {
      const id = siege.host.nextId();
      await symlink('/etc/passwd', join(siege.aside, 'link'));
      await mkdir(join(siege.aside, 'tree/below'), { recursive: true });
      const to = `${ALIAS}:db/${id}.notes`;
      expectRefused(await siege.rsync('-lt', join(siege.aside, 'link'), to), 'notes are sent with rsync -t');
      expectRefused(await siege.rsync('-rt', join(siege.aside, 'tree/'), to), 'notes are sent with rsync -t');
      expect((await siege.rsync('-t', '/etc/passwd', '/etc/group', to)).code).not.toBe(0);
      expect(readdirSync(join(siege.host.hostState, 'spool/db'))).not.toContain('incoming');
    },
  },
  {
    name: 'notes that begin with something else, and such as have no end',
    attack: async (siege) => {
      for (const text of [
        'offsite-rsync notes 2\0-x\0',
        '-x\0',
        'offsite-rsync notes 1\0-x',
        '\0'.repeat(1000),
        '{}',
      ]) {
        const id = siege.host.nextId();
        const file = join(siege.aside, `${id}.notes`);
        await writeFile(file, text);
        expect((await siege.rsync('-t', file, `${ALIAS}:db/${id}.notes`)).code).toBe(0);
        expectRefused(await siege.host.push(id, { bases: [siege.sealed[1]] }), 'the notes ');
      }
    },
  },
];

const selftest = (id: string, ...bases: string[]) =>
  `rsync --server -logDtpAre.iLsfxCIvu --partial --numeric-ids ${bases.map((basis) => `--compare-dest ${basis} `).join('')}--fake-super . ${SELFTEST_JOB}/${id}/`;

export const TRIALS: readonly Case[] = [
  {
    name: 'a snapshot as a basis for a trial, and a trial for a snapshot',
    often: true,
    attack: async (siege) => {
      const [id] = siege.sealed;
      expectRefused(await siege.ssh(selftest(siege.host.nextId(), `/db/${id}/`)), '--compare-dest is not');
      const line = selftest(siege.host.nextId(), `/${SELFTEST_JOB}/${id}/`).replace(/\S+$/, `db/${id}/`);
      expectRefused(await siege.ssh(line), '--compare-dest is not');
    },
  },
  {
    name: 'a seal and notes for a trial',
    attack: async (siege) => {
      const id = siege.host.nextId();
      for (const name of [`${id}.sealed`, `${id}.notes`])
        expectRefused(
          await siege.ssh(`rsync --server -te.LsfxCIvu . ${SELFTEST_JOB}/${name}`),
          `${SELFTEST_JOB} is for trials`,
        );
    },
  },
  {
    name: 'links from a trial into a snapshot',
    attack: async (siege) => {
      const id = siege.host.nextId();
      const source = siege.hostileTree();
      await symlink(`../../db/${siege.sealed[1]}`, join(source, 'way'));
      const words = siege.host.pushArguments(id, { source }).map((word) => word.replace(':db/', `:${SELFTEST_JOB}/`));
      expect(await siege.run('rsync', ...words)).toMatchObject({ code: 0 });
      const stored = join(siege.host.jobDirectory, '..', SELFTEST_JOB, `${id}.partial`);
      expect(lstatSync(join(stored, 'dump.sql')).nlink).toBe(2); // with hard-link.sql, and nothing else
    },
  },
  {
    name: 'a trial with the name of a job, and a job with the name of a trial',
    attack: async (siege) => {
      const id = siege.host.nextId();
      for (const job of ['_db', '_selftest_', '_Selftest', '__selftest', 'selftest', '_selftest.', '.selftest'])
        expectRefused(await siege.ssh(selftest(id).replace(`${SELFTEST_JOB}/`, `${job}/`)));
    },
  },
];
