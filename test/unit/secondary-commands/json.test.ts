import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { statusData } from '../../../remote-scripts/prune/json.ts';
import { jsonText } from '../../../remote-scripts/program/json-text.ts';
import { frozenName } from '../../../src/shared/entry-names.ts';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';
import { flipByte } from '../../ssh/support/flip-byte.ts';
import { expectToFit, OUTPUTS, type Output } from '../../support/json-schema.ts';
import { PG_DUMP } from '../dumps/support/samples.ts';
import { startProgram } from '../prune/support/run-prune.ts';
import { fullStatus } from '../prune/support/status.ts';
import type { Store } from '../prune/support/store.ts';
import { createScrubStore } from '../scrub/support/run-scrub.ts';

const DAY = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY);

let store: Store;
/** A snapshot that is kept. */
let newest = '';
const held = new Set<Output>();

beforeAll(async () => {
  store = createScrubStore({
    jobs: '{ db: { expect: { schedule: "0 0 * * *", grace: 1h }, drill: {} }, files: {}, empty: {} }',
    hold: '{ max_removals: 1 }',
  });
  for (const days of [9, 8, 7, 6, 2, 0.01]) {
    newest = store.seal('db', daysAgo(days), { files: { 'a.sql': PG_DUMP, 'b.sql': PG_DUMP.slice(0, 200) } });
  }
  for (const days of [9, 2]) store.seal('files', daysAgo(days));
  store.seal('db', daysAgo(-400), { received: daysAgo(0.02) }); // quarantine
  store.directory(`db/${frozenName(snapshotIdOf(daysAgo(20)))}`);
  mkdirSync(join(store.root, 'db', 'lost+found'));
  store.own();
  await call('prune', ['pin', 'web1', 'db', newest, '--why', 'before the migration', '--until', '2099-03-31']);
});
afterAll(() => store.remove());

async function call(program: 'prune' | 'scrub' | 'drill', words: readonly string[]) {
  return startProgram(inject(program), [...words, '--config', store.config]).ended;
}

/** What a program prints, held against the schema. */
async function ask(output: Output, ...words: string[]): Promise<unknown> {
  const [program = ''] = output.split(' ');
  const { stdout, stderr } = await call(program.replace('offsite-', '') as 'prune', [...words, '--json']);
  expect(stdout, stderr).toMatch(/^\{.*\}\n$/);
  const printed: unknown = JSON.parse(stdout);
  expectToFit(output, printed);
  held.add(output);
  return printed;
}

describe('what the programs of the secondary print with --json is as docs/json.md says', () => {
  it('a plan, and a run that is on hold', async () => {
    expect(await ask('offsite-prune HOST --json', 'web1', '--dry-run')).toMatchObject({
      dryRun: true,
      jobs: [
        {
          job: 'db',
          holds: [{ kind: 'removals' }],
          pins: { holding: [{ id: newest }] },
          oddities: [{}],
          leftovers: [{}],
        },
        { job: 'files' },
        { job: 'empty', snapshots: [] },
      ],
    });
    expect(await ask('offsite-prune HOST --json', 'web1')).toMatchObject({ dryRun: false, done: { failures: [] } });
  });

  it('a simulation, by a schedule, by what is usual, and where nothing says how often', async () => {
    expect(await ask('offsite-prune HOST --simulate --json', 'web1', '--simulate', '2')).toMatchObject({
      jobs: [
        { arrivals: { by: 'schedule' }, days: [{}, {}] },
        { arrivals: { by: 'usual' } },
        { arrivals: null, days: null },
      ],
    });
  });

  it('a drill that fails, and one that is not due', async () => {
    expect(await ask('offsite-drill HOST --json', 'web1')).toMatchObject({
      drills: [{ job: 'db', id: newest, ok: false, whole: 1, broken: [{ name: 'b.sql' }] }, { which: 'old' }],
    });
    expect(await ask('offsite-drill HOST --json', 'web1')).toMatchObject({ drills: [] });
  });

  it('a scrub that finds damage, and what is known of it', async () => {
    expect(await ask('offsite-scrub HOST --json', 'web1', '--all')).toMatchObject({ jobs: [{ damage: [] }, {}] });
    flipByte(join(store.root, 'db', newest, 'a.sql'), 3);
    expect(await ask('offsite-scrub HOST --json', 'web1', '--all')).toMatchObject({
      jobs: [{ damage: [{ name: 'a.sql', kind: 'content', snapshots: [newest] }], last: {} }, {}],
    });
    expect(await ask('offsite-scrub HOST --list --json', 'web1', '--list')).toMatchObject({
      jobs: [{ damage: [{}] }, {}],
    });
  });

  it('how all that stands, and where nobody would be told', async () => {
    const stands = { job: 'db', damage: { files: [{ name: 'a.sql' }] }, drill: { last: { ok: false } }, freshness: {} };
    expect(await ask('offsite-prune status --json', 'status')).toMatchObject({ hosts: [{ jobs: [stands, {}, {}] }] });
    expect(await ask('offsite-prune check --json', 'check', 'web1')).toMatchObject({
      silences: expect.any(Array) as unknown,
    });
  });

  it('a host of which everything is known, and a job that cannot be examined', () => {
    const status = { ...fullStatus(store.host), faults: [{ job: 'gone', reason: 'EIO', refused: false }] };
    expectToFit('offsite-prune status --json', JSON.parse(jsonText(statusData([status], new Date()))));
  });

  it('and no output is left out', () => {
    expect([...held].sort()).toEqual(OUTPUTS.filter((output) => output.startsWith('offsite-')).sort());
  });
});
