import { afterEach, describe, expect, it } from 'vitest';
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_MEMORY, readMemory, reconcile, writeMemory, type Memory } from '../../../remote-scripts/prune/memory.ts';
import { writerMark } from '../../../src/platform/writer-mark.ts';
import type { Problem } from '../../../remote-scripts/prune/problems.ts';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';
import { createStore, type Store } from './support/store.ts';

const HOUR = 3_600_000;
const T0 = new Date('2026-11-23T12:00:00Z');
const after = (hours: number) => new Date(T0.getTime() + hours * HOUR);
const problem = (change: Partial<Problem> = {}): Problem => ({
  key: 'stale:db',
  event: 'stale',
  problem: 'web1/db has no fresh snapshot',
  reason: 'why',
  advice: 'what',
  fingerprint: '',
  ...change,
});

/** Says the mark of the process that runs it; see writer-mark.ts. */
const MARK = `
  const { readFileSync, readlinkSync } = require('node:fs');
  const start = readFileSync('/proc/self/stat', 'latin1').replace(/^.*\\)/s, '').split(' ')[20];
  const namespace = /\\d+/.exec(readlinkSync('/proc/self/ns/pid'))[0];
  process.stdout.write([process.pid, start, namespace].join('.'));
`;

/** Looks one after the other; what each tells. */
function looks(...steps: readonly (readonly [hours: number, problems: readonly Problem[]])[]): string[][] {
  let memory: Memory = NO_MEMORY;
  return steps.map(([hours, problems]) => {
    const { news, problems: next } = reconcile(memory, problems, after(hours), () => true);
    memory = { ...memory, problems: next };
    return news.map((item) => (item.kind === 'open' ? `${item.problem.key} x${item.times}` : `${item.key} resolved`));
  });
}

describe('what is told', () => {
  it('is a new problem at once, a lasting one once a day, and its end once', () => {
    expect(looks([0, [problem()]], [1, [problem()]], [24, [problem()]], [25, []], [26, []])).toEqual([
      ['stale:db x1'],
      [],
      ['stale:db x2'],
      ['stale:db resolved'],
      [],
    ]);
  });

  it('is a problem that became another one', () => {
    const more = problem({ key: 'quarantine:db', fingerprint: 'a,b' });
    expect(looks([0, [{ ...more, fingerprint: 'a' }]], [1, [more]], [2, [more]])).toEqual([
      ['quarantine:db x1'],
      ['quarantine:db x2'],
      [],
    ]);
  });

  it('is one that passes by itself only when it lasts', () => {
    const locked = problem({ key: 'locked:db', patience: 72 * HOUR });
    expect(looks([0, [locked]], [24, [locked]], [72, [locked]])).toEqual([[], [], ['locked:db x1']]);
    expect(looks([0, [locked]], [24, []])).toEqual([[], []]);
  });

  it('is what only happened, once, and not that it is over', () => {
    const ended = problem({ key: 'pin-ended:db', once: true, fingerprint: 'a' });
    const another = { ...ended, fingerprint: 'a,b' };
    expect(looks([0, [ended]], [1, [ended]], [30, [ended]], [31, [another]], [32, []])).toEqual([
      ['pin-ended:db x1'],
      [],
      [],
      ['pin-ended:db x2'],
      [],
    ]);
  });

  it('is the reminder even when the clock is set back', () => {
    expect(looks([0, [problem()]], [-48, [problem()]])).toEqual([['stale:db x1'], ['stale:db x2']]);
  });

  it('is nothing about what this look could not see', () => {
    const memory: Memory = {
      ...NO_MEMORY,
      problems: new Map([['prune-failed', { since: T0, told: T0, times: 1, fingerprint: '', problem: 'p' }]]),
    };
    const { news, problems } = reconcile(memory, [], after(1), (key) => key !== 'prune-failed');
    expect(news).toEqual([]);
    expect([...problems.keys()]).toEqual(['prune-failed']);
  });
});

