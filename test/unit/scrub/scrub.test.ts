import { mkdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readFileOnce, type ReadFile } from '../../../remote-scripts/scrub/read-file.ts';
import { flipByte, flipBytes } from '../../ssh/support/flip-byte.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createRandom, tellSeed } from '../../support/seed.ts';
import type { Store } from '../prune/support/store.ts';
import { expectedDamage, history, START, storedFiles } from './support/history.ts';
import { createScrubStore, scrub } from './support/run-scrub.ts';

const DAY = 86_400_000;

let store: Store | undefined;
afterEach(() => store?.remove());

function seal(made: Store, day: number, content: Parameters<Store['seal']>[2] = {}) {
  return made.seal('db', new Date(START + day * DAY), content);
}

it('finds 200 flipped bytes in files of all ages, each with its file and its snapshots, and nothing else', async () => {
  const random = createRandom(tellSeed('scrub'));
  store = createScrubStore();
  history(store, 8, 400, random);
  expect(await scrub(store, { wish: 'all' })).toMatchObject({ code: 0, damage: [] });

  const files = storedFiles(store);
  const chosen = [...files.keys()].sort(() => random() - 0.5).slice(0, 200);
  expect(chosen).toHaveLength(200);
  const places = chosen.map((inode) => files.get(inode)!.path);
  flipBytes(places.map((path) => [path, Math.floor(random() * readFileSync(path).length)]));

  const { code, damage, job } = await scrub(store, { wish: 'all' });

  expect(code).toBe(43);
  const found = damage.map(({ inode, kind, name, snapshots }) => ({ inode, kind, name, snapshots }));
  expect(found.sort((a, b) => Number(a.inode) - Number(b.inode))).toEqual(expectedDamage(files, chosen));
  expect(job.read.files).toBe(files.size);
});

