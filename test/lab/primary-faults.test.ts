import { spawnSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  rmdir,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { remember } from '../ssh/support/as-it-was.ts';
import { expectFault } from '../ssh/support/fault.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';
import { until } from '../support/until.ts';
import { must } from '../support/processes.ts';

const MIB = 1024 * 1024;
const isRoot = process.getuid?.() === 0;

let secondary: Secondary;
let primary: Primary;
let putBack: () => void;
const at = (name: string) => join(primary.directory, name);
const stateFile = () => at('state/jobs/postgres@vault.json');
const historyFile = () => at('state/history.jsonl');

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'postgres');
  await fillSampleTree(primary.source);
  await primary.secure();
  putBack = remember(secondary.sshd.directory, [primary.directory, secondary.root]);
});
beforeEach(() => putBack());

afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

describe('this host', () => {
  it.each([
    ['rsync', /rsync cannot be started here .*Install it: apt-get install rsync openssh-client/],
    ['ssh', /ssh cannot be started here .*Install it: apt-get install openssh-client/],
  ])('has no %s', async (missing, says) => {
    const { PATH = '' } = primary.environment;
    const bin = at('bin');
    await mkdir(bin);
    for (const program of ['rsync', 'ssh', 'setpriv', 'flock', 'touch', 'sh', 'cat']) {
      if (program === missing) continue;
      await symlink(spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim(), join(bin, program));
    }
    await expectFault(primary, secondary, {
      code: 2,
      provoke: () => (primary.environment.PATH = bin),
      undo: async () => {
        primary.environment.PATH = PATH;
        await rm(bin, { recursive: true });
      },
      says,
      advises: /Correct what is listed/,
    });
  });

  it('lacks a secret', async () => {
    const { VAULT_USER = '' } = primary.environment;
    await expectFault(primary, secondary, {
      code: 3,
      provoke: () => delete primary.environment.VAULT_USER,
      undo: () => (primary.environment.VAULT_USER = VAULT_USER),
      says: /target vault, user: The environment variable VAULT_USER is not set/,
      advises: /Provide the secret named above/,
    });
  });

  it('has a key that others can read', () =>
    expectFault(primary, secondary, {
      code: 3,
      provoke: () => chmod(at('key'), 0o640),
      undo: () => chmod(at('key'), 0o600),
      says: /identity: Secrets file \S+ is readable by its group \(0640\).*chmod 600/,
      advises: /mode 0600/,
    }));

  it('has a damaged key', async () => {
    const key = await readFile(at('key'), 'utf8');
    await expectFault(primary, secondary, {
      code: 3,
      provoke: () => writeFile(at('key'), key.slice(0, 60)),
      undo: () => writeFile(at('key'), key),
      says: /the private key cannot be used/,
      advises: /Provide the secret named above/,
    });
  });

  it.skipIf(!isRoot)(
    'has a full disk where the state stands: the backup gets away all the same (needs root)',
    async () => {
      const place = await mkdtemp(join(tmpdir(), 'offsite-state-'));
      must('mount', '-t', 'tmpfs', '-o', 'size=128k,mode=0700', 'tmpfs', place);
      onTestFinished(() => {
        must('umount', '--lazy', place);
        rmdirSync(place);
      });
      const other = await makePrimary(secondary, 'full-state');
      await fillSampleTree(other.source);
      await other.configure({ top: { state_dir: place } });
      const first = await other.secure();
      await writeFile(join(place, 'ballast'), randomBytes(200_000)).catch(() => undefined);
      const end = await other.call('run', 'full-state');
      expect(end.code, end.stderr).toBe(0);
      expect(end.stdout).toMatch(/could not be written.*ENOSPC/);
      expect(end.alerts).toMatchObject([{ event: 'success' }, { event: 'warning' }]);
      expect((await secondary.sealed('full-state')).length).toBe(2);
      // The state is still the old one, and still whole.
      const state = JSON.parse(await readFile(join(place, 'jobs/full-state@vault.json'), 'utf8')) as object;
      expect(state).toMatchObject({ sealed: { id: first } });

      await rm(join(place, 'ballast'));
      const next = await other.secure();
      expect((await secondary.sealed('full-state')).at(-1)).toBe(next);
      await other.stop();
    },
  );

  it.skipIf(!isRoot)(
    'has a private directory that cannot be removed in the end: what is sealed counts as secured (needs root)',
    async () => {
      const other = await makePrimary(secondary, 'stuck');
      await writeFile(join(other.source, 'dump'), randomBytes(MIB));
      await other.configure();
      let place = '';
      secondary.line.after(0.5 * MIB, () => {
        const run = join(other.directory, 'run');
        place = join(run, readdirSync(run)[0] ?? '', 'mounted');
        mkdirSync(place);
        must('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place);
      });
      onTestFinished(async () => {
        if (place !== '') must('umount', '--lazy', place);
        await other.stop();
      });
      const end = await other.call('run', 'stuck');
      expect(end.code, end.stderr).toBe(0);
      expect(end.alerts).toMatchObject([{ event: 'success' }, { event: 'warning' }]);
      expect(end.alerts[1]?.body).toMatch(/Remove \S+ by hand, it may hold a key: .* could not be removed: EBUSY/);
      expect((await secondary.sealed('stuck')).length).toBe(1);
      expect((await other.history()).at(-1)).toMatchObject({ outcome: 'done' });
    },
  );

  it('has a state directory that it cannot write: that is said, with an alert', async () => {
    const other = await makePrimary(secondary, 'read-only', { ordinary: true });
    await fillSampleTree(other.source);
    await chmod(join(other.source, 'deep/er/run.sh'), 0o755);
    await chmod(other.state, 0o500);
    const end = await other.call('run', 'read-only');
    expect(end.code).toBe(2);
    expect(end.stderr).toMatch(/EACCES[^]*What to do: Run this as the user who owns state_dir/);
    expect(end.alerts).toMatchObject([{ event: 'failure', exit_code: 2 }]);
    await chmod(other.state, 0o700);
    await other.secure();
    await other.stop();
  });
});

describe('a damaged memory', () => {
  it('of which the last line of the history is half written', async () => {
    await appendFile(historyFile(), '{"version":1,"run":"half');
    const next = await primary.secure();
    const lines = (await readFile(historyFile(), 'utf8')).trimEnd().split('\n');
    expect(lines.at(-2)).toBe('{"version":1,"run":"half');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ snapshot: next, outcome: 'done' });
    await writeFile(historyFile(), lines.filter((line) => line !== '{"version":1,"run":"half').join('\n') + '\n');
  });

  it('of which the history is no file, or one endless line: the backup gets away, and that is told', async () => {
    const other = await makePrimary(secondary, 'no-history');
    onTestFinished(() => other.stop());
    await fillSampleTree(other.source);
    await other.secure();
    const path = join(other.state, 'history.jsonl');
    await truncate(path, 0);
    await truncate(path, 600e6);
    await rm(join(other.state, 'jobs/no-history@vault.json'));
    const endless = await other.call('run', 'no-history');
    expect(endless).toMatchObject({ code: 0, alerts: [{ event: 'success' }, { event: 'warning' }] });
    expect(endless.alerts[1]?.body).toContain('1 line of the history cannot be read and is left out');
    await rm(path);
    await mkdir(path);
    const directory = await other.call('run', 'no-history');
    expect(directory).toMatchObject({ code: 0, alerts: [{ event: 'success' }, { event: 'warning' }] });
    expect(directory.alerts[1]?.body).toMatch(/The history could not be written: \S+history\.jsonl is a directory/);
    expect(await other.call('history')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is a directory; a file/) as string,
    });
    const status = await other.call('status');
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('✓ secured') as string });
    expect(status.stderr).toMatch(/warning: The history cannot be read: \S+ is a directory/);
    expect((await secondary.sealed('no-history')).length).toBe(3);
  });

  it.each([
    ['lock', 'postgres@vault.lock'],
    ['state', 'jobs/postgres@vault.json'],
  ])('has a directory in the place of the %s', async (_, name) => {
    const path = join(at('state'), name);
    const aside = `${path}.aside`;
    const { end } = await expectFault(primary, secondary, {
      code: 2,
      provoke: async () => (await rename(path, aside), mkdir(path)),
      undo: async () => (await rmdir(path), rename(aside, path)),
      says: /@vault\.\w+ is a directory; a file belongs there: move it away/,
      advises: /Correct what is listed/,
    });
    expect(end.stderr).not.toMatch(/^\s+at /m);
  });

  it('of which the state is damaged: made anew from the history, with a warning, and still linked', async () => {
    const id = (await secondary.sealed('postgres')).at(-1);
    await truncate(stateFile(), 20);
    const end = await primary.call('run', 'postgres');
    expect(end.code).toBe(0);
    expect(end.alerts).toMatchObject([{ event: 'success' }, { event: 'warning' }]);
    expect(end.alerts[1]?.body).toMatch(/state file \S+ was damaged and has been made anew from the history/);
    expect((await primary.history()).at(-1)).toMatchObject({ transfer: { basis: id, newFiles: 0 } });
  });

  it.each(['', 'null', '[]', '{"version":1}', '\u0000\u0000', '{"version":1,"lastId":"../../etc"}'])(
    'of which the state and the history say %j: one full transfer, never a backup',
    async (text) => {
      const before = await secondary.record('postgres');
      await writeFile(stateFile(), text);
      await writeFile(historyFile(), `${text}\n`);
      const next = await primary.call('run', 'postgres');
      expect(next.code, next.stderr).toBe(0);
      const after = await secondary.record('postgres');
      expect(after.size).toBe(before.size + 1);
      for (const [id, record] of before) expect(after.get(id)).toEqual(record);
      await writeFile(historyFile(), '');
    },
  );

  it('that is lost, so that an id is used which is there already: nothing is sealed', async () => {
    const before = await secondary.record('postgres');
    // A snapshot directory for every second to come: whatever id is chosen, it is taken.
    const ids = Array.from({ length: 30 }, (_, index) => idOf(new Date(Date.now() + index * 1000)));
    for (const id of ids) await mkdir(join(secondary.root, 'postgres', id)).catch(() => undefined);
    if (isRoot) {
      const { uid, gid } = secondary.sshd.account;
      for (const id of ids) must('chown', `${uid}:${gid}`, join(secondary.root, 'postgres', id));
    }
    await rm(stateFile());
    await rm(historyFile());
    const end = await primary.call('run', 'postgres');
    expect(end.code).toBe(17);
    expect(end.stderr).toMatch(/the directory of the new snapshot \S+ was there already/);
    expect(await secondary.record('postgres')).toEqual(before);
    for (const id of ids) await rm(join(secondary.root, 'postgres', id), { recursive: true });
    await primary.secure();
  });
});

