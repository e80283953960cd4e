import { chown, cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { startProcess, type Companion, type ProcessEnd } from '../../../src/platform/process.ts';
import { PUSH, TRANSFER } from '../../support/push-options.ts';
import { checkArguments, pushArguments, sealArguments, type Depth, type Wire } from '../../../src/rsync/arguments.ts';
import { formatSeal, sealName, type Seal } from '../../../src/shared/seal.ts';
import { nextSnapshotId, type SnapshotId } from '../../../src/shared/snapshot-id.ts';
import { removeTree } from './remove-tree.ts';
import { ALIAS, startPrivateSshd, type PrivateSshd } from '../../support/sshd.ts';

/** The result of one client session. */
export interface ClientEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A secondary behind the gate, reached over a real sshd, with the controller's own arguments. */
export interface GateHost {
  readonly sshd: PrivateSshd;
  readonly bundle: string;
  /** `<root>/web1/db`. */
  readonly jobDirectory: string;
  readonly hostState: string;
  readonly config: string;
  /** A source directory on the primary's side, below a directory of its own. */
  readonly source: string;
  /** An id that no attempt has had yet. */
  nextId(): SnapshotId;
  /** Writes secondary.yaml anew. */
  configure(settings: HostYaml): Promise<void>;
  push(id: SnapshotId, options?: PushSettings): Promise<ClientEnd>;
  verify(id: SnapshotId, options?: { source?: string; depth?: Depth }): Promise<ClientEnd>;
  seal(id: SnapshotId, claims?: Partial<Seal> | string): Promise<ClientEnd>;
  /** Push and seal; throws unless both end well. */
  store(options?: PushSettings): Promise<SnapshotId>;
  /** rsync with arguments chosen by the test. */
  rsync(args: readonly string[]): Promise<ClientEnd>;
  /** rsync that is left running. */
  startRsync(args: readonly string[]): Companion;
  pushArguments(id: SnapshotId, options?: PushSettings): string[];
  /** A command line over ssh. */
  ssh(commandLine: string): Promise<ClientEnd>;
  log(): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

interface HostYaml {
  readonly metadata?: 'fake_super' | 'plain';
  readonly gate?: Readonly<Record<string, string | number | boolean>>;
}

interface PushSettings {
  readonly bases?: readonly SnapshotId[];
  readonly dryRun?: boolean;
  readonly source?: string;
  readonly compress?: boolean;
  readonly bandwidthLimit?: number;
}

/**
 * Starts a secondary with the job `db` of the host `web1`.
 * @param place an empty directory for its snapshots, on a file system of the test's own
 * @param memory the same for what the gate keeps besides them
 */
export async function startGateHost(place?: string, memory?: string): Promise<GateHost> {
  const sshd = await startPrivateSshd();
  const { account, directory } = sshd;
  const bundle = join(directory, 'offsite-gate.mjs');
  // A copy for each, so that its processes can be distinguished.
  await cp(dirname(inject('gate')), directory, { recursive: true });
  const root = join(place ?? directory, 'root');
  const state = join(memory ?? directory, 'state');
  for (const path of [root, state, join(root, 'web1'), join(state, 'web1')]) await mkdir(path, { mode: 0o700 });
  for (const path of [root, state]) await chown(path, account.uid, account.gid);
  for (const path of [join(root, 'web1'), join(state, 'web1')]) await chown(path, account.uid, account.gid);
  const primary = await mkdtemp(join(directory, 'primary-'));
  const source = join(primary, 'source');
  await mkdir(source);

  let metadata: 'fake_super' | 'plain' = 'fake_super';
  const config = join(directory, 'secondary.yaml');
  const configure = async (settings: HostYaml) => {
    metadata = settings.metadata ?? 'fake_super';
    await writeFile(
      config,
      JSON.stringify(
        {
          version: 1,
          root,
          state_dir: state,
          hosts: {
            web1: {
              account: account.name,
              metadata,
              gate: { min_free_space: '1MiB', min_free_inodes: 100, ...settings.gate },
              retention: { last: 3, daily: 7 },
              jobs: { db: {}, files: {} },
            },
          },
        },
        null,
        1,
      ),
    );
  };
  await configure({});
  await sshd.authorize(`${process.execPath} ${bundle} --config ${config} web1`);

  let last: SnapshotId | undefined;
  const wire = (compress = false): Wire => ({
    remoteShell: sshd.remoteShell,
    alias: ALIAS,
    secondary: 'gate',
    metadata,
    hardLinks: true,
    compress,
    timeoutSeconds: 60,
    stallMs: 60_000,
  });
  const tree = (id: SnapshotId, from = source) => ({ source: from, job: 'db', id, exclude: [] });
  const argumentsOfPush = (id: SnapshotId, options: PushSettings = {}) =>
    pushArguments(wire(options.compress), tree(id, options.source), {
      ...PUSH,
      bases: options.bases ?? [],
      unchanged: 'compare',
      linksInNotes: options.bases !== undefined && options.bases.length > 0,
      transfer: { ...TRANSFER, bandwidthLimit: options.bandwidthLimit },
      dryRun: options.dryRun ?? false,
    });

  const host: GateHost = {
    sshd,
    bundle,
    jobDirectory: join(root, 'web1', 'db'),
    hostState: join(state, 'web1'),
    config,
    source,
    configure,
    nextId: () => {
      last = nextSnapshotId(new Date(), last);
      return last;
    },
    pushArguments: argumentsOfPush,
    rsync: (args) => runClient('rsync', args),
    startRsync: (args) => startProcess({ program: 'rsync', args }),
    ssh: (commandLine) => runClient('ssh', ['-F', sshd.clientConfig, ALIAS, commandLine]),
    push: (id, options) => host.rsync(argumentsOfPush(id, options)),
    verify: (id, { source: of, depth = 'full' } = {}) =>
      host.rsync(checkArguments(wire(), tree(id, of), { extras: true, depth })),
    seal: async (id, claims = {}) => {
      const file = join(primary, sealName(id));
      await writeFile(file, typeof claims === 'string' ? claims : formatSeal(sealOf(id, claims)));
      return host.rsync(sealArguments(wire(), file, 'db', sealName(id)));
    },
    store: async (options) => {
      const id = host.nextId();
      for (const end of [await host.push(id, options), await host.seal(id)]) {
        if (end.code !== 0) throw new Error(`${end.code}: ${end.stderr}`);
      }
      return id;
    },
    log: async () =>
      (await readFile(join(host.hostState, 'gate.log'), 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    stop: async () => {
      await removeTree(primary);
      await removeTree(root);
      await sshd.stop();
    },
  };
  return host;
}

/** The claims of a sender whose snapshot is in order. */
export function sealOf(id: SnapshotId, claims: Partial<Seal> = {}): Seal {
  return {
    version: 1,
    id,
    job: 'db',
    started: '2026-11-23T02:15:00.000Z',
    finished: '2026-11-23T02:16:00.000Z',
    files: 2,
    bytes: 20,
    verification: { mode: 'full', algorithm: 'xxh128', extras: 'checked', canary: 'checksum' },
    rsync: { version: '3.5.0', remoteProtocol: 32 },
    basis: null,
    ...claims,
  };
}

async function runClient(program: string, args: readonly string[]): Promise<ClientEnd> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const end = await startProcess({
    program,
    args,
    onStdoutLine: (line) => stdout.push(line),
    onStderrLine: (line) => stderr.push(line),
  }).ended;
  return { code: codeOf(end), stdout: stdout.join('\n'), stderr: stderr.join('\n') };
}

function codeOf(end: ProcessEnd): number {
  if (end.kind !== 'exited') throw new Error(`the client ended otherwise: ${JSON.stringify(end)}`);
  return end.code;
}
