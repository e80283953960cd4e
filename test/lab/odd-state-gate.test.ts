import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { lchown, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealName } from '../../src/shared/seal.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startGateHost, type GateHost } from '../ssh/support/gate-host.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { ODDITIES } from './support/oddities.ts';

let host: GateHost;
let sealed: SnapshotId;

beforeAll(async () => {
  host = await startGateHost();
  await host.configure({ gate: { attempts_per_day: 1000, min_interval: '0s' } });
  await fillSampleTree(host.source);
});
afterAll(() => host.stop());

/** Every file that the gate keeps in a host's state, below that directory; of `id`, which is pushed next, and of `basis`. */
const PLACES: Readonly<Record<string, (id: SnapshotId, basis: SnapshotId) => string>> = {
  'the log': () => 'gate.log',
  'the log before': () => 'gate.log.1',
  'the settings': () => 'settings.json',
  'the lock': () => 'db.lock',
  'the ledger': () => 'db.attempts.jsonl',
  'the note of a failed write': () => 'db.unflushed',
  'such a note of another job': () => 'files.unflushed',
  'the lock of a flush': () => '.flush.lock',
  'the records of a job': () => 'inodes/db',
  'the record of a basis': (_, basis) => `inodes/db/${basis}`,
  'the note of a change in a basis': (_, basis) => `inodes/db/${basis}.changed`,
  'the lock of a record': (id) => `inodes/db/${id}.lock`,
  'the word of the basis': (id) => `inodes/db/${id}.basis`,
  'the record': (id) => `inodes/db/${id}`,
  'a record half written': (id) => `inodes/db/${id}.tmp`,
  'a note of a change': (id) => `inodes/db/${id}.changed`,
  'what nobody knows, among the records': () => 'inodes/db/unknown',
  'the spool': () => 'spool/db',
  'where a seal arrives': () => 'spool/db/incoming',
  'accepted seals': () => 'spool/db/accepted',
  'a seal half accepted': (id) => `spool/db/accepted/.${sealName(id)}.1.1.tmp`,
  'an accepted seal': (id) => `spool/db/accepted/${sealName(id)}`,
};

/** Puts something in a place of the state, and gives what puts back what was there. */
async function replace(path: string, put: (path: string) => void): Promise<() => Promise<void>> {
  const { uid, gid } = host.sshd.account;
  const made = await mkdir(dirname(path), { recursive: true });
  if (made !== undefined) execFileSync('chown', ['-R', `${uid}:${gid}`, made]);
  const aside = join(host.hostState, '..', 'aside');
  const was = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  if (was) await rename(path, aside);
  put(path);
  await lchown(path, uid, gid);
  return async () => {
    await rm(path, { recursive: true, force: true });
    if (was) await rename(aside, path);
  };
}

describe.each(Object.entries(PLACES))('in the place of %s', (_, place) => {
  beforeAll(async () => {
    sealed = await host.store();
  });
  // Nothing is left wrong once it is gone.
  afterAll(async () => {
    expect((await host.store({ bases: [sealed] })) > sealed).toBe(true);
  });

  // What hangs is ended by the time-out of the test.
  it.each(Object.entries(ODDITIES))('%s is passed over or named by the gate', { timeout: 30_000 }, async (_, put) => {
    const id = host.nextId();
    const path = join(host.hostState, place(id, sealed));
    const putBack = await replace(path, put);
    try {
      const pushed = await host.push(id, { bases: [sealed] });
      const done = pushed.code === 0 ? await host.seal(id) : pushed;
      if (done.code === 0) return;
      const failed = (await host.log()).filter(({ id: of, event }) => of === id && event === 'failed');
      expect(JSON.stringify(failed)).toContain(path);
      expect(JSON.stringify(failed)).not.toMatch(/TypeError|RangeError|undefined|is not a function/);
    } finally {
      await putBack();
    }
  });
});
