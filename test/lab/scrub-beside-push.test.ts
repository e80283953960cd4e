import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { statePlaces } from '../../remote-scripts/store/places.ts';
import { until } from '../support/until.ts';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startProgram } from '../unit/prune/support/run-prune.ts';

/* A scrub that reads for a minute keeps no session of the gate waiting: pushes and seals go on beside it. */

const MIB = 2 ** 20;

const isLocked = (path: string) => spawnSync('flock', ['--nonblock', path, 'true']).status !== 0;

let secondary: GateSecondary;
let primary: Primary;

beforeAll(async () => {
  secondary = await startGateSecondary();
  primary = await makePrimary(secondary, 'db');
  await primary.configure({ target: { secondary: 'gate' }, job: { guard: { max_shrink: 'off' } } });
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

it('a scrub keeps no push and no seal waiting', { timeout: 300_000 }, async () => {
  await writeFile(join(primary.source, 'large'), randomBytes(32 * MIB));
  await primary.secure();
  const took = async () => {
    const start = performance.now();
    await primary.secure();
    return performance.now() - start;
  };
  const alone = Math.min(await took(), await took());
  // Half a minute and more: the run must be over long before.
  await secondary.amend({ scrub: { rate: '512KiB' } });
  const { uid } = secondary.sshd.account;
  const words = ['web1', '--all', '--config', secondary.gate.config];
  const { child, ended } = startProgram(inject('scrub'), words, uid);
  try {
    // It has begun to read: it holds the lock of scrubs.
    const { scrubLock } = statePlaces(secondary.gate.hostState);
    await until(() => existsSync(scrubLock) && isLocked(scrubLock));
    const beside = [await took(), await took()];
    expect(child.exitCode, 'the scrub is still reading').toBeNull();
    // Both share two processors, so that it may take somewhat longer; it must not wait for the scrub.
    expect(Math.min(...beside)).toBeLessThan(alone + 5000);
  } finally {
    child.kill('SIGTERM');
  }
  expect((await ended).signal ?? (await ended).code).toBe(143);
});
