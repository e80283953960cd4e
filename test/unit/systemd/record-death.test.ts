import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import type { Settings } from '../../../src/config/settings.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { readHistory } from '../../../src/state/history.ts';
import { loadJobState, saveJobState } from '../../../src/state/job-state.ts';
import { takeRunLock } from '../../../src/state/run-lock.ts';
import type { RunRecord } from '../../../src/state/run-record.ts';
import { recordDeath } from '../../../src/systemd/record-death.ts';

const NOW = new Date('2026-11-23T02:20:00Z');
const ID = parseSnapshotId('2026-11-22T021500Z')!;
const SEALED = {
  id: ID,
  started: '2026-11-22T02:15:00.000Z',
  finished: '2026-11-22T02:16:00.000Z',
  files: 1,
  bytes: 2,
};

describe('recording a run that died', () => {
  let directory = '';
  let settings: Settings;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'offsite-death-'));
    const reference = { env: 'X' };
    const target = { host: reference, user: reference, identity: reference, known_hosts: reference };
    settings = parseConfig(
      'config.yaml',
      JSON.stringify({
        version: 1,
        state_dir: directory,
        targets: { vault: target },
        jobs: { db: { source: '/srv' } },
      }),
    );
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function records(): Promise<RunRecord[]> {
    const found: RunRecord[] = [];
    await readHistory(directory, (record) => found.push(record));
    return found;
  }

  it('counts it, so that the next success is a recovery, and says what is still protected', async () => {
    const { state } = await loadJobState(directory, 'db', 'vault');
    await saveJobState(directory, 'db', 'vault', { ...state, lastId: ID, sealed: SEALED });
    expect(await recordDeath(settings, 'db', 'killed', NOW)).toEqual({
      notProtectedSince: new Date(SEALED.started),
      lastSealed: ID,
      failingSince: NOW,
      failures: 1,
    });
    expect(await recordDeath(settings, 'db', 'killed', NOW)).toMatchObject({ failures: 2 });
    expect((await loadJobState(directory, 'db', 'vault')).state).toMatchObject({
      sealed: SEALED,
      failing: { count: 2, outcome: 'interrupted' },
    });
    expect(await records()).toMatchObject([
      { outcome: 'interrupted', exitCode: 137, reason: 'the unit failed: killed' },
      {},
    ]);
  });

  it('leaves everything to another run that is going on', async () => {
    const lock = await takeRunLock(directory, 'db@vault', NOW);
    expect(await recordDeath(settings, 'db', 'killed', NOW)).toMatchObject({ failures: undefined });
    expect(await records()).toEqual([]);
    if (lock.kind === 'locked') await lock.release();
  });

  it('has nothing to say of a job that the configuration does not know', async () => {
    expect(await recordDeath(settings, 'other', 'killed', NOW)).toEqual({});
    expect(await recordDeath(settings, undefined, 'killed', NOW)).toEqual({});
  });

  it('still lets the alert out when the state cannot be written', async () => {
    await writeFile(join(directory, 'file'), '');
    settings = { ...settings, stateDirectory: join(directory, 'file', 'state') };
    const { warnings } = await recordDeath(settings, 'db', 'killed', NOW);
    expect(warnings?.[0]).toMatch(/could not be recorded/);
  });
});
