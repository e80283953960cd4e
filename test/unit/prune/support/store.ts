import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseSecondaryConfig } from '../../../../remote-scripts/config/load.ts';
import type { HostSettings, SecondarySettings } from '../../../../remote-scripts/config/settings.ts';
import { formatSeal } from '../../../../src/shared/seal.ts';
import { snapshotIdOf, type SnapshotId } from '../../../../src/shared/snapshot-id.ts';

/** A user without rights for the tests that run as root, and ourselves for those that do not. */
export const UNPRIVILEGED = process.getuid!() === 0 ? 65_534 : process.getuid!();

/** The host of every test store. */
export const HOST = 'web1';

/** How a test store differs from the usual one. */
export interface StoreOptions {
  readonly secondary?: 'gate' | 'rrsync';
  /** YAML of the host's retention. */
  readonly retention?: string;
  readonly hold?: string;
  readonly lifetime?: string;
  /** YAML of the host's scrub. */
  readonly scrub?: string;
  /** YAML of the jobs. */
  readonly jobs?: string;
  /** YAML of the alerts. */
  readonly alerts?: string;
  /** Who owns the snapshots; default: this process's user. */
  readonly owner?: number;
}

/** A secondary of its own in a temporary directory. */
export interface Store {
  readonly base: string;
  readonly config: string;
  readonly settings: SecondarySettings;
  readonly host: HostSettings;
  /** `<root>/<host>`. */
  readonly root: string;
  readonly state: string;
  /** Makes a sealed snapshot with one file per entry; a file of `links` is a hard link into an earlier snapshot. */
  seal(job: string, time: Date, content?: SnapshotContent): SnapshotId;
  /** Makes a directory with one file. */
  directory(path: string): void;
  /** Names in a job's directory, sorted. */
  names(job: string): string[];
  /** Gives everything to the owner. */
  own(): void;
  remove(): void;
}

/** What a sealed snapshot of a test contains. */
export interface SnapshotContent {
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly received?: Date | 'no receipt';
  /** The size that the seal states. */
  readonly bytes?: number;
}

/** Makes a store; call `remove` in the end. */
export function createStore(options: StoreOptions = {}): Store {
  const base = mkdtempSync(join(tmpdir(), 'offsite-prune-'));
  const config = join(base, 'secondary.yaml');
  const yaml = `version: 1
root: ${base}/srv
state_dir: ${base}/lib
hosts:
  ${HOST}:
    account: offsite-${HOST}
    secondary: ${options.secondary ?? 'gate'}
    retention: ${options.retention ?? '{ last: 1, daily: 3 }'}
    hold: ${options.hold ?? '{}'}
    incomplete: { lifetime: ${options.lifetime ?? '7d'} }
    scrub: ${options.scrub ?? '{}'}
    jobs: ${options.jobs ?? '{ db: {} }'}
alerts: ${options.alerts ?? '{}'}
`;
  writeFileSync(config, yaml);
  const parsed = parseSecondaryConfig(yaml);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const host = parsed.settings.hosts.get(HOST)!;
  const root = join(base, 'srv', HOST);
  const state = join(base, 'lib', HOST);
  mkdirSync(root, { recursive: true });
  mkdirSync(state, { recursive: true });
  const store: Store = {
    base,
    config,
    settings: parsed.settings,
    host,
    root,
    state,
    seal: (job, time, content = {}) => {
      const id = snapshotIdOf(time);
      const snapshot = join(root, job, id);
      mkdirSync(snapshot, { recursive: true });
      for (const [name, text] of Object.entries(content.files ?? { 'dump.sql': id })) {
        mkdirSync(dirname(join(snapshot, name)), { recursive: true });
        writeFileSync(join(snapshot, name), text);
      }
      for (const [name, target] of Object.entries(content.links ?? {})) {
        mkdirSync(dirname(join(snapshot, name)), { recursive: true });
        linkSync(join(root, job, target), join(snapshot, name));
      }
      const received = content.received ?? new Date(time.getTime() + 60_000);
      writeFileSync(
        join(root, job, `${id}.sealed`),
        formatSeal({
          version: 1,
          id,
          job,
          started: time.toISOString(),
          finished: time.toISOString(),
          files: 1,
          bytes: content.bytes ?? 1000,
          verification: { mode: 'full', algorithm: 'xxh128', extras: 'checked', canary: 'checksum' },
          rsync: { version: '3.5.0', remoteProtocol: 32 },
          basis: null,
          ...(received === 'no receipt' ? {} : { receipt: { received: received.toISOString(), gate: 'test' } }),
        }),
      );
      return id;
    },
    directory: (path) => {
      mkdirSync(join(root, path), { recursive: true });
      writeFileSync(join(root, path, 'file'), path);
    },
    names: (job) => readdirSync(join(root, job)).sort(),
    own: () => {
      const owner = options.owner;
      if (owner !== undefined) giveTo(base, owner);
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
  return store;
}

/** By find(1): names need not be UTF-8. */
function giveTo(path: string, owner: number): void {
  const args = [path, '!', '-type', 'l', '-exec', 'chown', `${owner}:${owner}`, '{}', '+'];
  const { status, stderr } = spawnSync('find', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
