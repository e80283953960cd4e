import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, inject, it } from 'vitest';
import { readDamage } from '../../../remote-scripts/store/damage.ts';
import { jobPaths } from '../../../remote-scripts/store/places.ts';
import { flipBytes } from '../../ssh/support/flip-byte.ts';
import { createRandom, tellSeed } from '../../support/seed.ts';
import { until } from '../../support/until.ts';
import { startProgram } from '../prune/support/run-prune.ts';
import { HOST, type Store } from '../prune/support/store.ts';
import { expectedDamage, history, storedFiles } from './support/history.ts';
import { createScrubStore, scrub } from './support/run-scrub.ts';

let store: Store | undefined;
afterEach(() => store?.remove());

it('comes to the same end when it is killed again and again, at any moment', async () => {
  const random = createRandom(tellSeed('scrub-killed'));
  store = createScrubStore();
  history(store, 6, 1200, random);
  await scrub(store, { wish: 'all' });
  const files = storedFiles(store);
  const chosen = [...files.keys()].sort(() => random() - 0.5).slice(0, 40);
  const places = chosen.map((inode) => files.get(inode)!.path);
  flipBytes(places.map((path) => [path, Math.floor(random() * readFileSync(path).length)]));
  store.own();

  const run = () => startProgram(inject('scrub'), [HOST, '--now', '--config', store!.config]);
  for (let kill = 0; kill < 12; kill += 1) {
    const { child, ended } = run();
    const timer = setTimeout(() => child.kill('SIGKILL'), 80 + random() * 500);
    await ended;
    clearTimeout(timer);
  }
  expect((await run().ended).code).toBe(43);
  // One whole cycle has been run through by now, or more.
  expect((await startProgram(inject('scrub'), [HOST, '--all', '--config', store.config]).ended).code).toBe(43);

  const { entries } = await readDamage(jobPaths({ root: store.root, state: store.state }, 'db'));
  const found = entries.map(({ inode, kind, name, snapshots }) => ({ inode, kind, name, snapshots }));
  expect(found.sort((a, b) => Number(a.inode) - Number(b.inode))).toEqual(expectedDamage(files, chosen));
});

it('ends at a signal, says so, and goes on from there', async () => {
  store = createScrubStore({ scrub: '{ rate: 64KiB }' });
  history(store, 2, 1200, createRandom(1));
  store.own();
  const { child, ended } = startProgram(inject('scrub'), [HOST, '--now', '--config', store.config]);
  await until(() => existsSync(join(store!.state, 'manifests/db/.lock')), 30_000);
  setTimeout(() => child.kill('SIGTERM'), 300);
  const { code, stderr } = await ended;
  expect(stderr).toContain('interrupted; the next run goes on from here');
  expect(code).toBe(143);
  expect(store.names('db').filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
