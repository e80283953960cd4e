import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DoctorReport } from '../../src/commands/doctor/finding.ts';
import { parseRequest } from '../../remote-scripts/gate/request.ts';
import { startGateSecondary, type GateSecondary } from './support/gate-secondary.ts';
import { makePrimary, type Primary } from './support/primary.ts';
import { fillSampleTree } from './support/sample-tree.ts';
import { startSecondary, type Secondary } from './support/secondary.ts';

const TRIALS = 'a command of its own, reading what is stored, leaving its directory, forwarding a port';
const CHANGES = 'overwriting a file, changing a mode, deleting a file';

let plain: Secondary;
let gate: GateSecondary;
let toPlain: Primary;
let toGate: Primary;

beforeAll(async () => {
  plain = await startSecondary();
  gate = await startGateSecondary();
  toPlain = await makePrimary(plain, 'db');
  toGate = await makePrimary(gate, 'db');
  for (const { source } of [toPlain, toGate]) await fillSampleTree(source);
  await toGate.configure({ target: { secondary: 'gate' } });
});
afterAll(async () => {
  await toPlain.stop();
  await toGate.stop();
  await plain.stop();
  await gate.stop();
});

const reportOf = (stdout: string) => JSON.parse(stdout) as DoctorReport;

describe('doctor tries what must not work', () => {
  it('and the gate refuses all of it: append-only is enforced, and one attempt without a seal stays', async () => {
    const before = await toGate.secure();
    const end = await toGate.call('doctor');
    expect(end.code, end.stdout).toBe(0);
    expect(end.stdout).toContain(`✓ tried, and refused: ${TRIALS}, ${CHANGES}\n`);
    expect(end.stdout).toContain('✓ append-only: enforced; what is sealed cannot be changed from here\n');
    expect(end.stdout).toMatch(/offsite-gate \S+ there, offsite-rsync \S+ here/);
    expect(end.stdout).toContain('✓ the clocks of both hosts agree\n');
    expect(await gate.names('db')).toEqual([before, `${before}.sealed`]);
    expect(await gate.names('_selftest')).toEqual([expect.stringMatching(/^[0-9TZ-]+\.frozen$/)]);
    expect(await toGate.secure()).not.toBe(before);
  });

  it('and says so to programs', async () => {
    const { stdout, code } = await toGate.call('doctor', '--json');
    expect(code).toBe(0);
    expect(reportOf(stdout)).toMatchObject({
      exitCode: 0,
      jobs: [{ job: 'db', target: 'vault', appendOnly: 'enforced' }],
    });
  });

  it('sends nothing with --dry-run', async () => {
    const before = await gate.names('_selftest');
    const { stdout } = await toGate.call('doctor', '--json', '--dry-run');
    expect(reportOf(stdout)).toMatchObject({ jobs: [{ appendOnly: null }] });
    expect(await gate.names('_selftest')).toEqual(before);
  });

  it('and plain rrsync lets files be overwritten: append-only is not enforced', async () => {
    await toPlain.configure();
    const id = await toPlain.secure();
    const before = await plain.record('db');
    const end = await toPlain.call('doctor');
    expect(end.code, end.stdout).toBe(0);
    expect(end.stdout).toContain(`✓ tried, and refused: ${TRIALS}, deleting a file\n`);
    expect(end.stdout).toContain('· NOT refused: overwriting a file');
    expect(end.stdout).toContain('· append-only: NOT enforced: plain rrsync');
    expect(await plain.record('db')).toEqual(before);
    expect(await plain.sealed('db')).toEqual([id]);
  });

  it('and a shell in place of the forced command is found', async () => {
    const script = join(plain.sshd.directory, 'runs-everything');
    await writeFile(script, '#!/bin/sh\ncd "$(dirname "$0")/root" || exit\nexec sh -c "$SSH_ORIGINAL_COMMAND"\n', {
      mode: 0o755,
    });
    await plain.force(script);
    const end = await toPlain.call('doctor');
    await plain.force();
    expect(end.stdout).toContain('✗ NOT refused: a command of its own (it ran what it was told)');
    expect(end.stdout).toContain('✗ NOT refused: reading what is stored');
    expect(end.code, end.stdout).toBe(42);
  });
});

describe('the gate', () => {
  const line = (destination: string) => `rsync --server -te.LsfxCIvu --timeout=300 . ${destination}`;

  it('seals nothing that was a trial', () => {
    expect(parseRequest(line('db/2026-11-23T021500Z.sealed'))).toMatchObject({ ok: true });
    expect(parseRequest(line('_selftest/2026-11-23T021500Z.sealed'))).toEqual({
      ok: false,
      reason: '_selftest is for trials: nothing is sealed there',
    });
    expect(parseRequest(line('_other/2026-11-23T021500Z.sealed'))).toMatchObject({ ok: false });
  });
});
