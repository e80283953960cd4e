import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endProcess } from '../../support/processes.ts';
import { until } from '../../support/until.ts';

/** How a command in a machine ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine with a systemd of its own, in namespaces: its processes, files and network are not the host's. */
export interface Machine {
  /** The process id of its init on the host; the ancestor of everything that runs in it. */
  readonly init: number;
  /** The words that start a program in it. */
  readonly words: readonly string[];
  /** Runs a command in it to its end. */
  run(...words: readonly string[]): CommandEnd;
  /** As {@link Machine.run}, and throws unless the exit code is 0. Returns standard output. */
  must(...words: readonly string[]): string;
  /** The text of a file in it; empty when there is none. */
  read(path: string): string;
  stop(): Promise<void>;
}

const BOOT = fileURLToPath(new URL('boot-machine.sh', import.meta.url));

/**
 * Boots a machine: an overlay of this one's root, with the content of `files` on top.
 * @param files a directory; its owners and modes are kept
 * @param network pid of a process whose network is to be the machine's
 * @param share a directory of the host that the machine can read below /opt/lab, under its own name
 */
export async function bootMachine(files: string, network: number, share = ''): Promise<Machine> {
  const directory = await mkdtemp(join(tmpdir(), 'offsite-lab-'));
  const archive = spawnSync('tar', ['-cf', '-', '-C', files, '.'], { maxBuffer: 512 * 1024 * 1024 });
  if (archive.status !== 0) throw new Error(archive.stderr.toString());
  const boot = spawn(
    'setpriv',
    ['--pdeathsig', 'TERM', 'nsenter', `--net=/proc/${network}/ns/net`, 'unshare', '--mount', BOOT, directory],
    // A group of its own, so that it can clean up whatever kills the test.
    { stdio: ['pipe', 'ignore', 'pipe'], detached: true, env: { ...process.env, LAB_SHARE: share } },
  );
  const said: string[] = [];
  boot.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  boot.stdin.end(archive.stdout);
  let init = 0;
  const into = () => [
    '--target',
    `${init}`,
    ...['mount', 'uts', 'ipc', 'net', 'pid', 'cgroup', 'wd'].map((name) => `--${name}`),
    '--',
  ];
  const enter = (...words: readonly string[]): CommandEnd => {
    const { status, stdout, stderr } = spawnSync('nsenter', [...into(), ...words], {
      encoding: 'utf8',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin' },
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: status, stdout, stderr };
  };
  const machine: Machine = {
    get init() {
      return init;
    },
    get words() {
      return ['nsenter', ...into()];
    },
    run: enter,
    must: (...words) => {
      const { code, stdout, stderr } = enter(...words);
      if (code !== 0) throw new Error(`${words.join(' ')}: exit ${code}: ${stdout}${stderr}`);
      return stdout;
    },
    read: (path) => enter('cat', '--', path).stdout,
    stop: async () => {
      await endProcess(boot);
      await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await until(async () => {
      if (boot.exitCode !== null) throw new Error('ended');
      init = await systemdBelow(boot.pid ?? 0);
      return init !== 0 && enter('systemctl', 'is-active', 'offsite-lab.target').code === 0;
    });
    return machine;
  } catch (error) {
    await machine.stop();
    throw new Error(`The machine did not boot: ${said.join('')}`, { cause: error });
  }
}

/**
 * Puts the Node of these tests into the files of a machine, where everything finds it first. This host's own may be too
 * old.
 * @param files as for {@link bootMachine}
 */
export async function layNode(files: string): Promise<void> {
  if (process.execPath === '/usr/bin/node') return;
  await mkdir(join(files, 'usr/local/bin'), { recursive: true });
  await cp(process.execPath, join(files, 'usr/local/bin/node'));
}

/** The descendant of `pid` that has become systemd; 0 while there is none. */
async function systemdBelow(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean);
  for (const child of children.map(Number)) {
    if ((await readFile(`/proc/${child}/comm`, 'utf8')).trim() === 'systemd') return child;
    const below = await systemdBelow(child);
    if (below !== 0) return below;
  }
  return 0;
}
