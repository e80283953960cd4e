import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SelftestReport } from '../../src/run/selftest/selftest-report.ts';
import { startGateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';
import { must } from '../support/processes.ts';
import { until } from '../support/until.ts';

let secondary: Secondary;
let primary: Primary;
let pages = 0;

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'db');
  primary.environment.TMPDIR = join(primary.directory, 'tmp');
  await mkdir(primary.environment.TMPDIR);
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});
beforeEach(() => (pages += 1));

const out = () => `page-${pages}.md`;
const temporary = () => readdir(join(primary.directory, 'tmp'));

/** What a test that is not accepted reports. */
async function rejected(): Promise<SelftestReport> {
  const end = await primary.call('selftest', '--json', '--out', out());
  expect(end.code, end.stdout + end.stderr).toBe(42);
  expect(await temporary()).toEqual([]);
  expect(await readFile(join(primary.directory, out()), 'utf8')).toContain('**Not accepted:');
  const report = JSON.parse(end.stdout) as SelftestReport;
  expect(report).toMatchObject({ accepted: false, exitCode: 42 });
  return report;
}

describe('selftest does not accept', () => {
  it('a secondary that is not reached', async () => {
    await secondary.line.hangUp();
    const { criteria, left } = await rejected();
    await secondary.line.listen();
    expect(criteria.map(({ holds }) => holds)).toEqual([false, false, false]);
    expect(criteria[1]?.wrong.join()).toContain('not tried');
    expect(left).toEqual([]);
  });

  it('a backup that is damaged there', async () => {
    const script = join(secondary.sshd.directory, 'damages');
    const damage = `for file in ${secondary.root}/_selftest/*/large; do printf x | dd of="$file" bs=1 seek=9 conv=notrunc status=none; done`;
    await writeFile(script, `#!/bin/sh\n${secondary.forcedCommand}; status=$?\n${damage}\nexit $status\n`, {
      mode: 0o755,
    });
    await secondary.force(script);
    const { criteria } = await rejected();
    await secondary.force();
    expect(criteria).toMatchObject([{ holds: true }, { holds: false }, { holds: true }]);
    expect(criteria[1]?.wrong.join()).toContain('large');
  });

  it('an alert that nobody hears', async () => {
    await primary.configure({ top: { alerts: { channels: {} } } });
    const { criteria } = await rejected();
    await primary.configure();
    expect(criteria).toMatchObject([{ holds: true }, { holds: true }, { holds: false }]);
    expect(criteria[2]?.wrong).toEqual([expect.stringContaining('Nobody was told')]);
  });
});

describe('selftest with an ssh that is not what it should be', () => {
  const pids = () => join(primary.directory, 'pids');

  /** Puts a script before ssh, which is its `$ssh`. */
  async function wrapSsh(script: string): Promise<void> {
    const place = join(primary.directory, 'bin');
    await mkdir(place, { recursive: true });
    const ssh = must('sh', '-c', 'command -v ssh').trim();
    await writeFile(join(place, 'ssh'), `#!/bin/sh\n${script}\nexec ${ssh} "$@"\n`, { mode: 0o755 });
    primary.environment.PATH = `${place}:${path}`;
  }
  let path = '';
  beforeAll(() => (path = primary.environment.PATH ?? ''));
  afterEach(() => (primary.environment.PATH = path));

  it('does not accept a line that could not be cut, and stops the run before it would be sealed', async () => {
    await wrapSsh('case "$*" in *"-O check"*) exit 255;; esac');
    const { criteria, left } = await rejected();
    expect(criteria).toMatchObject([{ holds: true }, { holds: true }, { holds: false }]);
    expect(criteria[2]?.wrong.join()).toContain('everything was sent before the line was cut');
    expect(await secondary.snapshots('_selftest')).toEqual(expect.arrayContaining([...left]));
    expect(await secondary.sealed('_selftest')).toEqual([]);
  });

  it('finds a process that is left', async () => {
    const stays = `setsid sh -c 'echo $$ >>${pids()}; sleep 60; :' sh "$2" </dev/null >/dev/null 2>&1 &`;
    await wrapSsh(`case "$*" in *ControlMaster=yes*) ${stays}\n;; esac`);
    const { criteria } = await rejected();
    for (const pid of (await readFile(pids(), 'utf8')).trim().split('\n')) process.kill(-Number(pid), 'SIGKILL');
    expect(criteria).toMatchObject([{ holds: true }, { holds: true }, { holds: false }]);
    expect(criteria[2]?.wrong.join()).toContain('Processes of the run are still there');
  });
});

describe('selftest accepts', () => {
  it('as an ordinary user, on a secondary that keeps no owners', async () => {
    const user = await makePrimary(secondary, 'db', { ordinary: true });
    await user.configure({ target: { metadata: 'plain' } });
    const end = await user.call('selftest', '--out', out());
    const page = await readFile(join(user.directory, out()), 'utf8');
    await user.stop();
    expect(end.code, end.stdout + end.stderr + page).toBe(0);
    expect(page).toContain('names and times too. Nothing differs.');
  });

  it('again and again, behind the gate', async () => {
    const gate = await startGateSecondary();
    const user = await makePrimary(gate, 'db');
    await user.configure({ target: { secondary: 'gate' } });
    for (const name of ['one.md', 'two.md']) {
      const end = await user.call('selftest', '--out', name);
      expect(end.code, end.stdout + end.stderr).toBe(0);
    }
    await user.stop();
    await gate.stop();
  });
});

describe('a signal', () => {
  it('ends it, and leaves neither a page nor its temporary files', async () => {
    const running = await primary.start('selftest', '--out', out());
    await until(async () => (await temporary()).length > 0);
    running.child.kill('SIGINT');
    const end = await running.ended;
    expect(end.code).toBe(130);
    expect(await temporary()).toEqual([]);
    expect(await readdir(primary.directory)).not.toContain(out());
  });

  it('ends it while the line is about to be cut; a second one does not wait for an alert', async () => {
    const slow = { type: 'command', command: ['sleep', '60'], events: ['failure'], timeout: '60s' };
    await primary.configure({ top: { alerts: { channels: { slow } } } });
    const before = (await secondary.snapshots('_selftest')).length;
    const running = await primary.start('selftest', '--out', out());
    await until(async () => (await secondary.snapshots('_selftest')).length === before + 2, 40_000);
    running.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const second = performance.now();
    running.child.kill('SIGINT');
    const end = await running.ended;
    await primary.configure();
    expect(end.code).toBe(130);
    expect(performance.now() - second).toBeLessThan(10_000);
    expect(await temporary()).toEqual([]);
    expect(await readdir(primary.directory)).not.toContain(out());
    expect(await secondary.sealed('_selftest')).toEqual([]);
  });
});
