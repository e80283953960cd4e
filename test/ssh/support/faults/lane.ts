import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { descendants, processesNaming } from '../../../support/processes.ts';
import { until } from '../../../support/until.ts';
import { remember } from '../as-it-was.ts';
import { startGateSecondary } from '../gate-secondary.ts';
import { makePrimary, type Primary } from '../primary.ts';
import { startSecondary, type Secondary } from '../secondary.ts';
import type { SmallDisk } from '../small-disk.ts';
import { allDisks, smallDisk, type Disks } from './lane-disks.ts';
import { fillSource } from './source.ts';

/** A primary with a job, its own secondary, and what can be broken of both. */
export interface Lane {
  readonly kind: 'gate' | 'rrsync';
  readonly job: string;
  readonly primary: Primary;
  readonly secondary: Pick<Secondary, 'sshd' | 'line' | 'sealed' | 'path'>;
  /** The directory of the job on the secondary. */
  readonly store: string;
  /** What the gate knows of the host; undefined without a gate. */
  readonly hostState: string | undefined;
  /** File systems of the two hosts; undefined for those who may not mount. */
  readonly disks: Disks | undefined;
  /** Files that say by how many milliseconds the clocks of this host and of the gate are wrong. */
  readonly clocks: { readonly here: string; readonly there: string };
  /** Begins anew, with one sealed snapshot. */
  reset(): void;
  /** Removes all but the newest sealed snapshots, as a policy would. */
  tidy(): Promise<void>;
  stop(): Promise<void>;
}

/** Opens a lane and makes its first snapshot. As root it has small disks, and a program that may not read what its mode forbids. */
export async function openLane(kind: Lane['kind']): Promise<Lane> {
  const isRoot = process.getuid?.() === 0;
  const undo: (() => unknown)[] = [];
  const stop = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const there = isRoot ? await smallDisk(undo) : undefined;
    const state = isRoot && kind === 'gate' ? await smallDisk(undo) : undefined;
    const secondary = kind === 'gate' ? await gateOn(there, state, undo) : await plainOn(there, undo);
    const job = kind === 'gate' ? 'db' : 'plain';
    const primary = await makePrimary(secondary, job);
    undo.push(() => primary.stop());
    const disks = there && (await allDisks(primary.directory, { there, state }, secondary.sshd, undo));
    const clock = join(primary.directory, 'clock.cjs');
    await writeFile(clock, CLOCK);
    const clocks = { here: join(primary.directory, 'clock'), there: join(secondary.sshd.directory, 'clock') };
    Object.assign(primary.environment, { NODE_OPTIONS: `--require ${clock}`, TEST_CLOCK: clocks.here });
    primary.wrapper = ['setsid', ...(isRoot ? NO_READING_WHAT_IS_DENIED : [])];
    await fillSource(primary.source);
    await configure({ kind, primary }, { attempts: 1, mode: 'changed' });
    await primary.secure();
    const [stores, store, hostState] = secondary.places(job);
    const keep = join(primary.directory, 'kept');
    await mkdir(keep);
    const lane: Lane = {
      ...{ kind, job, primary, secondary, store, hostState, disks, clocks },
      reset: remember(keep, [primary.source, primary.state, ...stores]),
      tidy: async () => {
        const sealed = await secondary.sealed(job);
        for (const id of sealed.slice(0, -KEPT))
          for (const suffix of ['', '.sealed', '.sha256'])
            await rm(join(store, `${id}${suffix}`), { recursive: true, force: true });
        // What attempts have left, but for the newest, which the next one may go on with.
        const open = (await readdir(store)).filter((name) => !sealed.includes(name.slice(0, ID_LENGTH)));
        for (const name of open.sort().slice(0, -1)) await rm(join(store, name), { recursive: true, force: true });
      },
      stop,
    };
    return lane;
  } catch (error) {
    await stop();
    throw error;
  }
}

const KEPT = 3;
const ID_LENGTH = '2026-11-23T021500Z'.length;

/** How a run is made. */
export interface Ways {
  /** Nothing disturbs it, so that only a machine that is busy makes it slow. */
  readonly patient?: boolean;
  readonly attempts: number;
  readonly mode: 'changed' | 'content' | 'full';
}

/** Configures a run of a lane: slow enough to be hit, with short pauses. */
export function configure({ kind, primary }: Pick<Lane, 'kind' | 'primary'>, ways: Ways): Promise<void> {
  const { attempts, mode, patient = false } = ways;
  return primary.configure({
    target: {
      ...{ secondary: kind, bandwidth_limit: '3MiB', busy_timeout: '5s', connect_timeout: patient ? '30s' : '5s' },
      // Two cores that do other things as well must not look like a line that is dead.
      ...{ io_timeout: '10s', stall_timeout: '12s', keepalive: { interval: '1s', count: patient ? 30 : 5 } },
    },
    job: {
      guard: { max_shrink: 'off' },
      retry: { attempts, delay: '100ms', max_delay: '200ms' },
      deadline: '1m',
      verify: { mode },
    },
  });
}

type Found = Pick<Secondary, 'sshd' | 'line' | 'sealed' | 'path'> & {
  /** What is remembered, the directory of the job, and the state of the host. */
  places(job: string): readonly [readonly string[], string, string | undefined];
};

async function gateOn(
  there: SmallDisk | undefined,
  state: SmallDisk | undefined,
  undo: (() => unknown)[],
): Promise<Found> {
  const secondary = await startGateSecondary(there?.place, state?.place);
  undo.push(() => secondary.stop());
  await secondary.amend({ gate: { min_free_space: '1MiB', min_free_inodes: 100, attempts_per_day: 1000 } });
  const { sshd, bundle, config, hostState } = secondary.gate;
  await writeFile(join(sshd.directory, 'clock.cjs'), CLOCK);
  const words = [process.execPath, '--require', join(sshd.directory, 'clock.cjs'), bundle, '--config', config, 'web1'];
  await sshd.allow(`TEST_CLOCK=${join(sshd.directory, 'clock')} ${words.join(' ')}`);
  // The connection that came with it, which is not of a run.
  for (const pid of processesNaming(sshd.clientConfig)) process.kill(pid, 'SIGTERM');
  await until(() => descendants(sshd.pid).length === 0);
  return { ...secondary, places: (job) => [secondary.stores, secondary.path(job, ''), hostState] };
}

async function plainOn(disk: SmallDisk | undefined, undo: (() => unknown)[]): Promise<Found> {
  const root = disk === undefined ? undefined : join(disk.place, 'root');
  if (root !== undefined) await mkdir(root, { mode: 0o700 });
  const secondary = await startSecondary(root);
  undo.push(() => secondary.stop());
  return { ...secondary, places: (job) => [[secondary.root], join(secondary.root, job), undefined] };
}

/** Root as it is in a container without these capabilities: a mode forbids it what it forbids everybody. */
const NO_READING_WHAT_IS_DENIED = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', '--'];

// Loaded before our programs: their clock is wrong by what a file says. rsync and the kernel keep theirs.
const CLOCK = `
const { readFileSync } = require('node:fs');
const Right = Date;
const wrong = () => { try { return Number(readFileSync(process.env.TEST_CLOCK, 'utf8')) || 0; } catch { return 0; } };
globalThis.Date = class Date extends Right {
  constructor(...given) { if (given.length === 0) super(Right.now() + wrong()); else super(...given); }
  static now() { return Right.now() + wrong(); }
};
`;