describe('the memory', () => {
  let store: Store | undefined;
  afterEach(() => store?.remove());

  it('is rid of what a killed writer left with the next one', async () => {
    store = createStore();
    const { state } = store;
    // A process that is no more, as it marks what it writes.
    const mark = execFileSync(process.execPath, ['-e', MARK], { encoding: 'utf8' });
    writeFileSync(join(state, `.prune.json.${mark}.1.tmp`), '{');
    writeFileSync(join(state, `.prune.json.${writerMark()}.7.tmp`), 'of one that goes on beside us');
    await writeMemory(state, NO_MEMORY);
    expect(readdirSync(state).sort()).toEqual([`.prune.json.${writerMark()}.7.tmp`, 'prune.json']);
  });

  it('survives being written and read', async () => {
    store = createStore();
    const arrivals = new Map([
      ['db', { since: T0, until: after(9), days: new Map([[20_000, 3]]), accepted: after(5) }],
      ['files', { since: T0, until: T0, days: new Map<number, number>(), accepted: undefined }],
    ]);
    const outlier = { id: snapshotIdOf(T0), received: T0, share: 0.97, usual: 0.03 };
    const days = new Map([[20_000, { share: 0.03, fresh: 4096 }]]);
    const churn = new Map([
      ['db', { since: T0, until: after(9), measured: 4, totals: [1, 2, 3, 4], days, outliers: [outlier] }],
    ]);
    const { problems } = reconcile(NO_MEMORY, [problem()], T0, () => true);
    const stored = new Map([['db', { at: T0, bytes: 5 }]]);
    const space = new Map([
      [20_000, { freeBytes: 7, freeInodes: 3 }],
      [20_001, { freeBytes: 6, freeInodes: undefined }],
    ]);
    const damage = new Map([['db', after(2)]]);
    const memory = { lastRun: T0, problems, arrivals, churn, stored, space, damage };
    await writeMemory(store.state, memory);
    expect(await readMemory(store.state)).toEqual(memory);
  });

  it.each([
    '',
    'nonsense',
    '[]',
    '{"version":2}',
    '{"version":1,"problems":{"x":{"since":"never"}}}',
    '{"version":1,"arrivals":{"db":{"since":"2026-01-01","until":7}}}',
    '{"version":1,"space":[["today",1,2]],"stored":{"db":{"at":"2026-01-01","bytes":-1}}}',
    '{"version":1,"churn":{"db":{"since":"2026-01-01","until":"2026-01-02","measured":-1}}}',
  ])('is none when the file holds %j', async (text) => {
    store = createStore();
    writeFileSync(join(store.state, 'prune.json'), text);
    expect(await readMemory(store.state)).toEqual(NO_MEMORY);
  });

  it.each([
    ['', true],
    ['{}', true],
    ['{"version":2}', true],
    ['{"version":1}', false],
    ['{"version":1,"problems":7,"arrivals":[]}', false],
  ])('says that it is lost when the file holds %j: %s', async (text, lost) => {
    store = createStore();
    const path = join(store.state, 'prune.json');
    const said: string[] = [];
    await readMemory(store.state, (reason) => said.push(reason));
    expect(said).toEqual([]); // there has been none yet
    writeFileSync(path, text);
    await readMemory(store.state, (reason) => said.push(reason));
    expect(said).toEqual(lost ? [expect.stringContaining(`${path} is damaged. People may be told again`)] : []);
  });

  it('counts what it was told wrongly how often as told never', async () => {
    store = createStore();
    const problem = { since: '2026-01-01T00:00:00Z', told: '2026-01-01T00:00:00Z' };
    const text = JSON.stringify({ version: 1, problems: { a: problem, b: { ...problem, times: -3 } } });
    writeFileSync(join(store.state, 'prune.json'), text.replace('-3', '1e999'));
    const { problems } = await readMemory(store.state);
    expect([...problems.values()].map(({ times }) => times)).toEqual([0, 0]);
  });
});
