import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { formatSeal, sealName, type Seal } from '../../src/shared/seal.ts';
import { snapshotIdOf, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { sealOf } from '../ssh/support/gate-host.ts';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { must } from '../support/processes.ts';
import { createRandom, tellSeed } from '../support/seed.ts';
import { startProgram } from '../unit/prune/support/run-prune.ts';

/* Prune and scrub are killed again and again while a push goes on: nobody loses what the policy keeps, and nobody keeps the others waiting. */

const HOUR = 3_600_000;
const MOST_ROUNDS = 40;
/** Bytes that take the push half a minute. */
const LARGE = 4 * 1024 * 1024;

let secondary: GateSecondary;
let primary: Primary;
let first: SnapshotId;

beforeAll(async () => {
  secondary = await startGateSecondary();
  await secondary.amend({ retention: { last: 1, daily: 30 }, hold: { max_removals: 1000 } });
  primary = await makePrimary(secondary, 'db');
  await primary.configure({
    target: { secondary: 'gate', bandwidth_limit: '128KiB' },
    job: { guard: { max_shrink: 'off' } },
  });
  for (let n = 0; n < 20; n += 1) await writeFile(join(primary.source, `file-${n}`), `file ${n}\n`);
  first = (await primary.secure()) as SnapshotId;
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

/** Seals copies of the first snapshot, under earlier ids. */
async function stock(hours: readonly number[]): Promise<void> {
  const { uid, gid } = secondary.sshd.account;
  const { files, bytes } = JSON.parse(await readFile(secondary.path('db', sealName(first)), 'utf8')) as Seal;
  for (const hour of hours) {
    const time = new Date(Date.now() - hour * HOUR);
    const id: SnapshotId = snapshotIdOf(time);
    must('cp', '-a', secondary.path('db', first), secondary.path('db', id));
    const seal = secondary.path('db', sealName(id));
    await writeFile(
      seal,
      formatSeal({
        ...sealOf(id, { files, bytes }),
        started: time.toISOString(),
        finished: time.toISOString(),
        receipt: { received: time.toISOString(), gate: 'test' },
      }),
    );
    must('chown', `${uid}:${gid}`, seal);
  }
}

/** Nothing of them has changed; a manifest may have been made beside them. */
async function expectKept(before: ReadonlyMap<string, readonly string[]>, when: string): Promise<void> {
  const now = await secondary.record('db');
  for (const [id, lines] of before) expect(now.get(id), `${id} ${when}`).toEqual(expect.arrayContaining([...lines]));
}

it(
  'killed at random points beside a push, prune and scrub harm nothing that is kept, and the push is sealed',
  { timeout: 300_000 },
  async () => {
    const random = createRandom(tellSeed('killed beside a push'));
    const { uid } = secondary.sshd.account;
    const start = (program: 'prune' | 'scrub', ...words: string[]) =>
      startProgram(inject(program), ['web1', '--config', secondary.gate.config, ...words], uid);
    // One of each day is kept, and the others go: none is so new that the push would displace it.
    const kept = Array.from({ length: 5 }, (_, day) => 24 * (day + 2));
    await stock(kept);
    const before = await secondary.record('db');
    await writeFile(join(primary.source, 'large'), randomBytes(LARGE));
    const running = await primary.start('run', 'db');
    let inTheMiddle = 0;
    const over = new AbortController();
    void running.ended.finally(() => over.abort());
    for (let round = 0; round < MOST_ROUNDS && !over.signal.aborted; round += 1) {
      if (round % 5 === 0) await stock(Array.from({ length: 10 }, (_, n) => 24 * ((n % 5) + 2) - 0.1 - round / 100));
      for (const program of ['prune', 'scrub'] as const) {
        const { child, ended } = start(program, ...(program === 'scrub' ? ['--all'] : []));
        const timer = setTimeout(() => child.kill(random() < 0.5 ? 'SIGKILL' : 'SIGTERM'), 60 + random() * 500);
        const { code, stderr } = await ended;
        clearTimeout(timer);
        if (code !== 0) inTheMiddle += 1;
        expect([null, 0, 143], stderr).toContain(code);
      }
      await expectKept(before, `after round ${round}`);
    }
    const end = await running.ended;
    expect(end.code, end.stderr).toBe(0);
    expect(inTheMiddle, 'killed before they had ended').toBeGreaterThan(10);

    expect(await start('prune').ended).toMatchObject({ code: 0 });
    expect(await start('scrub', '--all').ended).toMatchObject({ code: 0 });
    await expectKept(before, 'in the end');
    expect(await secondary.names('../.trash')).toEqual([]);
    await primary.secure();
  },
);