describe('what a scrub finds', () => {
  async function twoDays() {
    store = createScrubStore();
    const first = seal(store, 0, { files: { keep: 'keep', 'dir/both': 'both', old: 'old' } });
    const second = seal(store, 1, {
      files: { new: 'new' },
      links: { keep: `${first}/keep`, 'dir/both': `${first}/dir/both` },
    });
    await scrub(store, { wish: 'all' });
    return { made: store, first, second, at: (id: string, name: string) => join(store!.root, 'db', id, name) };
  }

  it('is told once, with file and snapshots and since when it was last good', async () => {
    const { made, first, second, at } = await twoDays();
    flipByte(at(first, 'dir/both'), 0);
    const found = await scrub(made, { wish: 'all' });
    expect(found.damage).toMatchObject([{ name: 'dir/both', kind: 'content', snapshots: [first, second] }]);
    expect(Date.parse(found.damage[0]?.lastGood ?? '')).toBeGreaterThan(Date.now() - 60_000);
    expect(found.log.join('\n')).toContain('1 stored file of web1/db damaged');
    expect(found.log.join('\n')).toContain(
      `dir/both: its bytes have changed; in 2 snapshots (${first} … ${second}); last good 20`,
    );
    const again = await scrub(made, { wish: 'all' });
    expect(again).toMatchObject({ code: 43, damage: found.damage });
    expect(again.log.join('\n')).not.toContain('damaged');
  });

  it('is over when the bytes are back, and people are told', async () => {
    const { made, first, at } = await twoDays();
    flipByte(at(first, 'old'), 1);
    await scrub(made, { wish: 'all' });
    flipByte(at(first, 'old'), 1);
    const { code, damage, log } = await scrub(made, { wish: 'all' });
    expect({ code, damage }).toEqual({ code: 0, damage: [] });
    expect(log.join('\n')).toContain('stored files of web1/db damaged');
    flipByte(at(first, 'old'), 1);
    expect((await scrub(made, { wish: 'all' })).log.join('\n')).toContain('1 stored file of web1/db damaged');
  });

  it('is over with the snapshots that hold it', async () => {
    const { made, first, at } = await twoDays();
    flipByte(at(first, 'old'), 1);
    await scrub(made, { wish: 'all' });
    for (const name of [first, `${first}.sha256`, `${first}.sealed`])
      rmSync(join(made.root, 'db', name), { recursive: true });
    expect(await scrub(made)).toMatchObject({ code: 0, damage: [] });
  });

  it('is what the manifest names and is gone, or is something else now', async () => {
    const { made, first, second, at } = await twoDays();
    unlinkSync(at(second, 'new'));
    unlinkSync(at(first, 'keep'));
    symlinkSync('old', at(first, 'keep'));
    rmSync(at(second, 'dir'), { recursive: true });
    expect((await scrub(made, { wish: 'all' })).damage).toMatchObject([
      { name: 'dir/both', kind: 'missing', snapshots: [second], inode: null },
      { name: 'keep', kind: 'missing', snapshots: [first], inode: null },
      { name: 'new', kind: 'missing', snapshots: [second], inode: null },
    ]);
  });

  it('is what is there and in no manifest', async () => {
    const { made, second, at } = await twoDays();
    mkdirSync(at(second, 'more'));
    writeFileSync(at(second, 'more/\n'), 'grown');
    const { damage } = await scrub(made, { wish: 'all' });
    expect(damage).toMatchObject([{ name: 'more/\\#012', kind: 'unlisted', snapshots: [second], lastGood: null }]);
    unlinkSync(at(second, 'more/\n'));
    expect(await scrub(made, { wish: 'all' })).toMatchObject({ code: 0, damage: [] });
  });

  it('is what the disk does not give, and the rest is read nevertheless', async () => {
    const { made, first, second, at } = await twoDays();
    flipByte(at(second, 'new'), 0);
    const readFile: ReadFile = (path, size, pace) =>
      path.toString().endsWith('/keep') ? Promise.resolve({ kind: 'unreadable' }) : readFileOnce(path, size, pace);
    expect((await scrub(made, { wish: 'all' }, { readFile })).damage).toMatchObject([
      { name: 'keep', kind: 'unreadable', snapshots: [first, second] },
      { name: 'new', kind: 'content', snapshots: [second] },
    ]);
    expect((await scrub(made, { wish: 'all' })).damage).toMatchObject([{ name: 'new' }]);
  });

  it('is what the disk did not give for the manifest of a new snapshot', async () => {
    store = createScrubStore();
    const id = seal(store, 0, { files: { good: 'good', bad: 'bad' } });
    const readFile: ReadFile = (path, size, pace) =>
      path.toString().endsWith('/bad') ? Promise.resolve({ kind: 'unreadable' }) : readFileOnce(path, size, pace);
    for (let run = 0; run < 2; run += 1) {
      const { damage } = await scrub(store, { wish: 'all' }, { readFile });
      expect(damage).toMatchObject([{ name: 'bad', kind: 'unreadable', snapshots: [id] }]);
    }
  });

  it('is nothing where a mode keeps the account out, but that is said', async () => {
    store = createScrubStore();
    seal(store, 0, { files: { good: 'good', secret: 'bad' } });
    const readFile: ReadFile = (path, size, pace) =>
      path.toString().endsWith('/secret') ? Promise.resolve({ kind: 'kept-out' }) : readFileOnce(path, size, pace);
    const { code, damage, job } = await scrub(store, { wish: 'all' }, { readFile });
    expect({ code, damage, keptOut: job.manifests[0]?.keptOut }).toEqual({ code: 0, damage: [], keptOut: 1 });
  });

  it('is nothing in a snapshot that prune takes away meanwhile', async () => {
    const { made, first, at } = await twoDays();
    flipByte(at(first, 'old'), 0);
    let reads = 0;
    const readFile: ReadFile = (path, size, pace) => {
      reads += 1;
      if (reads === 1)
        for (const name of [first, `${first}.sealed`]) rmSync(join(made.root, 'db', name), { recursive: true });
      return readFileOnce(path, size, pace);
    };
    const { code, damage } = await scrub(made, { wish: 'all' }, { readFile });
    expect({ code, damage }).toEqual({ code: 0, damage: [] });
  });

  it('in one snapshot is looked for in that alone', async () => {
    const { made, first, second, at } = await twoDays();
    flipByte(at(first, 'old'), 0);
    flipByte(at(second, 'new'), 0);
    const { damage, job } = await scrub(made, { snapshot: second });
    expect(damage).toMatchObject([{ name: 'new', snapshots: [second] }]);
    expect(job.read.files).toBe(3);
  });
});

