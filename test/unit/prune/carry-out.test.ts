import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { carryOut, type CarryOutDeps } from '../../../remote-scripts/prune/carry-out.ts';
import { NO_MEMORY } from '../../../remote-scripts/prune/memory.ts';
import { jobLock } from '../../../remote-scripts/store/locks.ts';
import { jobPaths } from '../../../remote-scripts/store/places.ts';
import { acceptedIds, removeOldSpool } from '../../../remote-scripts/store/spool.ts';
import { surveyHost } from '../../../remote-scripts/prune/survey.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { takeLock } from '../../../src/platform/kernel-lock.ts';
import { runProcess, type RunProcess } from '../../../src/platform/process.ts';
import { createStore, type Store, type StoreOptions } from './support/store.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-11-23T12:00:00Z');
const UID = process.getuid!();

let store: Store | undefined;
afterEach(() => store?.remove());

function daily(count: number, options: StoreOptions = {}): Store {
  const made = createStore(options);
  for (let age = count - 1; age >= 0; age -= 1) made.seal('db', new Date(NOW.getTime() - age * DAY - 3_600_000));
  return made;
}

async function run(made: Store, change: Partial<CarryOutDeps> = {}, now = NOW) {
  const { settings, host } = made;
  const survey = await surveyHost({ settings, host, uid: UID, memory: NO_MEMORY, now });
  const deps = { runProcess, clock: systemClock, log: () => undefined, uid: UID, lockWaitMs: 300, ...change };
  return { survey, done: await carryOut(survey, deps) };
}

describe.each(['gate', 'rrsync'] as const)('the lock, with secondary: %s', (secondary) => {
  const kind = secondary === 'gate' ? 'file' : 'directory';
  // Under a plain rrsync all seals were born just now, so nothing is due to go; a leftover stands in.
  const later = new Date(Date.now() + 30 * DAY);

  it('is held for the renames only: while something is deleted, a session can have it', async () => {
    store = daily(9, { secondary });
    store.directory('db/2026-11-01T000000Z.frozen');
    const { host, settings } = store;
    const { places } = await surveyHost({ settings, host, uid: UID, memory: NO_MEMORY, now: NOW });
    const { path } = jobLock(secondary, places, jobPaths(places, 'db'));
    const had: boolean[] = [];
    const spying: RunProcess = async (spec) => {
      if (spec.program === 'rm') {
        const lock = await takeLock(path, { kind });
        had.push(lock !== undefined);
        await lock?.release();
      }
      return runProcess(spec);
    };
    const { done } = await run(store, { runProcess: spying }, later);
    expect(done.deleted).toBeGreaterThan(0);
    expect(had).toEqual(Array(done.deleted).fill(true));
  });

  it('keeps prune out of a job while a session holds it', async () => {
    store = daily(9, { secondary });
    store.directory('db/2026-11-01T000000Z.frozen');
    const before = store.names('db');
    const { host, settings } = store;
    const { places } = await surveyHost({ settings, host, uid: UID, memory: NO_MEMORY, now: NOW });
    const session = await takeLock(jobLock(host.secondary, places, jobPaths(places, 'db')).path, { kind });
    const { done } = await run(store, {}, later);
    await session?.release();
    expect(done).toMatchObject({ locked: ['db'], deleted: 0, failures: [] });
    expect(store.names('db')).toEqual(before);
  });
});

it('takes the manifest of a snapshot away with it, and that of no other', async () => {
  store = daily(9);
  for (const id of store.names('db').filter((name) => !name.includes('.'))) {
    writeFileSync(join(store.root, 'db', `${id}.sha256`), '');
  }
  const { done } = await run(store);
  expect(done).toMatchObject({ failures: [] });
  expect(done.removed.get('db')?.length).toBeGreaterThan(0);
  const names = store.names('db');
  const kept = names.filter((name) => !name.includes('.'));
  expect(names).toEqual(kept.flatMap((id) => [id, `${id}.sealed`, `${id}.sha256`]));
});

it('is told what could not be deleted, and goes on with the rest', async () => {
  store = daily(9);
  const failing: RunProcess = async (spec) =>
    spec.program === 'rm' && spec.args.some((arg) => arg.includes('2026-11-15'))
      ? { kind: 'exited', code: 1, stderrTail: 'rm: cannot remove: Operation not permitted' }
      : runProcess(spec);
  const { done } = await run(store, { runProcess: failing });
  expect(done.failures).toHaveLength(1); // its seal is a file, which takes no rm
  expect(done.failures[0]).toMatch(/\.trash\/db\.2026-11-15T110000Z: rm: cannot remove: Operation not permitted/);
  expect(readdirSync(join(store.root, '.trash'))).toHaveLength(1);
  expect((await run(store)).done.failures).toEqual([]);
  expect(readdirSync(join(store.root, '.trash'))).toEqual([]);
});

