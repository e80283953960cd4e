import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createRandom, tellSeed } from '../support/seed.ts';
import { prune, startPrune } from '../unit/prune/support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store } from '../unit/prune/support/store.ts';

const DAY = 86_400_000;
const ROUNDS = 60;
const FILES = 60;

let store: Store | undefined;
afterEach(() => store?.remove());

function manySnapshots(): Store {
  const made = createStore({ owner: UNPRIVILEGED, hold: '{ max_removals: 100 }' });
  chmodSync(made.base, 0o755);
  for (let age = 20; age >= 0; age -= 1) {
    const files = Object.fromEntries(
      Array.from({ length: FILES }, (_, index) => [`${index % 9}/${index}`, `${age}.${index}`]),
    );
    made.seal('db', new Date(Math.floor(Date.now() / DAY) * DAY - age * DAY), { files });
  }
  made.own();
  return made;
}

/** Every snapshot under its name is whole, whether or not its seal is still there. */
function expectWhole({ root }: Store): void {
  for (const name of readdirSync(join(root, 'db'))) {
    if (name.endsWith('.sealed')) continue;
    const files = readdirSync(join(root, 'db', name), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length, name).toBe(FILES);
    expect(existsSync(join(root, 'db', `${name}.sealed`)), `${name} without its seal`).toBe(true);
  }
}

/** What lies in a directory, as one text. */
function entries(path: string): string {
  return existsSync(path) ? readdirSync(path).sort().join('\n') : '';
}

it(
  'survives being killed at any moment: nothing half under a good name, and the next run finishes',
  { timeout: 300_000 },
  async () => {
    store = manySnapshots();
    const args = [HOST, '--config', store.config];
    const random = createRandom(tellSeed('moments at which prune is killed'));
    let interrupted = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const trash = join(store.root, '.trash');
      const before = entries(trash);
      const { child, ended } = startPrune(args);
      const anywhere = round % 3 === 0 ? setTimeout(() => child.kill('SIGKILL'), random() * 400) : undefined;
      // From the first change in the trash: the renames take less than a millisecond each, the deletion some tens of them.
      const delay = random() * 60;
      const watch = setInterval(() => {
        if (entries(trash) === before) return;
        clearInterval(watch);
        setTimeout(() => child.kill('SIGKILL'), delay);
      }, 1);
      await ended;
      clearInterval(watch);
      clearTimeout(anywhere);
      const left = existsSync(trash) ? readdirSync(trash).length : 0;
      if (left > 0) interrupted += 1;
      expectWhole(store);
      if (readdirSync(join(store.root, 'db')).length === 6 && round < ROUNDS - 1) {
        // All done: begin again, so that every round has something to break.
        store.remove();
        store = manySnapshots();
        args[2] = store.config;
      }
    }
    expect(interrupted).toBeGreaterThan(ROUNDS / 3);
    const last = await prune(args);
    expect(last.stderr).toContain('3 kept');
    expect(last.code).toBe(0);
    expect(store.names('db')).toHaveLength(6);
    expect(readdirSync(join(store.root, '.trash'))).toEqual([]);
    expect(JSON.parse(readFileSync(join(store.state, 'prune.json'), 'utf8'))).toHaveProperty('lastRun');
  },
);
