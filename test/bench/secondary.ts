import { spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../ssh/support/remove-tree.ts';
import { ALIAS, startPrivateSshd, type TestAccount } from '../support/sshd.ts';
import { layLine } from '../support/line.ts';
import type { Ends } from './measure.ts';

/** How a key is let in: by our gate, by plain rrsync, or with a shell (for the other programs). */
export type Way = 'gate' | 'rrsync' | 'open';

/** The secondary of the benchmark: a private sshd behind a line that counts, and room on the disk. */
export interface Bench {
  readonly directory: string;
  readonly account: TestAccount;
  readonly ends: Ends;
  readonly port: number;
  /** The built programs, where the account can read them. The scrub is not beside the gate, which would start it after each seal. */
  readonly programs: { readonly cli: string; readonly gate: string; readonly prune: string; readonly scrub: string };
  /** secondary.yaml of the host `bench`. */
  readonly gateConfig: string;
  /** Where the jobs of the gate and of plain rrsync lie. */
  readonly roots: Readonly<Record<Way, string>>;
  readonly keyFile: (way: Way) => string;
  readonly knownHosts: string;
  /** Words for rsync's `-e` and its like. */
  readonly remoteShell: (way: Way) => readonly string[];
  /** Words that drop to the account. */
  readonly asAccount: readonly string[];
  /**
   * Moves a tree away, so that its name can be used again. Nothing is deleted between measurements, because ext4
   * without a journal does not reuse the numbers of deleted inodes for a minute or more, and checks each of them
   * whenever a file is created. That made a first backup of 50,000 files take 25 s instead of 10 s (`recently_deleted`,
   * seen with perf).
   */
  readonly putAside: (path: string) => void;
  readonly stop: () => Promise<void>;
}

/** Names of jobs that the gate serves: each repetition has its own. */
export const JOBS = Array.from({ length: 80 }, (_, index) => `job${index}`);

const WAYS = ['gate', 'rrsync', 'open'] as const;

/** @param dist directory of the built programs */
export async function startBench(dist: string): Promise<Bench> {
  const sshd = await startPrivateSshd();
  const line = await layLine(sshd.port);
  const { account } = sshd;
  const directory = await mkdtemp(join(tmpdir(), 'offsite-bench-'));
  await chmod(directory, 0o755);
  const at = (name: string) => join(directory, name);
  const roots = { gate: at('srv/bench'), rrsync: at('plain'), open: at('open') };
  for (const path of [at('srv'), at('state'), at('state/bench'), ...Object.values(roots)]) {
    await mkdir(path, { mode: 0o700 });
    await chown(path, account.uid, account.gid);
  }
  await cp(join(dist, 'remote'), directory, { recursive: true });
  await cp(join(dist, 'remote'), at('scrub'), { recursive: true });
  await rm(at('offsite-scrub.mjs'));
  const gateConfig = at('secondary.yaml');
  await writeFile(
    gateConfig,
    JSON.stringify(
      {
        version: 1,
        root: at('srv'),
        state_dir: at('state'),
        hosts: {
          bench: {
            account: account.name,
            gate: { min_free_space: '1MiB', min_free_inodes: 100, attempts_per_day: 1000, clock_skew: '1d' },
            retention: { last: 1, within: '1d' },
            jobs: Object.fromEntries(JOBS.map((job) => [job, {}])),
          },
        },
      },
      null,
      1, // the gate finds its remembered settings by a line of state_dir alone
    ),
  );
  const forced: Record<Way, string> = {
    gate: `command="${process.execPath} ${at('offsite-gate.mjs')} --config ${gateConfig} bench",restrict `,
    rrsync: `command="rrsync -wo -no-del -munge ${roots.rrsync}",restrict `,
    open: '',
  };
  const keys: string[] = [];
  for (const way of WAYS) {
    const key = at(`key_${way}`);
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'bench', '-f', key]);
    keys.push(`${forced[way]}${await readFile(`${key}.pub`, 'utf8')}`);
  }
  await writeFile(join(sshd.directory, 'authorized_keys'), keys.join(''), { mode: 0o644 });
  const knownHosts = at('known_hosts');
  await writeFile(knownHosts, sshd.knownHosts(line.host, line.port));
  for (const way of WAYS) {
    const common = await readFile(sshd.clientConfig, 'utf8');
    const own = common
      .replace(/Port .*/, `Port ${line.port}`)
      .replace(/IdentityFile .*/, `IdentityFile ${at(`key_${way}`)}`)
      .replace(/UserKnownHostsFile .*/, `UserKnownHostsFile ${knownHosts}`)
      .replace(/ControlPath .*/, 'ControlPath none');
    await writeFile(at(`ssh_${way}`), own);
  }
  await mkdir(at('aside'), { mode: 0o700 });
  let aside = 0;
  return {
    directory,
    account,
    putAside: (path) => renameSync(path, at(`aside/${(aside += 1)}`)),
    ends: { line, server: sshd.pid },
    port: line.port,
    programs: {
      cli: join(dist, 'cli.js'),
      gate: at('offsite-gate.mjs'),
      prune: at('offsite-prune.mjs'),
      scrub: at('scrub/offsite-scrub.mjs'),
    },
    gateConfig,
    roots,
    keyFile: (way) => at(`key_${way}`),
    knownHosts,
    remoteShell: (way) => ['ssh', '-F', at(`ssh_${way}`)],
    // As root, the account exists only in sshd's mount namespace.
    asAccount:
      process.getuid?.() === 0
        ? `nsenter --mount --target ${sshd.pid} setpriv --reuid=${account.uid} --regid=${account.gid} --clear-groups --`.split(
            ' ',
          )
        : [],
    stop: async () => {
      await line.hangUp();
      await sshd.stop();
      await removeTree(directory);
    },
  };
}

export { ALIAS };
