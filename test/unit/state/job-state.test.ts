import { appendFile, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { appendHistory, historyFile, readHistory } from '../../../src/state/history.ts';
import { afterRecord, loadJobState, saveJobState, type JobState } from '../../../src/state/job-state.ts';
import { parseRunRecord, type RunRecord } from '../../../src/state/run-record.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-state-'));
  return () => rm(directory, { recursive: true, force: true });
});

const id = parseSnapshotId('2026-11-23T021500Z')!;
const older = parseSnapshotId('2026-11-22T021500Z')!;

function record(change: Partial<RunRecord> = {}): RunRecord {
  return {
    version: 1,
    run: 'r1',
    job: 'postgres',
    target: 'vault',
    started: '2026-11-23T02:15:00.000Z',
    finished: '2026-11-23T02:16:00.000Z',
    durationMs: 60_000,
    outcome: 'done',
    exitCode: 0,
    reason: '',
    snapshot: id,
    attempts: 1,
    files: 7,
    bytes: 1000,
    transfer: null,
    verification: { mode: 'full', algorithm: 'xxh128', durationMs: 5 },
    warnings: [],
    ...change,
  };
}

const state: JobState = {
  version: 1,
  lastId: id,
  sealed: {
    id: older,
    started: '2026-11-22T02:15:00.000Z',
    finished: '2026-11-22T02:16:00.000Z',
    files: 7,
    bytes: 1000,
  },
  broken: { id, bytes: 500 },
  lastFullVerification: '2026-11-22T02:16:00.000Z',
  failing: { since: '2026-11-23T02:16:00.000Z', count: 2, outcome: 'connection-lost' },
};
const load = () => loadJobState(directory, 'postgres', 'vault');
const path = () => join(directory, 'jobs', 'postgres@vault.json');

describe('the state of a job', () => {
  it('comes back as it was saved, readable by its owner only', async () => {
    await saveJobState(directory, 'postgres', 'vault', state);
    expect(await load()).toEqual({ state, damage: undefined });
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    expect(await readdir(join(directory, 'jobs'))).toEqual(['postgres@vault.json']);
  });

  it('keeps the newest ctime that the run saw of its source, in full', async () => {
    const after = afterRecord(state, record(), 1_795_681_558_360.121);
    await saveJobState(directory, 'postgres', 'vault', after);
    expect((await load()).state.sealed).toMatchObject({ id, newestChangeMs: 1_795_681_558_360.121 });
    expect(afterRecord(after, record()).sealed).not.toHaveProperty('newestChangeMs');
  });

  it('is empty at first, and that is no damage', async () => {
    const loaded = await load();
    expect(loaded.damage).toBeUndefined();
    expect(loaded.state).toMatchObject({ lastId: null, sealed: null, broken: null, failing: null });
  });

  it('that is lost is what the history says of this job and target', async () => {
    await appendHistory(directory, record({ snapshot: older }));
    await appendHistory(
      directory,
      record({ outcome: 'connection-lost', snapshot: null, finished: '2026-11-23T01:00:00.000Z' }),
    );
    // A second run at once says nothing of how the backup fares.
    await appendHistory(directory, record({ outcome: 'locked', snapshot: null, finished: '2026-11-23T02:00:00.000Z' }));
    await appendHistory(directory, record({ job: 'mysql', snapshot: parseSnapshotId('2027-01-01T000000Z')! }));
    await appendHistory(directory, record({ target: 'attic', snapshot: parseSnapshotId('2027-01-01T000000Z')! }));
    const loaded = await load();
    expect(loaded.damage).toBeUndefined();
    expect(loaded.state).toMatchObject({
      lastId: older,
      sealed: { id: older, files: 7, bytes: 1000 },
      failing: { count: 1, outcome: 'connection-lost', since: '2026-11-23T01:00:00.000Z' },
    });
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '1',
    '{"version":2}',
    JSON.stringify({ ...state, version: 2 }),
    JSON.stringify({ ...state, lastId: '../../etc' }),
    JSON.stringify({ ...state, sealed: { ...state.sealed, id: '2026-02-30T000000Z' } }),
    JSON.stringify({ ...state, sealed: { ...state.sealed, bytes: '1000' } }),
    JSON.stringify({ ...state, broken: 'x' }),
    JSON.stringify({ ...state, failing: { ...state.failing, outcome: 'nonsense' } }),
    JSON.stringify(state).slice(0, -20),
  ])('that is damaged (%j) is made anew from the history, and that is said', async (text) => {
    await saveJobState(directory, 'postgres', 'vault', state);
    await writeFile(path(), text);
    await appendHistory(directory, record());
    const { state: rebuilt, damage } = await load();
    expect(rebuilt).toMatchObject({ lastId: id, sealed: { id } });
    expect(damage).toMatch(/was damaged and has been made anew from the history/);
  });
});

describe('the history', () => {
  async function read() {
    const records: RunRecord[] = [];
    const reading = await readHistory(directory, (found) => records.push(found));
    return { records, ...reading };
  }

  it('that is not there yet is empty', async () => {
    expect(await read()).toMatchObject({ records: [], damagedLines: 0 });
  });

  it('keeps its runs in order, one a line', async () => {
    const runs = ['a', 'b', 'c'].map((run) => record({ run, reason: 'line\nbreak' }));
    for (const run of runs) await appendHistory(directory, run);
    expect((await read()).records).toEqual(runs);
    expect((await readFile(historyFile(directory), 'utf8')).split('\n')).toHaveLength(4);
  });

  it('with a half written last line loses that line only, and not the next', async () => {
    await appendHistory(directory, record({ run: 'a' }));
    await appendFile(historyFile(directory), '{"version":1,"run":"ha');
    await appendHistory(directory, record({ run: 'b' }));
    const { records, damagedLines } = await read();
    expect(records.map(({ run }) => run)).toEqual(['a', 'b']);
    expect(damagedLines).toBe(1);
  });

  it('with damaged lines in the middle reads the rest', async () => {
    await appendHistory(directory, record({ run: 'a' }));
    await appendFile(historyFile(directory), '\u0000\u0000\nnull\n{}\n\n{"version":9}\n');
    await appendHistory(directory, record({ run: 'b' }));
    const { records, damagedLines } = await read();
    expect(records.map(({ run }) => run)).toEqual(['a', 'b']);
    expect(damagedLines).toBe(4);
  });

  it('takes many writers at once without mixing their lines', async () => {
    const reason = 'x'.repeat(5000);
    await Promise.all(Array.from({ length: 50 }, (_, n) => appendHistory(directory, record({ run: `r${n}`, reason }))));
    const { records, damagedLines } = await read();
    expect(damagedLines).toBe(0);
    expect(new Set(records.map(({ run }) => run)).size).toBe(50);
  });
});

describe('a record', () => {
  it('comes back from its line', () => {
    expect(parseRunRecord(JSON.stringify(record()))).toEqual(record());
  });

  it.each([
    { bytes: 1e308 },
    { outcome: 'nonsense' },
    { snapshot: '../x' },
    { exitCode: '0' },
    { warnings: 'none' },
    { job: null },
    { version: 2 },
  ])('with %j is none', (change) => {
    expect(parseRunRecord(JSON.stringify({ ...record(), ...change }))).toBeUndefined();
  });
});
