import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { keptVersions, putBack } from '../kept/archive.ts';
import { prune, startProgram } from '../unit/prune/support/run-prune.ts';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { recordTree } from '../ssh/support/tree-record.ts';

/*
 * What earlier versions have written, and the present programs (docs/upgrading.md). `npm run keep-store` keeps what the present version
 * writes; from then on, it stays as it is.
 */

describe.each(keptVersions())('the store and the states that version %s has written', (version) => {
  let secondary: GateSecondary;
  let primary: Primary;
  let first: string;
  let second: string;
  let key: string;
  const place: string[] = [];

  beforeAll(async () => {
    secondary = await startGateSecondary();
    primary = await makePrimary(secondary, 'db');
    const { gate, sshd } = secondary;
    key = await sshd.allowSecond(`${process.execPath} ${gate.bundle} --config ${gate.config} --read web1`);
    // The attempt that broke has a file that the source no longer has.
    const job = { retry: { attempts: 1 } };
    await primary.configure({ target: { secondary: 'gate', read_identity: { file: key } }, job });
    place.push(await mkdtemp(join(tmpdir(), 'offsite-kept-')));
  });
  beforeEach(async () => {
    putBack(version, secondary, primary);
    [first = '', second = ''] = await secondary.sealed('db');
  });
  afterAll(async () => {
    await rm(place[0] ?? '', { recursive: true, force: true });
    await primary.stop();
    await secondary.stop();
  });

  const there = () => [secondary.gate.config, secondary.sshd.account.uid] as const;
  const scrub = (...words: string[]) =>
    startProgram(inject('scrub'), ['web1', ...words, '--config', there()[0]], there()[1]).ended;

  test('are told by status, history and list', async () => {
    const status = await primary.call('status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({
      jobs: [{ job: 'db', target: 'vault', condition: 'failing', sealed: { id: second } }],
    });
    const { stdout } = await primary.call('history', '--json');
    const runs = stdout.trim().split('\n').map((line) => JSON.parse(line) as { outcome: string; snapshot: string }); // prettier-ignore
    expect(runs.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'connection-lost']);
    expect(runs[1]?.snapshot).toBe(second);
    const list = await primary.call('list', 'db', '--json');
    expect(list.code, list.stderr).toBe(0);
    expect(list.stdout).toContain(first);
    expect(list.stdout).toContain('kept for later versions');
    expect(list.stderr).not.toMatch(/damaged|cannot/);
  });

  test('are verified, and what is older is restored and proved by its manifest', async () => {
    const verified = await primary.call('verify', 'db');
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
    const to = join(place[0] ?? '', 'back');
    const { code, stdout, stderr } = await primary.call('restore', 'db', '--snapshot', first, '--to', to);
    expect(code, stdout + stderr).toBe(0);
    expect(await readFile(join(to, 'deep/secret.conf'), 'utf8')).toBe('password=hunter2\n');
    expect((await readdir(to)).length).toBeGreaterThan(5);
  });

  test('are what the next push goes on with: in the broken attempt, and linked to the last snapshot', async () => {
    const before = recordTree(secondary.path('db', first));
    const id = await primary.secure();
    expect(await secondary.sealed('db')).toEqual([first, second, id]);
    const unchanged = 'empty';
    expect((await stat(secondary.path('db', id, unchanged))).ino).toBe(
      (await stat(secondary.path('db', second, unchanged))).ino,
    );
    expect((await secondary.names('db')).filter((name) => name.endsWith('.frozen'))).toEqual([]);
    expect(recordTree(secondary.path('db', first)).length).toBe(before.length);
    expect((await primary.history()).map(({ outcome }) => outcome)).toEqual([
      'done',
      'done',
      'connection-lost',
      'done',
    ]);

    const scrubbed = await scrub('--all');
    expect(scrubbed, scrubbed.stdout + scrubbed.stderr).toMatchObject({ code: 0 });
    const pruned = await prune(['web1', '--config', there()[0]], there()[1]);
    expect(pruned, pruned.stdout + pruned.stderr).toMatchObject({ code: 0 });
    expect(await secondary.sealed('db')).toEqual([first, second, id]);
  });

  test('are scrubbed with the manifests of then, none of which is made again, and pruned with the pin', async () => {
    const manifest = () => stat(secondary.path('db', `${first}.sha256`));
    const { mtimeMs } = await manifest();
    const scrubbed = await scrub('--all');
    expect(scrubbed, scrubbed.stdout + scrubbed.stderr).toMatchObject({ code: 0 });
    expect((await manifest()).mtimeMs).toBe(mtimeMs);
    const status = await prune(['status', 'web1', '--config', there()[0]], there()[1]);
    expect(status.stdout + status.stderr).toContain('kept for later versions');
    const unpinned = await prune(['unpin', 'web1', 'db', first, '--config', there()[0]], there()[1]);
    expect(unpinned, unpinned.stdout + unpinned.stderr).toMatchObject({ code: 0 });
  });
});
