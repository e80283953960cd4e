import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { processesNaming } from '../../support/processes.ts';
import { HALF_PG_DUMP as HALF, PG_DUMP } from '../dumps/support/samples.ts';
import { drill, prune, type Ended } from '../prune/support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store } from '../prune/support/store.ts';

const HOUR = 3_600_000;

let store: Store;
afterEach(() => store.remove());

/** A store with one snapshot a day, the newest one last, each with these files. */
function make(settings: string, ...snapshots: readonly Readonly<Record<string, string>>[]): string[] {
  store = createStore({
    owner: UNPRIVILEGED,
    jobs: `{ db: { drill: ${settings} }, files: {} }`,
    alerts:
      '{ channels: { pager: { type: command, command: [/bin/sh, -c, "cat >> $0/told; echo >> $0/told", BASE] } } }',
  });
  writeFileSync(store.config, readFileSync(store.config, 'utf8').replaceAll('BASE', store.state));
  const ids = snapshots.map((files, index) =>
    store.seal('db', new Date(Date.now() - (snapshots.length - index) * 24 * HOUR), { files }),
  );
  store.own();
  return ids;
}

const call = (...words: string[]): Promise<Ended> => drill([HOST, '--config', store.config, ...words]);
const check = (): Promise<Ended> => prune(['check', HOST, '--config', store.config]);
const told = () =>
  (existsSync(join(store.state, 'told')) ? readFileSync(join(store.state, 'told'), 'utf8') : '')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { event: string; subject: string; body: string });
const rewrite = (id: string, name: string, text: string | Buffer) =>
  writeFileSync(join(store.root, 'db', id, name), text);

describe('a drill', () => {
  it('reads the dumps in the newest snapshot and an older one, and says so', async () => {
    const [old, newest] = make('{}', { 'a.sql': PG_DUMP }, { 'deep/b.sql': PG_DUMP, 'c.txt': 'text' });
    const end = await call();
    expect(end, end.stderr).toMatchObject({ code: 0 });
    expect(end.stdout).toMatch(
      new RegExp(`✓ web1/db/${newest} \\(newest\\), .*: 1 dump whole\n✓ web1/db/${old} \\(old\\), .*: 1 dump whole`),
    );
    expect(told()).toEqual([]);
    const again = await call();
    expect(again).toMatchObject({ code: 0, stdout: '' }); // none is due
    const asked = JSON.parse((await call('--job', 'db', '--json')).stdout) as { drills: unknown[] };
    expect(asked.drills).toMatchObject([
      { job: 'db', id: newest, which: 'newest', ok: true, whole: 1, broken: [] },
      { job: 'db', id: old, which: 'old', ok: true },
    ]);
  });

  it('fails for half a dump: somebody is told once, status and check say so; and told when it is over', async () => {
    const [newest = ''] = make('{}', { 'a.sql': HALF });
    rewrite(newest, 'b.sql.gz', gzipSync(HALF));
    const end = await call();
    expect(end, end.stderr).toMatchObject({ code: 44 });
    expect(end.stdout).toMatch(/✗ web1\/db\/\S+ \(newest\).*2 broken\n +a\.sql: a PostgreSQL dump that is cut off/);
    expect(told()).toMatchObject([
      { event: 'failure', subject: expect.stringContaining('a drill of web1/db failed') as string },
    ]);
    expect(told()[0]?.body).toMatch(/a\.sql: a PostgreSQL dump that is cut off.*\(and 1 more dump\)/);
    const looked = await check();
    expect(looked.code).toBe(42);
    expect(looked.stdout).toMatch(/failed +! look\b/);
    expect(looked.stdout).toMatch(/! web1\/db: drill failed: \S+Z: a\.sql: a PostgreSQL dump that is cut off/);
    expect(told()).toHaveLength(1);
    rewrite(newest, 'a.sql', PG_DUMP);
    rewrite(newest, 'b.sql.gz', gzipSync(PG_DUMP));
    expect(await call('--job', 'db')).toMatchObject({ code: 0 });
    expect(told().map(({ event }) => event)).toEqual(['failure', 'recovery']);
    const status = JSON.parse((await prune(['status', HOST, '--config', store.config, '--json'])).stdout) as {
      hosts: { jobs: unknown[] }[];
    };
    expect(status.hosts[0]?.jobs[0]).toMatchObject({
      job: 'db',
      state: 'ok',
      drill: { expected: true, failed: [], last: { id: newest } },
    });
  });

  it('tries one snapshot out on request, also in a job that has no drills', async () => {
    const [old = ''] = make('{}', { 'a.sql': HALF }, { 'a.sql': PG_DUMP });
    const other = store.seal('files', new Date(Date.now() - HOUR), { files: { 'x.sql': PG_DUMP } });
    store.own();
    expect(await call('--snapshot', old)).toMatchObject({ code: 44 });
    expect(await call('--job', 'files', '--snapshot', other)).toMatchObject({ code: 0 });
    const none = await call('--snapshot', '2020-01-01T000000Z');
    expect(none).toMatchObject({ code: 2 });
    expect(none.stderr).toMatch(/web1 has no sealed snapshot 2020-01-01T000000Z/);
    expect(await call('--job', 'nothing')).toMatchObject({ code: 2 });
    expect(await call('--snapshot', 'yesterday')).toMatchObject({ code: 2 });
  });

  it.each([
    [['wbe1'], /There is no host "wbe1" in the settings; known: web1\. Did you mean "web1"\?\n$/],
    [[HOST, '--job', 'bd'], /There is no job "bd" of web1 in the settings; known: db, files\. Did you mean "db"\?\n$/],
    [[HOST, '--jbo', 'db'], /unknown option '--jbo' \(Did you mean --job\?\)\nHelp: offsite-drill --help\n$/],
  ])('says what was meant: %s', async (words, expected) => {
    make('{}', { 'a.sql': PG_DUMP });
    const end = await drill([...words, '--config', store.config]);
    expect(end, end.stderr).toMatchObject({ code: 2, stdout: '' });
    expect(end.stderr).toMatch(expected);
  });

  it('says that it found nothing it could check', async () => {
    make('{}', { 'c.txt': 'text' });
    const end = await call();
    expect(end.stdout).toMatch(/✓ .*: no dump that could be checked/);
  });
});

