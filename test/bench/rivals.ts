import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatSeal, type StoredSeal } from '../../src/shared/seal.ts';
import { setUpController } from './controller.ts';
import type { Command } from './measure.ts';
import { ALIAS, type Bench } from './secondary.ts';
import { pruneCommand } from './sections/prune.ts';

/** A backup program with a repository on the secondary, and the command of each thing that is measured. */
export interface Rival {
  readonly name: string;
  /** Makes the repository; not measured. */
  readonly init: readonly Command[];
  readonly backup: Command;
  /** Milliseconds to wait before each of its sessions, because two must not begin in the same second. */
  readonly pause?: number;
  /** Undefined: it has none. */
  readonly verify: Command | undefined;
  readonly restore: (to: string) => Command;
  /** Makes the older snapshots old enough to be removed; not measured. Undefined: it asks for no age. */
  readonly age?: () => void;
  /** Removes all snapshots but the newest. */
  readonly removeOld: readonly Command[];
  /** How many snapshots there are now. */
  readonly snapshots: () => Promise<number>;
  /** Directory on the secondary; put aside between the rounds. */
  readonly place: string;
}

/** Makes a rival for one round; undefined if its program is not installed. */
export type RivalMaker = (bench: Bench, source: string, label: string, job: string) => Rival | undefined;

const installed = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

const countIn = async (directory: string, name: RegExp) =>
  (await readdir(directory)).filter((one) => name.test(one)).length;

const ours: RivalMaker = (bench, source, label, job) => {
  const controller = setUpController(bench, source, label, [job]);
  return {
    name: 'offsite-rsync (gate)',
    init: [],
    backup: controller.run('gate', job),
    verify: controller.verify('gate', job),
    restore: (to) => ({
      argv: [
        ...['rsync', '-aHA', '--numeric-ids', '-M--fake-super', '-z', '-e', bench.remoteShell('open').join(' ')],
        ...[`${ALIAS}:${join(bench.roots.gate, job, controller.latest('gate', job))}/`, `${to}/`],
      ],
    }),
    age: () => setBack(join(bench.roots.gate, job)),
    removeOld: [pruneCommand(bench)],
    snapshots: () => countIn(join(bench.roots.gate, job), /\.sealed$/),
    place: join(bench.roots.gate, job),
  };
};

const TWO_DAYS = 2 * 86_400_000;

/** Prune goes by the gate's receipts, and its policy here keeps what came within a day: each was received two days before the next. */
function setBack(directory: string): void {
  const seals = readdirSync(directory).filter((name) => name.endsWith('.sealed'));
  for (const [index, name] of seals.sort().reverse().entries()) {
    const path = join(directory, name);
    const seal = JSON.parse(readFileSync(path, 'utf8')) as Required<StoredSeal>;
    const received = new Date(Date.parse(seal.receipt.received) - index * TWO_DAYS).toISOString();
    writeFileSync(path, formatSeal({ ...seal, receipt: { ...seal.receipt, received } }));
  }
}

const restic: RivalMaker = (bench, source, label) => {
  if (!installed('restic')) return undefined;
  const place = join(bench.roots.open, `restic-${label}`);
  const sftp = `sftp.command=${bench.remoteShell('open').join(' ')} ${ALIAS} /usr/lib/openssh/sftp-server`;
  const env = { RESTIC_PASSWORD: 'bench', RESTIC_CACHE_DIR: join(bench.directory, `cache-restic-${label}`) };
  const call = (...words: string[]): Command => ({
    argv: ['restic', '--quiet', '-r', `sftp:${ALIAS}:${place}`, '-o', sftp, ...words],
    env,
  });
  return {
    name: 'restic (sftp)',
    init: [call('init', '--repository-version', '2')],
    backup: call('backup', source),
    verify: call('check', '--read-data'),
    restore: (to) => call('restore', 'latest', '--target', to),
    removeOld: [call('forget', '--keep-last', '1', '--prune')],
    snapshots: () => countIn(join(place, 'snapshots'), /./),
    place,
  };
};

