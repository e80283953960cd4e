import { existsSync, lstatSync } from 'node:fs';
import { link, mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { snapshotIdOf } from '../../../../src/shared/snapshot-id.ts';
import { must } from '../../../support/processes.ts';
import { casesOf, type Case } from '../cases.ts';
import { expectRefused, type Siege } from '../siege.ts';

/* Ids that are none, or not now; attempts beyond the limits; bases that are none, or not what they seem. */

const push = (siege: Siege, id: string, ...bases: string[]) =>
  siege.ssh(
    [
      'rsync --server -logDtpAre.iLsfxCIvu --partial --numeric-ids',
      ...bases.map((basis) => `--compare-dest ${basis}`),
      `--fake-super . db/${id}/`,
    ].join(' '),
    { patience: 4000 },
  );

export const NO_IDS = casesOf(
  [
    '2026-02-30T021500Z', '2026-04-31T021500Z', '2026-13-01T021500Z', '2026-00-10T021500Z', '2026-11-00T021500Z', '2026-11-23T240000Z',
    '2026-11-23T235960Z', '2026-11-23T236000Z', '2025-02-29T000000Z', '0000-00-00T000000Z', '9999-99-99T999999Z', '2026-11-23t021500z',
    '2026-11-23T02:15:00Z', '2026-11-23T021500', '2026-11-23T021500+00', '2026-11-23T021500.000Z', '+02026-11-23T021500Z', '-2026-11-23T021500Z',
    '2026-11-23T021500Z.', '2026-11-23T021500Z.trash', '2026-11-23T021500Z%00', '.', '..', '__proto__', 'constructor',
  ],
  1,
  (id) => `the id ${id}, which is none`,
  async (siege, id) => {
    expectRefused(await push(siege, id));
    expectRefused(await siege.ssh(`rsync --server -te.LsfxCIvu . db/${id}.sealed`));
    expectRefused(await push(siege, siege.host.nextId(), `/db/${id}/`));
  },
); // prettier-ignore

const HOUR = 3_600_000;
const MONTH = 30 * 24 * HOUR;

export const WRONG_TIMES = casesOf(
  [
    ['an hour ahead', HOUR],
    ['an hour behind', -HOUR],
    ['a month ahead', MONTH],
    ['a month behind', -MONTH],
    ['in 7,000 years', 7000 * 12.17 * MONTH],
    ['in the year 1970', -56 * 12.17 * MONTH],
    ['just beyond what the clock may be ahead', 11 * 60_000],
    ['just beyond what the clock may be behind', -11 * 60_000],
  ] as const,
  1,
  ([when]) => `an id ${when}`,
  async (siege, [, distance]) => {
    const id = snapshotIdOf(new Date(new Date().getTime() + distance));
    const { code, stderr } = await siege.host.push(id);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/refused: (clock skew|ids must increase)/);
    expect(existsSync(join(siege.host.jobDirectory, `${id}.partial`))).toBe(false);
  },
);

export const ORDER_OF_IDS: readonly Case[] = [
  {
    name: 'an id below the last, and those of both sealed snapshots',
    often: true,
    attack: async (siege) => {
      const older = siege.host.nextId();
      const newer = siege.host.nextId();
      await siege.host.push(newer);
      expectRefused(await siege.host.push(older), 'ids must increase');
      for (const id of siege.sealed) expectRefused(await siege.host.push(id), `snapshot ${id} exists already`);
      expectRefused(await siege.host.push(newer), `snapshot ${newer} exists already`);
    },
  },
  {
    name: 'an id below that of an attempt that was removed',
    attack: async (siege) => {
      const older = siege.host.nextId();
      const newer = siege.host.nextId();
      await siege.host.push(newer);
      must('rm', '-rf', join(siege.host.jobDirectory, `${newer}.partial`));
      expectRefused(await siege.host.push(older), 'ids must increase');
    },
  },
  {
    name: 'more attempts than a day may have, finished ones and such as were cut off at once',
    attack: async (siege) => {
      await siege.host.configure({ gate: { attempts_per_day: 1000 } });
      const ledger = async () => (await siege.attempts()).length;
      const before = await ledger();
      const cut = siege.host.startRsync(['--bwlimit=100', ...siege.host.pushArguments(siege.host.nextId())]);
      await expect.poll(ledger, { timeout: 10_000 }).toBe(before + 1);
      await cut.stop();
      // Let in, and then silent: the same.
      await siege.ssh(`rsync --server -logDtpAre.iLsfxCIvu --partial --numeric-ids --fake-super . db/${siege.host.nextId()}/`, { patience: 1500 }); // prettier-ignore
      await siege.host.push(siege.host.nextId());
      expect(await ledger()).toBe(before + 3);
      await siege.host.configure({ gate: { attempts_per_day: before + 3 } });
      expectRefused(await siege.host.push(siege.host.nextId()), `too often: ${before + 3} attempts`);
      // What is refused is no attempt, and dry runs are none, but the limit holds for them too.
      expectRefused(await siege.host.push(siege.host.nextId(), { dryRun: true }), 'too often');
      expect(await ledger()).toBe(before + 3);
    },
  },
  {
    name: 'an attempt too soon after one that was cut off',
    attack: async (siege) => {
      await siege.ssh(`rsync --server -logDtpAre.iLsfxCIvu --partial --numeric-ids --fake-super . db/${siege.host.nextId()}/`, { patience: 1500 }); // prettier-ignore
      await siege.host.configure({ gate: { min_interval: '1h' } });
      expectRefused(await siege.host.push(siege.host.nextId()), 'too soon');
    },
  },
];

