import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import type { AttemptPlan } from '../../../src/run/attempts.ts';
import { makeAttempts } from '../../../src/run/attempts.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { runProcess } from '../../../src/platform/process.ts';
import { createLearningRedactor } from '../../../src/shared/redaction.ts';
import { loadJobState } from '../../../src/state/job-state.ts';

it('ids of a clock that stood in the future are given back when the secondary was never reached', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'offsite-'));
  const settings = parseConfig(
    'config.yaml',
    `version: 1
state_dir: ${directory}
targets: { vault: { host: {env: H}, user: {env: U}, identity: {env: I}, known_hosts: {env: K} } }
jobs: { postgres: { source: /x, retry: { attempts: 2, delay: 1ms, max_delay: 1ms } } }`,
  );
  const job = settings.jobs.get('postgres');
  const target = settings.targets.get('vault');
  if (!job || !target) throw new Error('the configuration has both');
  const signal = new AbortController().signal;
  const attempts: string[] = [];
  const plan = {
    wire: { alias: 'vault' },
    source: { fileSystems: { sent: [], leftOut: [] } },
    connect: () =>
      Promise.resolve({ kind: 'failed', failure: { outcome: 'could-not-connect', reason: 'nothing listens there' } }),
    directory,
    signal,
  } as unknown as AttemptPlan;
  const { state } = await loadJobState(directory, 'postgres', 'vault');
  const { result } = await makeAttempts({ settings, job, target, force: false, signal }, plan, state, {
    runProcess,
    clock: { ...systemClock, now: () => new Date('2099-01-01T00:00:00Z') },
    log: () => undefined,
    redactor: createLearningRedactor(),
    watched: false,
    observe: (event) => {
      if (event.event === 'attempt-started') attempts.push(event.snapshot);
    },
    environment: {},
    host: 'db1',
  });
  const after = await loadJobState(directory, 'postgres', 'vault');
  await rm(directory, { recursive: true });
  expect(result).toMatchObject({ kind: 'failed', outcome: 'could-not-connect' });
  expect(attempts).toEqual(['2099-01-01T000000Z', '2099-01-01T000001Z']);
  expect(after.state).toMatchObject({ lastId: null, broken: null });
});
