import { chmodSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { prune } from './support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store, type StoreOptions } from './support/store.ts';

const DAY = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY) * DAY;
const EXPECTED = '{ db: { expect: { schedule: "0 0 * * *", grace: 1d } } }';
const CHANNEL = "{ channels: { tell: { type: command, command: ['true'] } } }";

let store: Store | undefined;
afterEach(() => store?.remove());

async function check(options: StoreOptions, ...args: string[]) {
  store = createStore({ owner: UNPRIVILEGED, ...options });
  chmodSync(store.base, 0o755);
  for (const age of [1, 0]) store.seal('db', new Date(TODAY - age * DAY));
  store.own();
  return prune(['check', HOST, '--config', store.config, ...args]);
}

describe('offsite-prune check', () => {
  it('shows how each job stands', async () => {
    const { code, stdout, stderr } = await check({ jobs: EXPECTED, alerts: CHANNEL });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^web1 +db .* ✓ ok$/m);
  });

  it('shows it for programs', async () => {
    const { code, stdout } = await check({ jobs: EXPECTED, alerts: CHANNEL }, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      hosts: [{ host: HOST, jobs: [{ job: 'db', state: 'ok' }] }],
      silences: [],
    });
  });

  it.each([
    ['nobody who would be told', { jobs: EXPECTED }, /nobody is told of anything: add a channel under alerts/],
    [
      'no word of when a snapshot is due',
      { alerts: CHANNEL },
      /nothing says when a snapshot of web1\/db is due.*expect:/,
    ],
  ])('objects to %s', async (_, options, says) => {
    const { code, stderr } = await check(options);
    expect(code).toBe(42);
    expect(stderr).toMatch(says);
  });
});

it.each([{ args: [HOST, '--help'] }, { args: ['--help'] }, { args: ['run', '--help'] }])(
  'the help of offsite-prune $args knows every option',
  async ({ args }) => {
    const { code, stdout } = await prune(args);
    expect(code).toBe(0);
    for (const option of ['--config', '--dry-run', '--simulate', '--release', '--json'])
      expect(stdout).toContain(option);
    expect(stdout.match(/Exit codes:/g)).toHaveLength(1);
  },
);
