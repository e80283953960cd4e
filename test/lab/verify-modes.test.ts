import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { appendFile, chmod, mkdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HostSettings } from '../../remote-scripts/config/settings.ts';
import { settingOf } from '../../remote-scripts/prune/plan.ts';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';

/* What each verify.mode asks the secondary behind the gate, and what it notices. */

let secondary: GateSecondary;
let primary: Primary;
const at = (name: string) => join(primary.source, name);
const retry = { attempts: 2, delay: '100ms', max_delay: '200ms' };

beforeAll(async () => {
  secondary = await startGateSecondary();
  primary = await makePrimary(secondary, 'db');
}, 60_000);
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

/** The letters of the sessions that were let in since, in order, and what kind each was. */
async function sessionsOf(act: () => Promise<unknown>): Promise<string[]> {
  const before = (await secondary.gate.log()).length;
  await act();
  return (await secondary.gate.log())
    .slice(before)
    .filter(({ event }) => event === 'accepted')
    .map(({ kind, reason }) => `${String(kind)} ${/ (-\S+)e\./.exec(String(reason))?.[1] ?? ''}`);
}

/** As many sessions prune takes into account when it judges how late a seal may come. */
function allowedSessions(): number {
  const gate = { clockSkewMs: 0, sessionLimitMs: 1 } as HostSettings['gate'];
  return settingOf({ gate } as HostSettings, 'UTC').longestAttempt;
}

/** Changes one byte of a stored file, and nothing else of it. */
async function flip(id: string, name: string): Promise<void> {
  const path = secondary.path('db', id, name);
  const { atimeMs, mtimeMs } = lstatSync(path);
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('content', 'Content'), { flag: 'r+' });
  await utimes(path, atimeMs / 1000, mtimeMs / 1000);
}

describe.each(['full', 'content', 'changed'] as const)('verify.mode: %s', (mode) => {
  let first: string;
  beforeEach(async () => {
    await primary.configure({ target: { secondary: 'gate' }, job: { verify: { mode }, retry } });
    await mkdir(at('d'), { recursive: true });
    for (const name of ['a', 'd/b', 'd/c']) await writeFile(at(name), `content of ${name}\n`);
    await rm(at('link'), { force: true });
    await symlink('a', at('link'));
    await setTimeout(20); // what was touched in the last tick that a run saw is looked at by the next one
    await writeFile(at('newest'), 'newest\n');
    first = await primary.secure(); // everything is compared the first time, whatever the mode
    await primary.secure();
    first = (await secondary.sealed('db')).at(-1) ?? first;
  });

  it('compares what it says, and records it', async () => {
    await appendFile(at('a'), 'more\n');
    const sessions = await sessionsOf(() => primary.secure());
    const full = 'verify -nlHogDtpArc';
    const listed = 'verify -nlHogDtpARc';
    expect(sessions).toEqual([
      'push -logDtpARyyz',
      ...{ full: [full], content: ['verify -nlHtrc', listed], changed: ['verify -nlHtr', listed] }[mode],
      full, // the canary
      'seal -t',
    ]);
    expect(sessions.length, 'sessions that prune allows an attempt').toBeLessThanOrEqual(allowedSessions());
    const { verification } = (await primary.history()).at(-1) as { verification: { mode: string } };
    expect(verification.mode).toBe(mode);
    expect((await primary.jobState()).lastFullVerification).not.toBeNull();
  });

  it('notices a byte that has changed in what was not sent, if it reads that', async () => {
    await flip(first, 'd/b');
    const { code } = await primary.call('run', 'db');
    expect(code).toBe(mode === 'changed' ? 0 : 20);
    // Either way nothing damaged is left after the next comparison of everything.
    if (mode !== 'changed') await primary.secure();
    else expect((await primary.call('verify', 'db')).code).toBe(20);
    await primary.secure();
    expect((await primary.call('verify', 'db')).code).toBe(0);
  });

  it('notices a file that is gone from what was not sent, and a mode that has changed', async () => {
    await rm(secondary.path('db', first, 'd/c'));
    await rm(secondary.path('db', first, 'link'));
    await chmod(at('d/b'), 0o611);
    const id = await primary.secure();
    expect(await readFile(secondary.path('db', id, 'd/c'), 'utf8')).toBe('content of d/c\n');
    expect((await primary.call('verify', 'db')).code).toBe(0);
  });

  it('notices a mode that changed after a snapshot of the file system, and before the run that sent that', async () => {
    const [earlier, later] = [join(primary.directory, 'earlier'), join(primary.directory, 'later')];
    execFileSync('cp', ['-a', primary.source, earlier]);
    execFileSync('cp', ['-a', primary.source, later]);
    await chmod(join(later, 'd/b'), 0o611);
    await setTimeout(100); // more than a run looks back from its start
    for (const state of [earlier, later]) {
      await rm(primary.source, { recursive: true });
      await rename(state, primary.source);
      await primary.secure();
    }
    expect((await primary.history()).at(-1)).toMatchObject({ attempts: 1, warnings: [] });
    expect(await primary.call('verify', 'db')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('identical to the source') as string,
    });
  });
});
