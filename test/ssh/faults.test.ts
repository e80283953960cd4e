import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { endProcess, must } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { createRandom, tellSeed } from '../support/seed.ts';
import { differences } from './support/faults/compare.ts';
import type { Lane } from './support/faults/lane.ts';
import { playSeries, summaryOf } from './support/faults/series.ts';
import { oneOf } from './support/faults/source.ts';
import { changedSince, leftovers, objectionsToEnd, recordSealed } from './support/faults/verdict.ts';
import { flipByte } from './support/flip-byte.ts';
import { FAULT_KINDS, faultsOf, type FaultKind } from './support/faults/table.ts';

/* One of each kind of fault, at a random moment. test/lab/faults plays hundreds. */

const CHOSEN: Readonly<Record<Lane['kind'], readonly FaultKind[]>> = {
  gate: ['kills', 'lines', 'clocks', 'memories'],
  rrsync: ['kills', 'lines', 'sources', 'twice'],
};

/** Some twenty seconds, and more where other tests run as well. */
const PATIENCE = 180_000;

/** Plays one fault of each of these kinds on a lane, and expects that each ends as it has to. */
async function expectSound(kinds: Readonly<Partial<Record<Lane['kind'], readonly FaultKind[]>>>): Promise<void> {
  const seed = tellSeed('faults');
  const random = createRandom(seed);
  const lanes = Object.keys(kinds) as Lane['kind'][];
  const chosen = new Map(
    lanes.map((lane) => [
      lane,
      (kinds[lane] ?? []).map((kind) =>
        oneOf(
          random,
          faultsOf(lane).filter((fault) => FAULT_KINDS[kind].includes(fault)),
        ),
      ),
    ]),
  );
  const each = Math.max(...[...chosen.values()].map(({ length }) => length));
  const faults = (lane: Lane['kind']) => chosen.get(lane) ?? [];
  const played = await playSeries({ seed, lanes, faults, group: each, runs: each * lanes.length });
  process.stderr.write(summaryOf(played));
  expect(
    played.flatMap(({ number, fault, objections }) => objections.map((what) => `${number} ${fault}: ${what}`)),
  ).toEqual([]);
}

it(
  'whatever hits a run, it ends honestly, is told once, leaves nothing, and the next one seals the source',
  () => expectSound(CHOSEN),
  PATIENCE,
);

it.skipIf(process.getuid?.() !== 0)(
  'the same with the disks of both sides (needs root, to mount small ones)',
  () => expectSound({ gate: ['disks'], rrsync: ['disks'] }),
  PATIENCE,
);

describe('what judges a run', () => {
  /** What a lane has on its disks, without anything that runs. */
  function made(): Lane {
    const directory = mkdtempSync(join(tmpdir(), 'offsite-judged-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const at = (name: string) => join(directory, name);
    for (const name of ['source/d', 'state', 'run', 'store/db']) mkdirSync(at(name), { recursive: true });
    writeFileSync(at('source/d/file'), 'content\n');
    cpSync(at('source'), at('store/db/2026-11-23T021500Z'), { recursive: true, preserveTimestamps: true });
    const primary = { directory: at(''), state: at('state'), source: at('source') };
    const secondary = { sshd: { pid: 0 }, sealed: () => Promise.resolve(['2026-11-23T021500Z']) };
    return { primary, secondary, store: at('store/db'), job: 'db' } as unknown as Lane;
  }
  const stored = ({ store }: Lane, name = '') => join(store, '2026-11-23T021500Z', name);

  it.each([
    ['another byte', (path: string) => flipByte(join(path, 'd/file'), 3)],
    ['another mode', (path: string) => void spawnSync('chmod', ['600', join(path, 'd/file')])],
    ['another ACL', (path: string) => must('setfacl', '--modify', 'u:1234:r', join(path, 'd/file'))],
    ['another default ACL', (path: string) => must('setfacl', '--default', '--modify', 'u:1234:r', join(path, 'd'))],
    ['one more entry', (path: string) => writeFileSync(join(path, 'd/.file.AbCdEf'), '')],
    ['one entry less', (path: string) => rmSync(join(path, 'd/file'))],
  ])('notices a snapshot with %s, beside its source and beside what it was', async (_, change) => {
    const lane = made();
    const before = await recordSealed(lane);
    expect(differences(lane.primary.source, stored(lane))).toEqual([]);
    expect(await changedSince(before, lane)).toEqual([]);
    change(stored(lane));
    expect(differences(lane.primary.source, stored(lane))).not.toEqual([]);
    if (!_.startsWith('one more')) expect(await changedSince(before, lane)).not.toEqual([]);
  });

  it('notices what is left: files, locks, a directory of ssh', async () => {
    const lane = made();
    expect(await leftovers(lane)).toEqual([]);
    mkdirSync(join(lane.primary.directory, 'run/0123456789'));
    writeFileSync(join(lane.primary.state, '.history.jsonl.1.tmp'), '');
    writeFileSync(join(lane.primary.state, 'db@vault.lock'), '');
    const holder = spawn('flock', [join(lane.primary.state, 'db@vault.lock'), 'sleep', '60'], { stdio: 'ignore' });
    onTestFinished(() => endProcess(holder));
    await until(
      () => spawnSync('flock', ['--nonblock', join(lane.primary.state, 'db@vault.lock'), 'true']).status !== 0,
    );
    expect((await leftovers(lane, 100)).map((what) => what.replace(/( \d+)?:.*/, ''))).toEqual(
      expect.arrayContaining(['in the private directory', 'temporary', 'process']),
    );
  });

  it('notices an alert that is missing, or one too many, a line that is missing, and words that do not fit', () => {
    const fault = {
      name: 'fault',
      outcomes: ['connection-lost'],
      plan: () => ({ words: '', hit: () => true }),
    } as const;
    const judged = (code: number | null, outcomes: readonly string[], events: readonly string[]) =>
      objectionsToEnd(
        fault,
        { code } as Parameters<typeof objectionsToEnd>[1],
        outcomes.map((outcome) => ({ run: '', outcome, exitCode: code, snapshot: null })) as never,
        events.map((event) => ({ event, outcome: outcomes[0] })) as never,
      );
    expect(judged(12, ['connection-lost'], ['failure'])).toEqual([]);
    expect(judged(0, ['done'], ['success', 'warning'])).toEqual([]);
    expect(judged(null, ['interrupted'], ['failure'])).toEqual([]);
    for (const wrong of [
      judged(12, ['connection-lost'], []),
      judged(12, ['connection-lost'], ['failure', 'failure']),
      judged(12, [], ['failure']),
      judged(10, ['connection-lost'], ['failure']),
      judged(14, ['refused'], ['failure']),
      judged(0, ['done'], ['failure']),
      judged(null, [], ['failure']),
    ])
      expect(wrong).not.toEqual([]);
  });
});