export const NO_BASES = casesOf(
  ['..', '../', '/..', '/', '/etc/', '/db/../db/', '/db/', '/files/2026-11-23T021500Z/', '../web2/db/2026-11-23T021500Z/', '/web2/db/2026-11-23T021500Z/', '/proc/self/fd/3/', '/db/2026-11-23T021500Z.frozen/', '/db/2026-11-23T021500Z.partial/', '/db/2026-11-23T021500Z/deep/', '/db/2026-11-23T021500Z', '/.trash/db.2026-11-23T021500Z/', '--link-dest', '.', '/_selftest/2026-11-23T021500Z/'],
  1,
  (basis) => `the basis ${basis}`,
  async (siege, basis) => expectRefused(await push(siege, siege.host.nextId(), basis)),
); // prettier-ignore

export const BASES: readonly Case[] = [
  {
    name: 'bases that do not exist, alone and before one that does, bring nothing',
    often: true,
    attack: async (siege) => {
      const absent = snapshotIdOf(new Date(new Date().getTime() - MONTH));
      const alone = siege.host.nextId();
      expect((await siege.host.push(alone, { bases: [absent] })).code).toBe(0);
      expect((await siege.host.push(siege.host.nextId(), { bases: [absent, ...siege.sealed] })).code).toBe(0);
    },
  },
  {
    name: 'the snapshot of another job as a basis',
    attack: async (siege) => {
      // Its id is none of this job.
      const end = await siege.host.push(siege.host.nextId(), { bases: [siege.beside] });
      expect(end).toMatchObject({ code: 0 });
      expect(end.stdout).not.toMatch(/linked [1-9]/);
      expectRefused(await push(siege, siege.host.nextId(), `/files/${siege.beside}/`), '--compare-dest is not');
    },
  },
  {
    name: 'itself as a basis',
    attack: async (siege) => {
      const id = siege.host.nextId();
      expect((await siege.host.push(id, { bases: [id] })).code).toBe(0);
    },
  },
  {
    name: 'six bases, and one basis six times',
    attack: async (siege) => {
      const six = Array.from({ length: 6 }, () => `/db/${siege.sealed[1]}/`);
      expectRefused(await push(siege, siege.host.nextId(), ...six), 'more than 5 --compare-dest');
    },
  },
  ...casesOf(
    Object.entries(planted()),
    1,
    ([what]) => `an attempt that is continued, with ${what} in it`,
    async (siege, [, plant]) => {
      const { host } = siege;
      const frozen = await siege.frozen();
      const tree = join(host.jobDirectory, `${frozen}.frozen`);
      await plant(tree, siege);
      const { uid, gid } = host.sshd.account;
      if (lstatSync(tree).isDirectory()) must('chown', '-hR', `${uid}:${gid}`, join(tree, 'deep'));
      const id = host.nextId();
      const source = siege.hostileTree();
      await writeFile(join(source, 'dump.sql'), 'of the attacker\n');
      must('chmod', '-R', 'ugo+rwX', source);
      await host.push(id, { bases: [siege.sealed[1], frozen], source });
      const names = await readdir(host.jobDirectory);
      expect(names.filter((name) => name.startsWith(id)).length).toBeLessThanOrEqual(1);
      // Whatever became of that, the next one is none the worse.
      expect((await host.push(host.nextId(), { bases: [siege.sealed[1]] })).code).toBe(0);
    },
  ),
];

/** What may lie in a frozen attempt: by an attacker who has found a way to put it there, or by chance. */
function planted(): Readonly<Record<string, (tree: string, siege: Siege) => Promise<void> | void>> {
  const into = (siege: Siege, ...names: string[]) => join(siege.host.jobDirectory, siege.sealed[1], ...names);
  return {
    'a link to a directory of a sealed snapshot': async (tree, siege) => {
      must('rm', '-rf', join(tree, 'odd'));
      await symlink(into(siege, 'odd'), join(tree, 'odd'));
      await symlink('../..', join(tree, 'deep/up'));
    },
    'names of sealed files': async (tree, siege) => {
      must('rm', '-f', join(tree, 'dump.sql'));
      await link(into(siege, 'dump.sql'), join(tree, 'dump.sql'));
      await link(into(siege, 'odd/set'), join(tree, 'deep/stolen'));
      // Its content is the same, so rsync would only change its mode: where it lies.
      must('rm', '-f', join(tree, 'deep/secret.conf'));
      await link(into(siege, 'deep/secret.conf'), join(tree, 'deep/secret.conf'));
    },
    'named pipes in the place of files and directories': (tree) => {
      must('rm', '-rf', join(tree, 'dump.sql'), join(tree, 'odd'));
      must('mkfifo', join(tree, 'dump.sql'), join(tree, 'odd'), join(tree, 'deep/pipe'));
    },
    'a directory without permissions, full of what rsync leaves': async (tree) => {
      await mkdir(join(tree, 'deep/closed'));
      await writeFile(join(tree, 'deep/closed/.x.AbCdEf'), 'x');
      must('chmod', '0', join(tree, 'deep/closed'));
    },
    'nothing but a link in its own place': async (tree, siege) => {
      await rename(tree, join(siege.aside, 'moved'));
      await symlink(into(siege), tree);
    },
  };
}
