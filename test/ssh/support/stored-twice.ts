import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { until } from '../../support/until.ts';
import { fillWithEverything, NOT_SENT, NOT_STORED } from './full-tree.ts';
import { startGateSecondary } from './gate-secondary.ts';
import { makePrimary, type Primary } from './primary.ts';
import { listTree, type Tree } from './tree-listing.ts';
import { recordTree } from './tree-record.ts';

/** How the program has ended. */
interface CallEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A job `db` that the gate has stored twice, with manifests, and its disk. */
export interface StoredTwice {
  readonly primary: Primary;
  readonly first: string;
  /** Without `goes` and `sparse`; `big` has grown, `sub dir/other` has another mode, and `comes` is new. */
  readonly second: string;
  /** What the first one has: see {@link everything}, and which names are one file. */
  readonly entries: readonly string[];
  readonly groups: Tree['groups'];
  /** Directory of the host on the disk of the secondary. */
  readonly disk: string;
  /** A private key that may read. */
  readonly key: string;
  /** An empty directory, in which the calls stand; {@link sweep} empties it. */
  readonly work: string;
  /** Calls the built program. @param user who calls it, for root */
  call(words: readonly string[], user?: number): CallEnd;
  sweep(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes a tree, with everything in it for root, and has it stored. */
export async function storeTwice(): Promise<StoredTwice> {
  const secondary = await startGateSecondary();
  const { gate, sshd } = secondary;
  await cp(inject('scrub'), join(dirname(gate.bundle), 'offsite-scrub.mjs'));
  const key = await sshd.allowSecond(`${process.execPath} ${gate.bundle} --config ${gate.config} --read web1`);
  const primary = await makePrimary(secondary, 'db');
  await primary.configure({ target: { secondary: 'gate' }, job: { guard: { max_shrink: 'off' } } });
  const at = (name: string) => join(primary.source, name);
  if (process.getuid?.() === 0) fillWithEverything(primary.source);
  await mkdir(at('sub dir/[deep]'), { recursive: true });
  await writeFile(at('sub dir/[deep]/dump*.sql'), 'a dump\n');
  await writeFile(at('sub dir/other'), 'x');
  await writeFile(at('big'), Buffer.alloc(3 << 20, 'lorem ipsum '));
  await writeFile(at('goes'), 'away');
  const entries = everything(primary.source);
  const { groups } = listTree(primary.source, { leftOut: (path) => NOT_STORED.includes(path) });
  const first = await primary.secure();
  await rm(at('goes'));
  await rm(at('sparse'), { force: true }); // it costs each test the time to read it
  await appendFile(at('big'), 'more');
  await chmod(at('sub dir/other'), 0o600);
  await writeFile(at('comes'), 'new');
  const second = await primary.secure();
  await until(() => [first, second].every((id) => existsSync(join(gate.jobDirectory, `${id}.sha256`))));

  const work = await mkdtemp(join(tmpdir(), 'offsite-restore-'));
  await chmod(work, 0o777);
  const call = (words: readonly string[], user?: number) => {
    const drop = user === undefined ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--'];
    const [program = '', ...args] = [...drop, process.execPath, inject('cli'), ...words];
    const env = { PATH: process.env.PATH ?? '', TMPDIR: work };
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: work, env });
    return { code: status, stdout, stderr };
  };
  const sweep = async () => {
    spawnSync('chmod', ['-R', 'u+rwX', work]);
    spawnSync('find', [work, '-mindepth', '1', '-delete']);
    await chmod(work, 0o777);
  };
  return {
    ...{ primary, first, second, entries, groups, key, work, call, sweep, disk: dirname(gate.jobDirectory) },
    stop: async () => {
      await sweep();
      await rm(work, { recursive: true });
      await primary.stop();
      await secondary.stop();
    },
  };
}

/** Everything about the entries of a tree, but for what no snapshot has. */
export function everything(directory: string): string[] {
  return recordTree(directory)
    .filter((line) => !NOT_STORED.some((name) => line.startsWith(`b'/${name}' `)))
    .map((line) => line.replace(`('${NOT_SENT}', b'x')`, ''));
}
