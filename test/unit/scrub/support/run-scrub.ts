import { chmodSync } from 'node:fs';
import { runScrub, type CommandDeps, type ScrubOptions } from '../../../../remote-scripts/scrub/commands.ts';
import { readDamage, type DamageEntry } from '../../../../remote-scripts/store/damage.ts';
import { jobPaths } from '../../../../remote-scripts/store/places.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { runProcess } from '../../../../src/platform/process.ts';
import { createStore, UNPRIVILEGED, type Store, type StoreOptions } from '../../prune/support/store.ts';

/** Makes a store whose account is one without rights, as {@link scrub} needs it. */
export function createScrubStore(options: StoreOptions = {}): Store {
  const store = createStore({ owner: UNPRIVILEGED, ...options });
  chmodSync(store.base, 0o755);
  return store;
}

/** What a scrub of the job `db` has come to. */
export interface Scrubbed {
  readonly code: number;
  /** What it says to programs, of that job. */
  readonly job: {
    readonly read: { readonly files: number; readonly bytes: number };
    readonly manifests: readonly { readonly id: string; readonly replaces: string | null; readonly keptOut: number }[];
    readonly finished: boolean;
    readonly isBehind: boolean;
    readonly cycle: { readonly done: number } | null;
    readonly failures: readonly string[];
  };
  readonly damage: readonly DamageEntry[];
  /** What people were told, and what else was logged. */
  readonly log: readonly string[];
}

/** Scrubs a store in this process. */
export async function scrub(
  store: Store,
  options: Partial<ScrubOptions> = {},
  deps: Partial<CommandDeps> = {},
): Promise<Scrubbed> {
  store.own();
  const out: string[] = [];
  const log: string[] = [];
  const code = await runScrub(
    store.settings,
    store.host,
    { wish: 'share', json: true, ...options },
    {
      uid: UNPRIVILEGED,
      runProcess,
      clock: systemClock,
      log: (level, text) => log.push(`${level}: ${text}`),
      environment: {},
      write: (text) => out.push(text),
      ...deps,
    },
  );
  const { jobs } = JSON.parse(out.join('')) as { jobs: Scrubbed['job'][] };
  const { entries } = await readDamage(jobPaths({ root: store.root, state: store.state }, 'db'));
  return { code, job: jobs[0]!, damage: entries, log };
}