describe('the clock', () => {
  it('was set back: ids go on from the last one, with a warning', async () => {
    const sealed = (await secondary.sealed('postgres')).at(-1) ?? '';
    const state = await primary.jobState();
    const future = new Date(Date.now() + 3_600_000);
    // As it would be, had the clock been an hour ahead in the run before.
    const ahead = idOf(future);
    for (const suffix of ['', '.sealed']) {
      spawnSync('mv', [
        `${secondary.path('postgres', sealed)}${suffix}`,
        `${secondary.path('postgres', ahead)}${suffix}`,
      ]);
    }
    await writeFile(
      stateFile(),
      JSON.stringify({
        ...state,
        lastId: ahead,
        sealed: { ...(state.sealed as object), id: ahead, started: future.toISOString() },
      }),
    );
    const end = await primary.call('run', 'postgres');
    expect(end.code).toBe(0);
    expect(end.alerts[1]?.body).toMatch(/clock of this host is behind the last snapshot/);
    const next = (await secondary.sealed('postgres')).at(-1) ?? '';
    expect(next > ahead).toBe(true);
    expect(next).toBe(idOf(new Date(Math.floor(future.getTime() / 1000) * 1000 + 1000)));
    const again = await primary.secure();
    expect(again > next).toBe(true);
    expect((await primary.history()).at(-1)).toMatchObject({ transfer: { basis: next, newFiles: 0, copiedFiles: 0 } });
  });
});

