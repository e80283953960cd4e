import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prune } from '../unit/prune/support/run-prune.ts';
import { makePrimary, type Primary } from './support/primary.ts';
import { removeTree } from './support/remove-tree.ts';
import { dumpText, fillSampleTree } from './support/sample-tree.ts';
import { startSecondary, type Secondary } from './support/secondary.ts';
import { until } from '../support/until.ts';

/* offsite-prune beside a plain rrsync: no gate, no receipts, and the lock is the one that rrsync takes itself. */

let secondary: Secondary;
let primary: Primary;
let base: string;
let config: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'offsite-store-'));
  await chmod(base, 0o755);
  await mkdir(join(base, 'srv/web1'), { recursive: true });
  secondary = await startSecondary(join(base, 'srv/web1'));
  primary = await makePrimary(secondary, 'postgres');
  await fillSampleTree(primary.source);
  const state = join(base, 'state');
  await mkdir(join(state, 'web1'), { recursive: true });
  await chown(join(state, 'web1'), secondary.sshd.account.uid, secondary.sshd.account.gid);
  config = join(base, 'secondary.yaml');
  const settings = {
    version: 1,
    root: dirname(secondary.root),
    state_dir: state,
    hosts: {
      web1: {
        account: secondary.sshd.account.name,
        secondary: 'rrsync',
        retention: { last: 2, yearly: 2 },
        jobs: { postgres: {} },
      },
    },
  };
  await writeFile(config, JSON.stringify(settings));
  // One more than is kept: the first of the year, and the last two. Each test leaves as many.
  for (let day = 0; day < 4; day += 1) {
    appendFileSync(join(primary.source, 'dump.sql'), `day ${day}\n`);
    await primary.secure();
  }
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
  await removeTree(base);
});

const run = (...args: string[]) => prune(['web1', '--config', config, ...args], secondary.sshd.account.uid);

it('prunes by the birth time of the seals, leaves the rest as it was, and the next run links to it', async () => {
  const ids = await secondary.sealed('postgres');
  const before = await secondary.record('postgres');
  const dry = await run('--dry-run');
  expect(dry.code).toBe(0);
  expect(dry.stdout).toContain('* no receipt of the gate');
  expect(await run()).toMatchObject({ code: 0 });

  const staying = [...ids.slice(0, 1), ...ids.slice(-2)]; // the first of the year, and the last two
  expect(await secondary.snapshots('postgres')).toEqual(staying);
  const after = await secondary.record('postgres');
  for (const id of staying) expect(after.get(id)).toEqual(before.get(id));
  const next = await primary.secure();
  const file = 'deep/secret.conf';
  expect((await stat(secondary.path('postgres', next, file))).ino).toBe(
    (await stat(secondary.path('postgres', ids.at(-1) ?? '', file))).ino,
  );
});

it('waits for the lock that rrsync holds while somebody writes', async () => {
  const isLocked = () => spawnSync('flock', ['--nonblock', secondary.root, 'true']).status === 1;
  expect(isLocked()).toBe(false);
  await writeFile(join(primary.source, 'large.sql'), dumpText(60_000, 5));
  await primary.configure({ target: { compress: false, bandwidth_limit: '500kB' } });
  const pushing = await primary.start('run', 'postgres');
  await until(isLocked);
  const pruning = run();
  // Long enough for a prune that does not wait; the push, by its bandwidth, takes several times that.
  const first = await Promise.race([pruning.then(() => 'prune'), delay(1500).then(() => 'waiting')]);
  expect(isLocked()).toBe(true);
  expect(first).toBe('waiting');
  expect((await pruning).code).toBe(0);
  expect((await pushing.ended).code).toBe(0);
  await primary.configure();
});