describe("a drill's own command", () => {
  const script = (text: string) => {
    const path = join(store.state, 'try.sh');
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  };
  const COMMAND = '{ checks: none, command: [BASE/try.sh, "{snapshot}", "--into={scratch}"], timeout: 3s }';

  it('gets the snapshot and an empty directory, which is gone afterwards', async () => {
    const [newest = ''] = make(COMMAND, { 'a.sql': HALF });
    script(
      'test "$1" = "$OFFSITE_SNAPSHOT" && test "$2" = "--into=$OFFSITE_SCRATCH" && touch "$OFFSITE_SCRATCH/x" && cat "$1/a.sql" >&2 && pwd > ../pwd',
    );
    const end = await call();
    expect(end, end.stderr + end.stdout).toMatchObject({ code: 0 });
    const scratch = readFileSync(join(store.state, 'pwd'), 'utf8').trim();
    expect(scratch).toBe(join(store.state, 'drill.tmp'));
    expect(existsSync(scratch)).toBe(false);
    expect(existsSync(join(store.root, 'db', newest, 'a.sql'))).toBe(true);
  });

  it('makes the drill fail, with its last lines', async () => {
    make(COMMAND, { 'a.sql': HALF });
    script('seq 1 100; echo "psql: no such table" >&2; exit 3');
    const end = await call();
    expect(end.code).toBe(44);
    expect(end.stdout).toMatch(/try\.sh ended with exit code 3\n.*\n( +\| .*\n)* +\| psql: no such table/);
    expect(end.stdout).not.toContain('| 50\n');
    expect(told()[0]?.body).toMatch(/try\.sh ended with exit code 3/);
  });

  it('is ended with all that it has started when it takes too long', async () => {
    make(COMMAND, { 'a.sql': PG_DUMP });
    script('trap "" TERM; sh -c "sleep 600 # $OFFSITE_SCRATCH" & sleep 600');
    const end = await call();
    expect(end.code).toBe(44);
    expect(end.stdout).toMatch(/was not through after 3\.0 s \(drill\.timeout\), and was ended/);
    expect(processesNaming(store.state)).toEqual([]);
  });

  it('that does not exist makes the drill fail', async () => {
    make(COMMAND, { 'a.sql': PG_DUMP });
    const end = await call();
    expect(end.code).toBe(44);
    expect(end.stdout).toMatch(/try\.sh cannot be started/);
  });
});

it.runIf(process.getuid?.() === 0)('does not run as root (needs root)', async () => {
  make('{}', { 'a.sql': PG_DUMP });
  const end = await drill([HOST, '--config', store.config], 0);
  expect(end).toMatchObject({ code: 2 });
  expect(end.stderr).toMatch(/does not run as root.*runuser -u offsite-web1 -- offsite-drill web1/);
});