describe('two runs at once', () => {
  it('of one job to one target: the second one says who holds the lock and since when', async () => {
    const other = await makePrimary(secondary, 'twice');
    await writeFile(join(other.source, 'big.dump'), randomBytes(2 * MIB));
    await other.configure({ target: { bandwidth_limit: '1MiB' } });
    const first = await other.start('run', 'twice');
    await until(() => first.said().includes('sending'));
    const during = await other.call('status');
    expect(during.stdout).toMatch(
      new RegExp(`twice → vault.*: a run has been going on for .*, since \\d\\d:\\d\\d UTC \\(process ${first.pid}\\)`),
    );
    const report = JSON.parse((await other.call('status', '--json')).stdout) as { jobs: { running: unknown }[] };
    expect(report.jobs[0]?.running).toMatchObject({ pid: first.pid });
    const second = await other.call('run', 'twice');
    expect(second.code).toBe(4);
    const node = first.pid;
    expect(second.stderr).toMatch(
      new RegExp(`another run .* is going on, held by process ${node} since \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z`),
    );
    expect(second.stderr).toMatch(/What to do: Wait for the other run/);
    expect(second.alerts).toMatchObject([{ event: 'warning', exit_code: 4 }]);
    const end = await first.ended;
    expect(end.code).toBe(0);
    expect((await secondary.sealed('twice')).length).toBe(1);
    expect((await other.history()).map(({ outcome }) => outcome)).toEqual(['locked', 'done']);
    const after = await other.call('status');
    expect(after.stdout).not.toMatch(/going on|another run/);
    expect(after).toMatchObject({ code: 0, stdout: expect.stringContaining('✓ secured') as string });
    await other.stop();
  });
});

function idOf(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(':', '')}Z`;
}
