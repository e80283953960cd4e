import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseSecondaryConfig } from '../../../remote-scripts/config/load.ts';
import { prune } from './support/run-prune.ts';
import { createStore, HOST, UNPRIVILEGED, type Store } from './support/store.ts';

const DAY = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY) * DAY;

let store: Store;
afterEach(() => store.remove());

function makeStore(textfile: (base: string) => string): void {
  store = createStore({ owner: UNPRIVILEGED, jobs: '{ db: { expect: { schedule: "0 0 * * *", grace: 30h } } }' });
  chmodSync(store.base, 0o755);
  for (const age of [2, 1, 0]) store.seal('db', new Date(TODAY - age * DAY));
  const settings = readFileSync(store.config, 'utf8');
  writeFileSync(store.config, `${settings}metrics: { textfile: "${textfile(store.base)}" }\n`);
}

const check = async () => {
  store.own();
  return prune(['check', HOST, '--config', store.config]);
};

describe('the metrics of the secondary', () => {
  it('are written by the check, for each host in a file of its own, which others may read', async () => {
    makeStore((base) => `${base}/metrics/{host}/offsite.prom`);
    mkdirSync(join(store.base, 'metrics', HOST), { recursive: true });
    await check();
    const path = join(store.base, 'metrics', HOST, 'offsite.prom');
    const text = readFileSync(path, 'utf8');
    expect(statSync(path).mode & 0o777).toBe(0o644);
    const labels = `{primary="${HOST}",backup_job="db"}`;
    expect(text).toContain(`offsite_secondary_snapshots${labels} 3\n`);
    expect(text).toContain(`offsite_secondary_newest_timestamp_seconds${labels} ${TODAY / 1000 + 60}\n`);
    expect(text).toContain(`offsite_secondary_overdue${labels} 0\n`);
    expect(text).toContain(`offsite_secondary_on_hold{primary="${HOST}",backup_job="db",kind="churn"} 0\n`);
    expect(text).toMatch(new RegExp(`^offsite_secondary_free_bytes{primary="${HOST}"} [1-9]`, 'm'));
    expect(text).not.toContain('time_until_full');
  });

  it('that cannot be written keep nothing else from its work', async () => {
    makeStore((base) => `${base}/nowhere/offsite.prom`);
    const { stdout, stderr } = await check();
    expect(stdout).toContain('web1  db');
    expect(stderr).toMatch(/The metrics cannot be written: .*nowhere/);
  });

  it('need a file of their own for each host, with the ending that node_exporter reads', () => {
    makeStore(() => '/m/offsite.txt');
    const two = readFileSync(store.config, 'utf8').replace(
      'hosts:',
      'hosts:\n  web2: { account: b, retention: { daily: 3 }, jobs: { x: {} } }',
    );
    expect(parseSecondaryConfig(two)).toMatchObject({
      problems: [
        { path: 'metrics.textfile', message: expect.stringContaining('must end in .prom') as string },
        { path: 'metrics.textfile', message: expect.stringContaining('must contain {host}') as string },
      ],
    });
  });
});
