import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chownSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remember } from '../ssh/support/as-it-was.ts';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

/*
 * What `secondary:` says in the configuration is not what answers: a run notices it before it sends anything, and doctor
 * says it beforehand.
 */

let plain: Secondary;
let gate: GateSecondary;
let toPlain: Primary;
let toGate: Primary;
const putBack: (() => void)[] = [];

beforeAll(async () => {
  plain = await startSecondary();
  gate = await startGateSecondary();
  toPlain = await makePrimary(plain, 'db');
  toGate = await makePrimary(gate, 'db');
  await fillSampleTree(toPlain.source);
  await fillSampleTree(toGate.source);
  putBack.push(remember(plain.sshd.directory, [toPlain.directory, plain.root]));
  putBack.push(remember(gate.sshd.directory, [toGate.directory, ...gate.stores]));
});
beforeEach(() => {
  for (const act of putBack) act();
});
afterAll(async () => {
  await toPlain.stop();
  await toGate.stop();
  await plain.stop();
  await gate.stop();
});

const GATE = { target: { secondary: 'gate' } };
const SAYS_GATE = /vault says `?secondary: gate`?, .*plain rrsync.*`secondary: rrsync`/s;
const SAYS_RRSYNC = /vault says `secondary: rrsync`, .*the gate.*leave/s;

describe('a target that says `secondary: gate` where plain rrsync answers', () => {
  it('sends nothing, and says which line of the configuration is wrong, when the job is new there', async () => {
    await toPlain.configure(GATE);
    const end = await toPlain.call('run', 'db');
    expect(end.code).toBe(14);
    expect(end.stderr).toMatch(SAYS_GATE);
    expect(end.stderr).not.toMatch(/step.*verify|verifying/);
    expect(end.alerts).toHaveLength(1);
    expect((await toPlain.history()).at(-1)).toMatchObject({ attempts: 1, transfer: null });
  });

  it('sends nothing when the directory of the job is there', async () => {
    const { uid, gid } = plain.sshd.account;
    await mkdir(join(plain.root, 'db'), { recursive: true });
    chownSync(join(plain.root, 'db'), uid, gid);
    await toPlain.configure(GATE);
    const end = await toPlain.call('run', 'db');
    expect(end.code).toBe(14);
    expect(end.stderr).toMatch(SAYS_GATE);
    expect(end.stderr).not.toMatch(/verifying/);
  });

  it('is found by doctor', async () => {
    await toPlain.configure(GATE);
    const end = await toPlain.call('doctor');
    expect(end.code).toBe(14);
    expect(end.stdout).toMatch(SAYS_GATE);
  });
});

describe('a target that says `secondary: rrsync` where the gate answers', () => {
  it('sends nothing, and says which line of the configuration is wrong', async () => {
    await toGate.configure();
    const end = await toGate.call('run', 'db');
    expect(end.code).toBe(14);
    expect(end.stderr).toMatch(SAYS_RRSYNC);
    expect(await gate.names('db')).toEqual([]);
  });

  it('is found by doctor', async () => {
    await toGate.configure();
    const end = await toGate.call('doctor');
    expect(end.code).toBe(14);
    expect(end.stdout).toMatch(SAYS_RRSYNC);
  });
});

describe('doctor', () => {
  const PUSH = /✓ push: a dry run was accepted/;
  const SEAL = /✓ seal: /;

  it('tries all four kinds of session at plain rrsync, and leaves nothing there', async () => {
    await toPlain.configure();
    const fresh = await toPlain.call('doctor');
    expect(fresh.code, fresh.stdout).toBe(0);
    expect(fresh.stdout).toMatch(PUSH);
    expect(fresh.stdout).toMatch(/✓ verification: /);
    expect(fresh.stdout).toMatch(/· canary: .*no sealed snapshot/);
    expect(fresh.stdout).toMatch(SEAL);
    await toPlain.secure();
    const before = await plain.record('db');
    const later = await toPlain.call('doctor');
    expect(later.code, later.stdout).toBe(0);
    expect(later.stdout).toMatch(/✓ canary: an altered copy was reported/);
    expect(await plain.record('db')).toEqual(before);
  });

  it('tries all four kinds of session at the gate, and leaves nothing there but lines in its log', async () => {
    await toGate.configure(GATE);
    const fresh = await toGate.call('doctor');
    expect(fresh.code, fresh.stdout).toBe(0);
    for (const says of [PUSH, /✓ verification: /, SEAL]) expect(fresh.stdout).toMatch(says);
    expect(fresh.stdout).toMatch(/✓ the gate answers/);
    expect(await gate.names('db')).toEqual([]);
    const id = await toGate.secure();
    const later = await toGate.call('doctor');
    expect(later.code, later.stdout).toBe(0);
    expect(later.stdout).toMatch(/✓ canary: an altered copy was reported/);
    expect(await gate.names('db')).toEqual([id, `${id}.sealed`]);
  });

  it('finds a secondary that hides differences before a run does', async () => {
    await toPlain.configure();
    await toPlain.secure();
    await plain.force(`rrsync -wo -no-del -no-overwrite -munge ${plain.root}`);
    const end = await toPlain.call('doctor');
    await plain.force();
    expect(end.code, end.stdout).toBe(21);
    expect(end.stdout).toMatch(/✗ canary: .*no difference/);
  });
});
