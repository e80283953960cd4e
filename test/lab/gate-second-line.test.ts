import { chmodSync, existsSync, utimesSync } from 'node:fs';
import { appendFile, readdir, rm, stat } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadSecondaryConfig } from '../../remote-scripts/config/load.ts';
import { NO_MEMORY } from '../../remote-scripts/prune/memory.ts';
import { problemsOfJob } from '../../remote-scripts/prune/problems.ts';
import { surveyHost } from '../../remote-scripts/prune/survey.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startGateHost, type GateHost } from '../ssh/support/gate-host.ts';
import { flipByte } from '../ssh/support/flip-byte.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';

/*
 * Somebody has changed a sealed inode while a snapshot that shares it was pushed. How, does not matter here: the test does it
 * by hand, as root.
 */

let host: GateHost;
let first: SnapshotId;
const FILE = 'deep/secret.conf';
const at = (...path: string[]) => join(host.jobDirectory, ...path);
const records = () => join(host.hostState, 'inodes', 'db');

beforeEach(async () => {
  host = await startGateHost();
  await fillSampleTree(host.source);
  first = await host.store();
});
afterEach(() => host.stop());

/** What offsite-prune makes of the host: its problems, in words. */
async function surveyOf({ config, sshd }: GateHost): Promise<string> {
  const settings = await loadSecondaryConfig(config);
  const web1 = settings.hosts.get('web1')!;
  const { plans } = await surveyHost({
    settings,
    host: web1,
    uid: sshd.account.uid,
    memory: NO_MEMORY,
    now: new Date(),
  });
  return plans
    .flatMap((plan) => problemsOfJob('web1', plan).map(({ problem, reason }) => `${problem} ${reason}`))
    .join('\n');
}

const CHANGES: readonly (readonly [string, () => void])[] = [
  ['mode', () => chmodSync(at(first, FILE), 0o444)],
  ['mtime', () => utimesSync(at(first, FILE), 1_000_000_000, 1_000_000_000)],
  [
    'owner and mode as fake_super keeps them',
    () => {
      const set = 'import os,sys; os.setxattr(sys.argv[1], "user.rsync.%stat", b"104755 0,0 0:0")';
      if (spawnSync('python3', ['-c', set, at(first, FILE)]).status !== 0) throw new Error('no xattr');
    },
  ],
];

describe('a sealed inode that a push shares', () => {
  test.each(CHANGES)('and whose %s has changed keeps the push from being sealed', async (_, change) => {
    const id = host.nextId();
    expect(await host.push(id, { bases: [first] })).toMatchObject({ code: 0 });
    // The walk that goes on beside the verification may be over by now: what it saw does not count, what is there does.
    change();
    await rm(join(records(), id), { force: true });
    const end = await host.seal(id);

    expect(end).toMatchObject({ code: 2 });
    expect(end.stderr).toMatch(new RegExp(`refused: sealed files of ${first} have changed .*deep/secret\\.conf`));
    expect(await readdir(host.jobDirectory)).toEqual([first, `${first}.sealed`, `${id}.frozen`]);
    expect((await host.log()).find(({ event }) => event === 'attack')).toMatchObject({ id, job: 'db' });

    // The secondary's own check tells it, on its next round.
    const survey = await surveyOf(host);
    expect(survey).toMatch(new RegExp(`sealed snapshots of web1/db were changed .*${first}: deep/secret.conf`, 's'));

    // Backups go on, without the snapshot that cannot be trusted.
    const next = await host.store({ bases: [first] });
    expect((await stat(at(next, FILE))).ino).not.toBe((await stat(at(first, FILE))).ino);
    const after = await host.store({ bases: [next] });
    expect((await stat(at(after, FILE))).ino).toBe((await stat(at(next, FILE))).ino);
  });
});

describe('honest use does not look like an attack', () => {
  test('links, changes, damage under the same size and time, and a basis that is gone', async () => {
    const second = await host.store({ bases: [first] });
    flipByte(at(second, FILE), 0);
    await appendFile(join(host.source, 'dump.sql'), 'one more line\n');
    const third = await host.store({ bases: [second] });
    await rm(at(first), { recursive: true });
    await rm(at(`${first}.sealed`));
    const fourth = await host.store({ bases: [third] });
    expect((await readdir(records())).filter((name) => !name.includes('.'))).toEqual([second, third, fourth]);
    expect((await host.log()).filter(({ event }) => event === 'attack')).toEqual([]);
  });

  test('a snapshot from before there were records gets one before a client speaks', async () => {
    await rm(records(), { recursive: true });
    const id = host.nextId();
    expect(await host.push(id, { bases: [first] })).toMatchObject({ code: 0 });
    expect(existsSync(join(records(), first))).toBe(true);
    expect(await host.seal(id)).toMatchObject({ code: 0 });
  });
});