const borg: RivalMaker = (bench, source, label) => {
  if (!installed('borg')) return undefined;
  const place = join(bench.roots.open, `borg-${label}`);
  const repository = `ssh://${ALIAS}${place}`;
  const env = {
    BORG_RSH: bench.remoteShell('open').join(' '),
    BORG_BASE_DIR: join(bench.directory, `cache-borg-${label}`),
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
  };
  const call = (...words: string[]): Command => ({ argv: ['borg', ...words], env });
  return {
    name: 'borg (ssh)',
    init: [call('init', '--encryption', 'none', repository)],
    backup: call('create', '--compression', 'zstd', `${repository}::{utcnow}`, source),
    verify: call('check', '--verify-data', repository),
    restore: (to) => ({
      argv: ['sh', '-c', `cd "$0" && borg extract ${repository}::"$(borg list --last 1 --short ${repository})"`, to],
      env,
    }),
    removeOld: [call('prune', '--keep-last', '1', repository), call('compact', repository)],
    snapshots: async () => {
      // Not spawnSync, because its line is served by this process.
      const listed = await promisify(execFile)('borg', ['list', '--short', repository], {
        env: { ...process.env, ...env },
      });
      return listed.stdout.trim().split('\n').filter(Boolean).length;
    },
    place,
  };
};

const rdiffBackup: RivalMaker = (bench, source, label) => {
  if (!installed('rdiff-backup')) return undefined;
  const place = join(bench.roots.open, `rdiff-${label}`);
  const schema = `${bench.remoteShell('open').join(' ')} {h} rdiff-backup server`;
  const call = (...words: string[]): Command => ({
    argv: ['rdiff-backup', '--remote-schema', schema, ...words],
  });
  const there = `${ALIAS}::${place}`;
  return {
    name: 'rdiff-backup (ssh)',
    init: [],
    backup: call('backup', source, there),
    pause: 1100,
    verify: call('compare', '--method', 'hash', source, there),
    restore: (to) => call('restore', there, join(to, 'all')),
    removeOld: [
      {
        argv: [
          'rdiff-backup',
          '--force',
          '--remote-schema',
          schema,
          'remove',
          'increments',
          '--older-than',
          'now',
          there,
        ],
      },
    ],
    snapshots: () => countIn(join(place, 'rdiff-backup-data'), /^mirror_metadata\./),
    place,
  };
};

/**
 * It runs on the host that keeps the backups, and pulls. So here root is the secondary and reads the source over ssh.
 */
const rsnapshot: RivalMaker = (bench, source, label) => {
  if (!installed('rsnapshot')) return undefined;
  const place = join(bench.directory, `rsnapshot-${label}`);
  mkdirSync(place, { mode: 0o700 });
  const configuration = `${place}.conf`;
  const ssh = bench.remoteShell('open');
  const lines = [
    ['config_version', '1.2'],
    ['snapshot_root', `${place}/`],
    ['cmd_rsync', '/usr/bin/rsync'],
    ['cmd_ssh', '/usr/bin/ssh'],
    ['ssh_args', ssh.slice(1).join(' ')],
    ['rsync_long_args', '--delete --numeric-ids --relative --delete-excluded -HAz'],
    ['retain', 'daily', '31'],
    ['no_create_root', '1'],
    ['backup', `${ALIAS}:${source}/`, 'primary/'],
  ];
  writeFileSync(configuration, lines.map((words) => `${words.join('\t')}\n`).join(''));
  chmodSync(configuration, 0o600);
  return {
    name: 'rsnapshot (ssh, pulls)',
    init: [],
    backup: { argv: ['rsnapshot', '-c', configuration, 'daily'] },
    verify: undefined,
    restore: (to) => ({
      argv: ['rsync', '-aHA', `${place}/daily.0/`, `${to}/`],
    }),
    snapshots: () => countIn(place, /^daily\./),
    removeOld: [{ argv: ['sh', '-c', `rm -rf $(ls -d ${place}/daily.* | grep -v 'daily.0$')`] }],
    place,
  };
};

/** The programs that are compared, by the name of the Debian package; ours first. */
export const RIVALS: Readonly<Record<string, RivalMaker>> = {
  'offsite-rsync': ours,
  restic,
  borgbackup: borg,
  rsnapshot,
  'rdiff-backup': rdiffBackup,
};
