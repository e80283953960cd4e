import { chmodSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { prune, startPrune } from './support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store } from './support/store.ts';

let store: Store | undefined;
afterEach(() => store?.remove());

function prepared(): Store {
  store = createStore({ owner: UNPRIVILEGED });
  chmodSync(store.base, 0o755);
  for (const age of [3, 2, 1]) store.seal('db', new Date(Date.now() - age * 86_400_000));
  store.own();
  return store;
}

describe('a word that offsite-prune does not know', () => {
  it.each([
    [['statuss'], /no host "statuss".*Did you mean "offsite-prune status"\?/],
    [['staus', '--json'], /Did you mean "offsite-prune status"\?/],
    [['chekc', HOST], /Did you mean "offsite-prune check"\?/],
    [['wbe1', '--dry-run'], /no host "wbe1".*Did you mean "web1"\?/],
    [['status', 'wbe1'], /no host "wbe1".*Did you mean "web1"\?/],
    [['something-else'], /no host "something-else" in the settings; known: web1/],
  ])('%j brings the one that was meant', async (args, says) => {
    const { config } = prepared();
    const { code, stderr } = await prune([...args, '--config', config]);
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
  });
});

it('refuses to simulate and to show the plan of now in one call', async () => {
  const { config } = prepared();
  const { code, stdout, stderr } = await prune([HOST, '--dry-run', '--simulate', '3', '--config', config]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/--simulate.* cannot be used with .*--dry-run/);
});

it.each([{ args: ['--help'] }, { args: [HOST, '--dry-run'] }, { args: [HOST, '--json'] }])(
  'does what $args is for when nobody reads it to its end',
  async ({ args }) => {
    const made = prepared();
    const { child, ended } = startPrune(args[0] === HOST ? [...args, '--config', made.config] : args);
    child.stdout!.destroy();
    const { code, stderr } = await ended;
    expect(stderr).not.toContain('EPIPE');
    expect(code).toBe(0);
    if (args.includes('--json')) expect(made.names('db').filter((name) => name.endsWith('.sealed'))).toHaveLength(3);
  },
);
