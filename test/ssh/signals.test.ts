import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectFault } from './support/fault.ts';
import { type Primary, type Running } from './support/primary.ts';
import { processesNaming } from '../support/processes.ts';
import { startSecured } from './support/secured.ts';
import type { Secondary } from './support/secondary.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;

let secondary: Secondary;
let primary: Primary;
let dumps = 0;

beforeAll(async () => {
  const secured = await startSecured();
  ({ secondary, primary } = secured);
  return () => secured.stop();
});

beforeEach(async () => {
  // A new name each time, so that no older version of the file stands before the broken one as a basis.
  await rm(join(primary.source, `big-${dumps}.dump`), { force: true });
  dumps += 1;
  await writeFile(join(primary.source, `big-${dumps}.dump`), randomBytes(3 * MIB));
  await primary.configure({ target: { bandwidth_limit: '1MiB' }, job: { retry: { attempts: 3, delay: '100ms' } } });
});

/** A run that is in the middle of its transfer. */
async function inTransfer(): Promise<Running> {
  const reached = new Promise<void>((resolve) => secondary.line.after(1 * MIB, resolve));
  const running = await primary.start('run', 'postgres');
  await Promise.race([reached, running.ended]);
  return running;
}

describe('a signal in the middle of a transfer', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('%s ends it within seconds, recorded and told, and the next run resumes', async (signal, code) => {
    let began = 0;
    const { end } = await expectFault(primary, secondary, {
      provoke: () => undefined,
      undo: () => primary.configure(),
      code,
      says: new RegExp(`ended by ${signal}`),
      advises: /Start it again; a run resumes where it stopped/,
      run: async () => {
        const running = await inTransfer();
        began = performance.now();
        running.child.kill(signal);
        const ended = await running.ended;
        expect(performance.now() - began).toBeLessThan(6000);
        return ended;
      },
    });
    expect(end.alerts).toMatchObject([{ outcome: 'interrupted' }]);
    const { transfer } = (await primary.history()).at(-1) as { transfer: { literalBytes: number } };
    expect(transfer.literalBytes).toBeLessThan(2.7 * MIB);
  });

  it('to the whole group, as a terminal sends it, is told all the same', async () => {
    await expectFault(primary, secondary, {
      provoke: () => (primary.wrapper = ['setsid']),
      undo: () => {
        primary.wrapper = [];
        return primary.configure();
      },
      code: 130,
      says: /ended by SIGINT/,
      advises: /Start it again/,
      run: async () => {
        const running = await inTransfer();
        process.kill(-running.pid, 'SIGINT'); // setsid made it the leader of a group of its own
        return running.ended;
      },
    });
  });

  it('while it waits for the next attempt ends the waiting', async () => {
    await primary.configure({ job: { retry: { attempts: 3, delay: '1m' } } });
    await secondary.line.hangUp();
    const running = await primary.start('run', 'postgres');
    await until(() => running.said().includes('next attempt in'));
    running.child.kill('SIGTERM');
    const end = await running.ended;
    await secondary.line.listen();
    expect(end.code).toBe(143);
    expect(end.stderr).toMatch(/ended by SIGTERM \(before that: nothing listens on the port/);
    await primary.configure();
    await primary.secure();
  });

  it('KILL leaves no orphan, the lock is free, and the next run resumes', async () => {
    const before = await secondary.record('postgres');
    const running = await inTransfer();
    running.child.kill('SIGKILL');
    await running.ended;
    await until(() => processesNaming(`${primary.directory}/`).length === 0);
    await primary.configure();
    const next = await primary.call('run', 'postgres');
    expect(next.code, next.stderr).toBe(0);
    const after = await secondary.record('postgres');
    for (const [id, record] of before) expect(after.get(id)).toEqual(record);
    const { transfer } = (await primary.history()).at(-1) as { transfer: { literalBytes: number } };
    expect(transfer.literalBytes).toBeLessThan(2.7 * MIB);
  });
});
