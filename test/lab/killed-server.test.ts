import { randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { killOnSight, type Session, type Victim } from '../ssh/support/kill-server.ts';
import { makePrimary, type Primary, type ProgramEnd } from '../ssh/support/primary.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

/*
 * What the kernel does when memory runs out, and a machine that is shut down: a process of the secondary's is killed. That is
 * no refusal, so it is tried again, and nobody is sent to look at authorized_keys.
 */

let dumps = 0;

async function sessionWithKill(
  { primary, secondary }: { primary: Primary; secondary: Pick<Secondary, 'sshd' | 'line'> },
  attempts: number,
  victim: Victim,
  session: Session,
  how: NodeJS.Signals = 'SIGKILL',
): Promise<ProgramEnd> {
  dumps += 1;
  await writeFile(join(primary.source, 'dump.bin'), randomBytes(512 * 1024 + dumps));
  await configure(primary, attempts);
  const running = await primary.start('run', primary.job);
  const over = new AbortController();
  const killed = killOnSight(secondary, victim, session, over.signal, how);
  const end = await running.ended;
  over.abort();
  expect(await killed, 'nothing was killed').toBeDefined();
  return end;
}

async function configure(primary: Primary, attempts: number): Promise<void> {
  await primary.configure({
    target: { secondary: primary.job === 'db' ? 'gate' : 'rrsync', bandwidth_limit: '2MiB' },
    job: { guard: { max_shrink: 'off' }, retry: { attempts, delay: '1ms', max_delay: '1ms' } },
  });
}

/** Exit 12, the right advice, and a next run that nobody helps: at once, so mostly in the same second. */
async function expectBroken(primary: Primary, end: ProgramEnd): Promise<void> {
  expect(end.code, end.stderr).toBe(12);
  expect(end.stderr).toMatch(/What to do: Check the line; on the secondary, the logs of sshd and the kernel/);
  expect(end.stderr).not.toContain('authorized_keys');
  const next = await primary.call('run', primary.job);
  expect(next.code, next.stderr).toBe(0);
}

describe('behind the gate, a process that is killed', () => {
  let secondary: GateSecondary;
  let primary: Primary;
  const lab = () => ({ primary, secondary });

  beforeAll(async () => {
    secondary = await startGateSecondary();
    primary = await makePrimary(secondary, 'db');
    await fillSampleTree(primary.source);
    await configure(primary, 1);
    await primary.secure();
  });
  afterEach(async () => {
    const refused = (await secondary.gate.log()).filter(({ event }) => event === 'refused');
    expect(refused, 'what was killed is no refusal').toEqual([]);
  });
  afterAll(async () => {
    await primary.stop();
    await secondary.stop();
  });

  it.each<[Victim, Session, NodeJS.Signals?]>([
    ['wrapper', 'push'],
    ['receiver', 'push'],
    ['gate', 'push', 'SIGTERM'],
    ['generator', 'verify'],
  ])('(%s, in the %s) is a connection that was lost, and the next run succeeds', async (victim, session, how) => {
    await expectBroken(primary, await sessionWithKill(lab(), 1, victim, session, how));
  });

  it.each<[Victim, Session]>([
    ['gate', 'push'],
    ['receiver', 'verify'],
    ['wrapper', 'seal'],
  ])('(%s, in the %s) is tried again within the run', async (victim, session) => {
    const end = await sessionWithKill(lab(), 3, victim, session);
    expect(end.code, end.stderr).toBe(0);
    expect((await primary.history()).at(-1)).toMatchObject({ attempts: 2 });
  });

  it('is written down by the gate with its signal', async () => {
    const before = (await secondary.gate.log()).length;
    await sessionWithKill(lab(), 1, 'wrapper', 'push');
    expect((await secondary.gate.log()).slice(before)).toContainEqual(
      expect.objectContaining({ event: 'broke', kind: 'push', reason: expect.stringContaining('SIGKILL') as string }),
    );
  });

  it('differs from a disk that can only be read: a failure of its own, after which no run is refused for its id', async () => {
    await configure(primary, 1);
    // As on a file system that was mounted anew, read-only, while the ledger lies on another.
    await chmod(secondary.gate.jobDirectory, 0o500);
    const end = await primary.call('run', 'db');
    await chmod(secondary.gate.jobDirectory, 0o700);
    expect(end.code, end.stderr).toBe(14);
    expect(end.stderr).toContain('internal error; see gate.log on the secondary');
    const next = await primary.call('run', 'db');
    expect(next.code, next.stderr).toBe(0);
  });
});

describe('behind plain rrsync, a process that is killed', () => {
  let secondary: Secondary;
  let primary: Primary;

  beforeAll(async () => {
    secondary = await startSecondary();
    primary = await makePrimary(secondary, 'plain');
    await fillSampleTree(primary.source);
    await configure(primary, 1);
    await primary.secure();
  });
  afterAll(async () => {
    await primary.stop();
    await secondary.stop();
  });

  it.each<[Victim, Session]>([
    ['wrapper', 'push'],
    ['generator', 'push'],
  ])('(%s, in the %s) is a connection that was lost, and the next run succeeds', async (victim, session) => {
    await expectBroken(primary, await sessionWithKill({ primary, secondary }, 1, victim, session));
  });
});