it('deletes many snapshots and their seals with two processes, and tells of each when it has its turn', async () => {
  store = daily(9);
  const programs: string[] = [];
  const told: { name: string; number: number; of: number }[] = [];
  const { done } = await run(store, {
    runProcess: async (spec) => {
      programs.push(spec.program);
      return runProcess(spec);
    },
    onProgress: (progress) => told.push(progress),
  });
  expect(programs).toEqual(['rm', 'rm']);
  expect(done.deleted).toBe(told.length);
  expect(done.deleted).toBeGreaterThan(2);
  expect(told.map(({ number }) => number)).toEqual(told.map((_, index) => index + 1));
  expect(told.every(({ of }) => of === told.length)).toBe(true);
  expect(new Set(told.map(({ name }) => name)).size).toBe(told.length);
});

it('tells how far rm has come while it is busy', async () => {
  store = daily(9);
  const told: string[] = [];
  const during: { before: string[]; after: string[] }[] = [];
  // Each stops once its first entry is gone, until that has been told of.
  const halting: RunProcess = async (spec) => {
    const [first = '', second = ''] = spec.args.filter((arg) => arg.startsWith('./')).map((arg) => arg.slice(2));
    const before = [...told];
    await runProcess({ ...spec, args: ['-rf', '--', first] });
    await expect.poll(() => told, { timeout: 5000 }).toContain(second);
    during.push({ before, after: [...told] });
    return runProcess(spec);
  };
  const { done } = await run(store, { runProcess: halting, onProgress: ({ name }) => told.push(name) });
  expect(during[0]?.before).toEqual(told.slice(0, 1));
  expect(during.every(({ after }) => after.length < told.length)).toBe(true);
  expect(done).toMatchObject({ deleted: told.length, failures: [] });
});

it('says at which entry an end came, and counts what was gone by then', async () => {
  store = daily(9);
  const end = new AbortController();
  let halfway = 0;
  const interrupted: RunProcess = async (spec) => {
    await runProcess({ ...spec, args: spec.args.slice(0, 5) });
    halfway += 1;
    await expect.poll(() => halfway, { timeout: 5000 }).toBe(2); // neither ends the other too early
    end.abort();
    return { kind: 'aborted', stderrTail: '' };
  };
  const { done } = await run(store, { runProcess: interrupted, signal: end.signal });
  expect(done.deleted).toBe(4); // two processes, two each
  expect(done.failures).toHaveLength(1);
  expect(done.failures[0]).toMatch(/: interrupted; the next run continues$/);
  expect((await run(store)).done.failures).toEqual([]);
  expect(readdirSync(join(store.root, '.trash'))).toEqual([]);
});

it('waits for no session of a job of which nothing goes', async () => {
  store = daily(2);
  const { host, settings } = store;
  const { places } = await surveyHost({ settings, host, uid: UID, memory: NO_MEMORY, now: NOW });
  const session = await takeLock(jobLock(host.secondary, places, jobPaths(places, 'db')).path);
  const { done } = await run(store);
  await session?.release();
  expect(done).toMatchObject({ locked: [], deleted: 0, failures: [] });
});

it('removes nothing when told to end before it begins', async () => {
  store = daily(9);
  const before = store.names('db');
  await run(store, { signal: AbortSignal.abort() });
  expect(store.names('db')).toEqual(before);
});

it('removes the same snapshot twice under names of their own', async () => {
  store = daily(9);
  mkdirSync(join(store.root, '.trash', 'db.2026-11-15T110000Z'), { recursive: true });
  const names: string[] = [];
  await run(store, { onProgress: ({ name }) => names.push(name) });
  expect(names).toContain('db.2026-11-15T110000Z.2');
});

describe('the spool', () => {
  it('loses what a broken session left, after its lifetime, and nothing that was accepted', async () => {
    store = createStore();
    const incoming = join(store.state, 'spool/db/incoming');
    const accepted = join(store.state, 'spool/db/accepted');
    mkdirSync(incoming, { recursive: true });
    mkdirSync(accepted, { recursive: true });
    writeFileSync(join(incoming, '.2026-11-20T000000Z.sealed.Xy12zz'), 'x');
    writeFileSync(join(accepted, '2026-11-20T000000Z.sealed'), '{}');
    const paths = jobPaths(store, 'db');
    const inDays = (days: number) => new Date(Date.now() + days * DAY);
    expect(await removeOldSpool(paths, 7 * DAY, inDays(6.9))).toEqual([]);
    expect(await removeOldSpool(paths, 7 * DAY, inDays(7.1))).toHaveLength(1);
    expect(await acceptedIds(paths)).toEqual(new Set(['2026-11-20T000000Z']));
    expect(existsSync(join(accepted, '2026-11-20T000000Z.sealed'))).toBe(true);
    expect(await removeOldSpool(jobPaths(store, 'other'), 0, inDays(9))).toEqual([]);
  });
});

it('what was tried out on a secondary goes as every attempt without a seal, and is shown nowhere', async () => {
  store = daily(2);
  store.directory('_selftest/2026-11-01T000000Z.frozen');
  store.directory('_selftest/2026-11-23T110000Z.frozen');
  const soon = await run(store, {}, new Date());
  expect(soon.done.failures).toEqual([]);
  expect(store.names('_selftest')).toHaveLength(2);
  const { survey, done } = await run(store, {}, new Date(Date.now() + 8 * DAY));
  expect(done.failures).toEqual([]);
  expect(survey.plans.map(({ job }) => job)).toEqual(['db']);
  expect(store.names('_selftest')).toEqual([]);
  expect(store.names('db').length).toBeGreaterThan(0);
});