describe('a cycle', () => {
  it('ends within its time, reads each inode once, and begins again', async () => {
    const random = createRandom(tellSeed('scrub-cycle'));
    store = createScrubStore({ scrub: '{ every: 10d }' });
    history(store, 3, 60, random);
    const { size } = storedFiles(store);
    let files = 0;
    let day = 0;
    for (let finished = false; !finished; day += 1) {
      const { job } = await scrub(store, {}, { clock: clockAt(START + (20 + day) * DAY) });
      files += job.read.files;
      finished = job.finished;
      expect(job.isBehind).toBe(false);
      if (!finished) expect(job.cycle?.done).toBeGreaterThanOrEqual((day + 1) / 10);
    }
    expect(day).toBeLessThanOrEqual(10);
    expect(day).toBeGreaterThan(7);
    expect(files).toBe(size);
    expect((await scrub(store, {}, { clock: clockAt(START + 31 * DAY) })).job.cycle?.done).toBeLessThan(0.3);
  });

  it("takes a job's own time, which replaces that of its host", async () => {
    store = createScrubStore({ scrub: '{ every: 10d }', jobs: '{ db: { scrub: { every: 40d } } }' });
    history(store, 3, 60, createRandom(1));
    await scrub(store, {}, { clock: clockAt(START + 20 * DAY) });
    const { job } = await scrub(store, {}, { clock: clockAt(START + 29 * DAY) });
    expect(job).toMatchObject({ finished: false, isBehind: false });
    expect(job.cycle?.done).toBeGreaterThanOrEqual(10 / 40);
    expect(job.cycle?.done).toBeLessThan(0.5);
  });

  it('says that it is behind when its time is over, once, and comes to its end', async () => {
    store = createScrubStore({ scrub: '{ every: 10d }' });
    history(store, 2, 60, createRandom(1));
    await scrub(store, {}, { clock: clockAt(START + 10 * DAY) });
    const late = await scrub(store, {}, { clock: clockAt(START + 30 * DAY) });
    expect(late.job.finished).toBe(true);
    const behind = late.log.filter((line) => line.includes('is behind'));
    expect(behind).toEqual([]); // it has caught up, so nobody need know
  });

  it('counts from now when the clock was set back', async () => {
    store = createScrubStore();
    history(store, 2, 60, createRandom(1));
    await scrub(store, {}, { clock: clockAt(START + 100 * DAY) });
    const { code, log, job } = await scrub(store, {}, { clock: clockAt(START + 20 * DAY) });
    expect(code).toBe(0);
    expect(log.join('\n')).toContain('the clock was set back');
    expect(job.isBehind).toBe(false);
  });

  it('begins anew when its state is damaged, and what was known of damage is found again', async () => {
    store = createScrubStore();
    const id = seal(store, 0, { files: { a: 'a', b: 'b' } });
    await scrub(store, { wish: 'all' });
    flipByte(join(store.root, 'db', id, 'a'), 0);
    await scrub(store, { wish: 'all' });
    for (const name of ['db.scrub.json', 'db.damage.json']) writeFileSync(join(store.state, name), '{');
    const { code, log, damage } = await scrub(store, { wish: 'all' });
    expect(code).toBe(43);
    expect(damage).toMatchObject([{ name: 'a' }]);
    expect(log.filter((line) => line.startsWith('warning')).length).toBe(2);
  });
});

/** The machine's clock, set to another time. */
function clockAt(time: number) {
  return { ...systemClock, now: () => new Date(time) };
}
