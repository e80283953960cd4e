import { chmod, chown, cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { runProcess } from '../platform/process.ts';
import { DemoError } from './private-sshd.ts';

/** A secondary with gate and prune, in a directory of its own. */
export interface DemoSecondary {
  /** What authorized_keys starts. */
  readonly forcedCommand: string;
  /** The directory of the job's snapshots. */
  readonly stored: string;
  /** The command line of prune for this host. */
  readonly prune: readonly string[];
  /** The account that owns the snapshots. */
  readonly account: string;
}

const HOST = 'primary1';

/**
 * Sets up what `remote-scripts/install.sh` sets up on a real secondary: directories, settings, the two programs.
 *
 * Neither gate nor prune runs as root. If the demo does, they use an unprivileged account that every Debian has.
 * @param directory existing; the account must be able to enter it
 * @param program how the controller is started; the bundles are beside it
 */
export async function setUpSecondary(
  directory: string,
  program: readonly string[],
  job: string,
): Promise<DemoSecondary> {
  const root = join(directory, 'srv');
  const state = join(directory, 'state');
  const { uid } = userInfo();
  const asRoot = uid === 0;
  const account = asRoot ? await unprivilegedAccount() : { name: userInfo().username, uid, gid: userInfo().gid };
  for (const path of [root, state, join(root, HOST), join(state, HOST)]) {
    await mkdir(path, { mode: 0o700 });
    await chown(path, account.uid, account.gid);
  }
  const config = join(directory, 'secondary.yaml');
  const settings = {
    version: 1,
    root,
    state_dir: state,
    hosts: {
      [HOST]: {
        account: account.name,
        gate: { min_free_space: '100MiB', min_free_inodes: 1000 },
        retention: { last: 1, monthly: 2 },
        // When prune runs, the interrupted attempt must no longer be needed as a basis; it would keep what it was linked to.
        incomplete: { lifetime: '1s' },
        jobs: { [job]: {} },
      },
    },
  };
  await writeFile(config, stringify(settings), { mode: 0o644 });
  const bundles = join(dirname(program.at(-1) ?? ''), 'remote');
  const programs = join(directory, 'programs');
  await cp(bundles, programs, { recursive: true }).catch(() => {
    throw new DemoError('The programs of the secondary are not built: npm run build');
  });
  // Whatever the umask was when they were built.
  for (const path of ['.', ...(await readdir(programs, { recursive: true }))]) await chmod(join(programs, path), 0o755);
  const drop = asRoot ? ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', '--'] : [];
  const gate = [...drop, process.execPath, join(programs, 'offsite-gate.mjs'), '--config', config, HOST];
  const prune = [...drop, process.execPath, join(programs, 'offsite-prune.mjs'), 'run', HOST, '--config', config];
  return { forcedCommand: gate.join(' '), stored: join(root, HOST, job), prune, account: account.name };
}

async function unprivilegedAccount(): Promise<{ name: string; uid: number; gid: number }> {
  let line = '';
  await runProcess({ program: 'getent', args: ['passwd', 'nobody'], onStdoutLine: (text) => (line = text) });
  const [name, , uid, gid] = line.split(':');
  if (name === undefined || uid === undefined || gid === undefined || line === '') {
    throw new DemoError('The demo as root needs the account "nobody". Try it as an ordinary user.');
  }
  return { name, uid: Number(uid), gid: Number(gid) };
}
