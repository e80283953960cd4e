import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SelftestReport } from '../../src/run/selftest/selftest-report.ts';
import { startGateSecondary, type GateSecondary } from './support/gate-secondary.ts';
import { makePrimary, type Primary } from './support/primary.ts';
import { startSecondary, type Secondary } from './support/secondary.ts';

let plain: Secondary;
let gate: GateSecondary;
let toPlain: Primary;
let toGate: Primary;

beforeAll(async () => {
  plain = await startSecondary();
  gate = await startGateSecondary();
  toPlain = await makePrimary(plain, 'db');
  toGate = await makePrimary(gate, 'db');
  await toGate.configure({ target: { secondary: 'gate' } });
  for (const primary of [toPlain, toGate]) {
    primary.environment.TMPDIR = join(primary.directory, 'tmp');
    await mkdir(primary.environment.TMPDIR);
  }
});
afterAll(async () => {
  await toPlain.stop();
  await toGate.stop();
  await plain.stop();
  await gate.stop();
});

/** What a test may not leave on its own host. */
async function leftHere({ directory, state }: Primary): Promise<string[]> {
  const found = await Promise.all(
    [state, join(directory, 'tmp'), join(directory, 'run')].map((path) => readdir(path).catch(() => [])),
  );
  return found.flat();
}

describe('selftest', () => {
  it('behind the gate: all criteria hold, and nothing stays but one attempt without a seal, and a page', async () => {
    const end = await toGate.call('selftest', '--target', 'vault', '--out', 'page.md');
    const page = await readFile(join(toGate.directory, 'page.md'), 'utf8');
    expect(end.code, end.stdout + end.stderr + page).toBe(0);
    expect(end.stdout).toMatch(/^✓ A test.*\n✓ It is.*\n✓ When.*\nAccepted; the page to file is page\.md\n$/);
    expect(page).toContain('**Accepted: all three criteria hold.**');
    expect(page).toMatch(/The line was cut .* when .* of 16\.\d MiB had been sent, [2-9]\d %\./);
    expect(page).toMatch(/The run ended .+ later: connection lost \(exit 12\)/);
    expect(page).toContain('The alert was accepted by file.');
    expect(page).toContain('The alert was not accepted by hook');
    for (const secret of ['127.77.', 'canary']) expect(page).not.toContain(secret);
    expect(end.alerts).toMatchObject([{ event: 'failure', outcome: 'connection-lost', exit_code: 12 }]);
    expect(end.alerts[0]?.body).toContain('this is a test that somebody made with offsite-rsync selftest');
    expect(await leftHere(toGate)).toEqual([]);
    expect((await gate.names('_selftest')).filter((name) => name.includes('sealed'))).toEqual([]);
    const [left = '', ...more] = await gate.names('_selftest');
    expect(left).toMatch(/Z\.(partial|frozen)$/);
    expect(more).toEqual([]);
    expect(page).toContain(`\`${left.slice(0, left.indexOf('.'))}\` in the job`);
  });

  it('on plain rrsync, for programs; and a page that is there is not overwritten', async () => {
    const end = await toPlain.call('selftest', '--json');
    expect(end.code, end.stdout + end.stderr).toBe(0);
    const report = JSON.parse(end.stdout) as SelftestReport;
    expect(report).toMatchObject({ accepted: true, target: 'vault', secondary: 'rrsync', exitCode: 0 });
    expect(await plain.snapshots('_selftest')).toEqual(report.left);
    expect(await plain.sealed('_selftest')).toEqual([]);
    expect(end.alerts).toHaveLength(1);
    expect(await leftHere(toPlain)).toEqual([]);
    const name = `acceptance-${report.begun.slice(0, 10)}.md`;
    const page = await readFile(join(toPlain.directory, name), 'utf8');
    const again = await toPlain.call('selftest', '--out', name);
    expect(again).toMatchObject({ code: 2, stdout: '' });
    expect(again.stderr).toContain(`${name} is there already: name another file with --out.`);
    expect(await readFile(join(toPlain.directory, name), 'utf8')).toBe(page);
  });

  it('says in one line what it cannot work with', async () => {
    const other = await toPlain.call('selftest', '--target', 'valut');
    expect(other).toMatchObject({ code: 2, alerts: [] });
    expect(other.stderr).toContain('There is no target "valut". Did you mean "vault"?');
    const nowhere = await toPlain.call('selftest', '--out', 'no/where.md');
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toContain('no/where.md cannot be written');
    await toPlain.configure({ job: { targets: ['vault'] } });
    const config = JSON.parse(await readFile(toPlain.config, 'utf8')) as { targets: Record<string, unknown> };
    const two = { ...config, targets: { ...config.targets, attic: config.targets.vault } };
    await writeFile(toPlain.config, JSON.stringify(two));
    const which = await toPlain.call('selftest');
    await toPlain.configure();
    expect(which.code).toBe(2);
    expect(which.stderr).toContain('Name one with --target: vault, attic.');
  });
});
