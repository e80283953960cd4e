import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { expectFault } from '../ssh/support/fault.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { startSecured } from '../ssh/support/secured.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';
import { until } from '../support/until.ts';
import { must } from '../support/processes.ts';

const MIB = 1024 * 1024;
const isRoot = process.getuid?.() === 0;

let secondary: Secondary;
let primary: Primary;

beforeAll(async () => {
  const secured = await startSecured();
  ({ secondary, primary } = secured);
  return () => secured.stop();
});

/** Runs a program as root and throws unless it ends well. */
describe('a secondary that cannot take a snapshot', () => {
  const refused = { code: 14, advises: /check the authorized_keys entry and what it starts/ };

  it('because its account has no rrsync', () =>
    expectFault(primary, secondary, {
      ...refused,
      provoke: () => secondary.force(`/opt/missing/rrsync -wo -no-del -munge ${secondary.root}`),
      undo: () => secondary.force(),
      says: /rrsync: (not found|No such file)/,
    }));

  it('because it has no rsync behind its rrsync', () =>
    expectFault(primary, secondary, {
      ...refused,
      provoke: async () => {
        // The real rrsync, on a path where there is no rsync.
        const path = join(secondary.sshd.directory, 'no-rsync');
        const rrsync = spawnSync('which', ['rrsync'], { encoding: 'utf8' }).stdout.trim();
        await writeFile(
          path,
          `#!/bin/sh\nsed "s|^RSYNC = .*|RSYNC = '/opt/missing/rsync'|" ${rrsync} > "$0.py"\nexec python3 "$0.py" "$@"\n`,
        );
        await chmod(path, 0o755);
        await chmod(secondary.sshd.directory, 0o777);
        await secondary.force(`${path} -wo -no-del -munge ${secondary.root}`);
      },
      undo: async () => {
        await chmod(secondary.sshd.directory, 0o755);
        await secondary.force();
      },
      says: /FileNotFoundError: .*\/opt\/missing\/rsync/,
    }));

  it('because its account may not log in to a shell', () =>
    expectFault(primary, secondary, {
      ...refused,
      provoke: () => secondary.force('/usr/sbin/nologin'),
      undo: () => secondary.force(),
      says: /is your shell clean/,
    }));

  it('because the directory of the job is not writable', () =>
    expectFault(primary, secondary, {
      ...refused,
      provoke: () => chmod(join(secondary.root, 'postgres'), 0o500),
      undo: () => chmod(join(secondary.root, 'postgres'), 0o700),
      says: /Permission denied/,
    }));

  it('because rrsync refuses the request', () =>
    expectFault(primary, secondary, {
      ...refused,
      provoke: () => secondary.force(`rrsync -ro ${secondary.root}`),
      undo: () => secondary.force(),
      says: /read-only|sending to read/i,
    }));

  it('because its root is gone', () =>
    expectFault(primary, secondary, {
      ...refused,
      provoke: () => secondary.force(`rrsync -wo -no-del -munge ${secondary.root}-gone`),
      undo: () => secondary.force(),
      says: /FileNotFoundError: .*root-gone|Restricted directory does not exist/,
    }));

  it.skipIf(!isRoot)('because its disk is full (needs root, to mount a small one)', async () => {
    const place = await mkdtemp(join(tmpdir(), 'offsite-small-'));
    must('mount', '-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', place);
    onTestFinished(() => {
      must('umount', '--lazy', place);
      rmdirSync(place);
    });
    const small = await startSecondary(place); // sshd sees only what was mounted before it
    const filling = await makePrimary(small, 'full');
    // Not every kernel keeps user xattrs on a tmpfs.
    await filling.configure({ target: { metadata: 'plain' } });
    await writeFile(join(filling.source, 'small.dump'), randomBytes(MIB));
    await filling.secure();
    await expectFault(filling, small, {
      code: 15,
      provoke: () => writeFile(join(filling.source, 'big.dump'), randomBytes(4 * MIB)),
      // The administrator of the secondary makes room: what the broken attempt left is not sealed.
      undo: async () => {
        await rm(join(filling.source, 'big.dump'));
        const sealed = await small.sealed('full');
        for (const id of await small.snapshots('full')) {
          if (!sealed.includes(id)) await rm(small.path('full', id), { recursive: true });
        }
      },
      says: /No space left on device/,
      advises: /Free space or inodes on the secondary/,
    });
    await filling.stop();
    await small.stop();
  });

  it('for longer than it is waited for, because it serves another session', async () => {
    const holder = spawnLockHolder();
    await primary.configure({ target: { busy_timeout: '1s' } });
    await until(() => holder.held());
    await expectFault(primary, secondary, {
      ...refused,
      provoke: () => undefined,
      undo: async () => {
        holder.release();
        await primary.configure();
      },
      says: /still busy: Another instance of rrsync/,
    });
  });

  it('yet, because it serves another session: that is waited for', async () => {
    const holder = spawnLockHolder();
    await until(() => holder.held());
    const running = await primary.start('run', 'postgres');
    await until(() => running.said().includes('the secondary is busy'));
    holder.release();
    const end = await running.ended;
    expect(end.code).toBe(0);
    expect((await primary.history()).at(-1)).toMatchObject({ attempts: 1 });
  });
});

describe('a basis that was named but not linked', () => {
  async function prepared(job: string) {
    const other = await makePrimary(secondary, job);
    await fillSampleTree(other.source);
    const id = await other.secure();
    return { other, id, basis: secondary.path(job, id) };
  }

  /** The run is a success with a warning, in the record, the summary and an alert; what it sent is all there. */
  async function expectLost(other: Primary, says: RegExp): Promise<void> {
    const end = await other.call('run', other.job);
    expect(end.code, end.stderr).toBe(0);
    expect(end.stdout).toMatch(says);
    const record = (await other.history()).at(-1) as { warnings: string[] };
    expect(record.warnings.join('\n')).toMatch(says);
    expect(end.alerts).toMatchObject([{ event: 'success' }, { event: 'warning' }]);
    expect(end.alerts[1]?.body).toMatch(says);
    expect(await other.call('verify', other.job)).toMatchObject({ code: 0 });
  }

  it('because it was removed there: a warning, an alert, and a full copy', async () => {
    const { other, basis } = await prepared('removed');
    await rm(basis, { recursive: true });
    await expectLost(other, /Nothing of the basis \S+ was found.*Deduplication is lost/);
    expect((await other.call('run', other.job)).alerts).toMatchObject([{ event: 'success' }]);
    await other.stop();
  });

  it.skipIf(!isRoot)('because its files are immutable (needs root)', async () => {
    const { other, basis } = await prepared('immutable');
    must('chattr', '-R', '+i', basis);
    onTestFinished(() => void must('chattr', '-R', '-i', basis));
    await expectLost(other, /unchanged files? could not be linked to .*immutable.*Deduplication is lost/);
    await other.stop();
  });

  it.skipIf(!isRoot)('because its files belong to another account (needs root)', async () => {
    const { other, basis } = await prepared('foreign');
    must('chown', '-R', '60899:60899', basis);
    must('chmod', '-R', 'a+rX', basis);
    await expectLost(other, /unchanged files? could not be linked to .*another account.*Deduplication is lost/);
    await other.stop();
  });
});

/** Holds rrsync's lock as a session of another client would. */
function spawnLockHolder() {
  const directory = secondary.root;
  const child = spawn('flock', ['--exclusive', '--no-fork', directory, 'sleep', '60'], { stdio: 'ignore' });
  return {
    held: () => spawnSync('flock', ['--nonblock', directory, 'true']).status !== 0,
    release: () => void child.kill('SIGKILL'),
  };
}
