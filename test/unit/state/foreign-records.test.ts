import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { appendHistory, historyFile, readHistory, readHistoryIfFit } from '../../../src/state/history.ts';
import { loadJobState } from '../../../src/state/job-state.ts';
import { loadStaleNote } from '../../../src/state/stale-note.ts';
import { loadVerification } from '../../../src/state/verification.ts';
import { runRecord, writeStateDirectory } from '../insight/support/records.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-state-'));
  await writeStateDirectory(directory, [runRecord('2026-11-23T02:15:00Z')]);
  return () => rm(directory, { recursive: true, force: true });
});

const sound = runRecord('2026-11-22T02:15:00Z');
const { transfer, verification } = sound;

/** What stands in the history by now, without the line that does not fit. */
async function readWith(...lines: readonly string[]) {
  await writeFile(historyFile(directory), [JSON.stringify(sound), ...lines, JSON.stringify(sound), ''].join('\n'));
  const found: unknown[] = [];
  const reading = await readHistory(directory, (record) => found.push(record));
  return { found, ...reading };
}

describe('a line of the history with something in it that does not fit is counted and passed over', () => {
  it.each([
    { outcome: '__proto__' },
    { outcome: 'constructor' },
    { outcome: 'toString' },
    { bytes: '3' },
    { bytes: -1 },
    { durationMs: null },
    { exitCode: 1.5 },
    { started: 'yesterday' },
    { transfer: { ...transfer, sentBytes: 'much' } },
    { transfer: { ...transfer, basis: '../x' } },
    { transfer: [] },
    { transfer: {} },
    { verification: { ...verification, mode: 'none' } },
    { verification: 1 },
    { warnings: [1] },
    { reason: {} },
  ])('%j', async (change) => {
    const { found, damagedLines } = await readWith(JSON.stringify({ ...sound, ...change }));
    expect(found).toEqual([sound, sound]);
    expect(damagedLines).toBe(1);
  });

  it('a number that JavaScript cannot hold', async () => {
    const line = JSON.stringify(sound).replace(/"bytes":\d+/, '"bytes":1e999');
    expect(await readWith(line)).toMatchObject({ damagedLines: 1, found: [sound, sound] });
  });

  it('but not one in which a later version tells more', async () => {
    const more = { ...sound, later: true };
    expect(await readWith(JSON.stringify(more))).toMatchObject({ damagedLines: 0, found: [sound, more, sound] });
  });

  it('and what is missing is said in words', async () => {
    await readWith('{}', '[]');
    expect(await readHistoryIfFit(directory, () => undefined)).toBe(
      '2 lines of the history cannot be read and are left out.',
    );
  });
});

it('a line of 600 MB is passed over, in little memory', async () => {
  await truncate(historyFile(directory), 0);
  await truncate(historyFile(directory), 600e6);
  await appendHistory(directory, sound);
  const before = process.memoryUsage().rss;
  const found: unknown[] = [];
  expect(await readHistory(directory, (record) => found.push(record))).toEqual({ damagedLines: 1 });
  expect(found).toEqual([sound]);
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
});

describe('what lies in the place of the history and is no file is said, at once', () => {
  const path = () => historyFile(directory);
  it.each([
    ['a named pipe', async () => Promise.resolve(execFileSync('mkfifo', [path()]))],
    ['a directory', () => mkdir(path())],
    ['a symbolic link that leads back to itself', () => symlink('history.jsonl', path())],
  ])('%s', async (what, put) => {
    await rm(path());
    await put();
    const said = new RegExp(`history\\.jsonl is .*${what}; a file belongs there: move it away`);
    await expect(readHistory(directory, () => undefined)).rejects.toThrow(said);
    await expect(appendHistory(directory, sound)).rejects.toThrow(said);
    expect(await readHistoryIfFit(directory, () => undefined)).toMatch(said);
    // The state that is lost beside it begins anew: that costs one full transfer, never a backup.
    await rm(join(directory, 'jobs', 'postgres@vault.json'));
    const { state, damage } = await loadJobState(directory, 'postgres', 'vault');
    expect(state.sealed).toBe(null);
    expect(damage).toMatch(said);
  });
});

describe('a note with something in it that does not fit counts as damaged', () => {
  const put = (ending: string, value: object) =>
    writeFile(join(directory, 'jobs', `postgres@vault.${ending}`), JSON.stringify(value));

  it('the state', async () => {
    const failing = { since: '2026-11-23T02:15:00Z', count: 1, outcome: 'constructor' };
    await put('json', { version: 1, lastId: null, sealed: null, broken: null, lastFullVerification: null, failing });
    const { state, damage } = await loadJobState(directory, 'postgres', 'vault');
    expect(state.sealed).toMatchObject({ bytes: sound.bytes });
    expect(damage).toMatch(/was damaged/);
  });

  it('the verification', async () => {
    const at = '2026-11-23T02:15:00Z';
    await put('verified.json', { version: 1, snapshot: sound.snapshot, at, outcome: '__proto__', durationMs: 1 });
    expect(await loadVerification(directory, 'postgres', 'vault')).toBeUndefined();
  });

  it('the stale note', async () => {
    await put('stale.json', { version: 1, since: '2026-11-23T02:15:00Z', lastTold: null, told: 'twice' });
    expect(await loadStaleNote(directory, 'postgres', 'vault')).toBeUndefined();
  });
});
