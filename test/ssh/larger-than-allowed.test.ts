import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateSecondary, type GateSecondary } from './support/gate-secondary.ts';
import { makePrimary, type Primary } from './support/primary.ts';

const MIB = 1024 * 1024;

let secondary: GateSecondary;
let primary: Primary;

beforeAll(async () => {
  secondary = await startGateSecondary();
  primary = await makePrimary(secondary, 'db');
  const retry = { attempts: 3, delay: '1ms', max_delay: '1ms' };
  await primary.configure({ target: { secondary: 'gate' }, job: { retry } });
  await writeFile(join(primary.source, 'large.dump'), randomBytes(8 * MIB));
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

it('a file larger than max_session_bytes is named, by a secondary that is full for it, and is not sent again and again', async () => {
  await secondary.amend({ gate: { min_free_space: '1MiB', min_free_inodes: 100, max_session_bytes: '2MiB' } });
  const end = await primary.call('run', 'db');
  await secondary.restore();
  expect(end.code, end.stderr).toBe(15);
  expect(end.stderr).toMatch(/larger than what may be written there: .*max_session_bytes.*large\.dump/);
  expect((await primary.history()).at(-1)).toMatchObject({ attempts: 1, snapshot: null });
  await primary.secure();
});
