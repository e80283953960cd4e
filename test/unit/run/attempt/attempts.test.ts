import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { TRANSFER } from '../../../support/push-options.ts';
import { parseConfig } from '../../../../src/config/load.ts';
import type { AttemptPlan } from '../../../../src/run/attempt/attempts.ts';
import { makeAttempts } from '../../../../src/run/attempt/attempts.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { runProcess } from '../../../../src/platform/process.ts';
import { createLearningRedactor } from '../../../../src/shared/redaction.ts';
import { loadJobState, type JobState } from '../../../../src/state/job-state.ts';
import { parseSnapshotId } from '../../../../src/shared/snapshot-id.ts';

/** Makes the two attempts of a run on a host whose clock stands at `now`: clocks cannot be set here, so this one is made up. */
async function twoAttempts(
  now: Date,
  change: (directory: string) => Promise<Record<string, unknown>>,
  broken?: JobState['broken'],
) {
  const directory = await mkdtemp(join(tmpdir(), 'offsite-'));
  onTestFinished(() => rm(directory, { recursive: true }));
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
  const plan = { directory, signal, transfer: TRANSFER, ...(await change(directory)) } as unknown as AttemptPlan;
  const loaded = await loadJobState(directory, 'postgres', 'vault');
  const state = broken === undefined ? loaded.state : { ...loaded.state, broken };
  const bases: (readonly string[])[] = [];
  const { result } = await makeAttempts({ settings, job, target, force: false, signal }, plan, state, {
    runProcess,
    clock: { ...systemClock, now: () => now },
    log: () => undefined,
    redactor: createLearningRedactor(),
    watched: false,
    observe: (event) => {
      if (event.event !== 'attempt-started') return;
      attempts.push(event.snapshot);
      bases.push(event.bases);
    },
    environment: {},
    host: 'db1',
  });
  const sessions = await readFile(join(directory, 'sessions'), 'utf8').catch(() => '');
  return { result, attempts, bases, sessions, state: (await loadJobState(directory, 'postgres', 'vault')).state };
}

it('ids of a clock that stood in the future are given back when the secondary was never reached', async () => {
  const { result, attempts, state } = await twoAttempts(new Date('2099-01-01T00:00:00Z'), () =>
    Promise.resolve({
      wire: { alias: 'vault' },
      source: { fileSystems: { sent: [], leftOut: [] } },
      connect: () =>
        Promise.resolve({ kind: 'failed', failure: { outcome: 'could-not-connect', reason: 'nothing listens there' } }),
    }),
  );
  expect(result).toMatchObject({ kind: 'failed', why: { outcome: 'could-not-connect' } });
  expect(attempts).toEqual(['2099-01-01T000000Z', '2099-01-01T000001Z']);
  expect(state).toMatchObject({ lastId: null, broken: null });
});

/** What a gate says that has no attempt of the id that it is asked for, in the words of the shell. */
const NO_ATTEMPT = 'there is no snapshot $id';

/**
 * A plan over a connection whose other end says one line and ends: a remote shell of the test's own, before a real rsync.
 * @param told what it says when it is asked what an attempt has left
 */
async function answering(
  directory: string,
  line: string,
  code: number,
  told = NO_ATTEMPT,
): Promise<Record<string, unknown>> {
  const remoteShell = join(directory, 'remote-shell');
  const script = `#!/bin/sh
echo "$*" >> ${join(directory, 'sessions')}
case "$*" in *' --delete '*) for id do :; done; id=\${id%/}; id=\${id##*/}; echo "offsite-gate: refused: ${told}" >&2; exit 2 ;; esac
echo '${line}' >&2
exit ${code}
`;
  await writeFile(remoteShell, script, { mode: 0o755 });
  const source = join(directory, 'source');
  await mkdir(source);
  const wire = {
    remoteShell: [remoteShell],
    alias: 'vault',
    secondary: 'gate',
    metadata: 'fake_super',
    timeoutSeconds: 60,
  };
  return {
    wire,
    verifyWire: wire,
    connect: () => Promise.resolve({ kind: 'connected', connection: { close: () => Promise.resolve() } }),
    source: { largestFile: 0, files: 0, bytes: 0, fileSystems: { sent: [], leftOut: [] } },
    busyTimeoutMs: 0,
  };
}

const AHEAD = new Date('2026-11-25T00:05:00Z');

it('ids that the secondary refused are given back: it has kept nothing of them', async () => {
  const { result, attempts, state } = await twoAttempts(AHEAD, (directory) =>
    answering(directory, 'offsite-gate: refused: clock skew: 305 s ahead', 2),
  );
  expect(result).toMatchObject({ kind: 'failed', why: { outcome: 'refused' } });
  expect(attempts).toEqual(['2026-11-25T000500Z']);
  expect(state).toMatchObject({ lastId: null });
});

it.each([
  ['offsite-gate: broke: rsync was ended by SIGKILL on the secondary', 20, 'connection-lost', 1],
  ['offsite-gate: ended: internal error; see gate.log on the secondary', 2, 'refused', 0],
  ['', 247, 'connection-lost', 1],
])('ids that the secondary may have kept are never used again: %j', async (line, code, outcome, last) => {
  const { result, state } = await twoAttempts(AHEAD, (directory) => answering(directory, line, code));
  expect(result).toMatchObject({ kind: 'failed', why: { outcome } });
  // With the clock right again, the next run goes on from there, and is not refused for as long as it was ahead.
  expect(state).toMatchObject({ lastId: `2026-11-25T00050${last}Z` });
});

it('an attempt in which a file had no room for its names is named to the next, which the gate then gives copies', async () => {
  const { result, state } = await twoAttempts(AHEAD, (directory) =>
    answering(directory, 'rsync: [generator] link "/proc/self/fd/5/a/54" => a/0 failed: Too many links (31)', 2),
  );
  expect(result).toMatchObject({ kind: 'failed', why: { outcome: 'incomplete' }, lesson: 'crowded' });
  // rsync dies before it has told of any item, so nothing else says that something is there. Both got equally far.
  expect(state.broken?.id).toBe('2026-11-25T000501Z');
});

const EARLIER = parseSnapshotId('2026-11-24T000000Z')!;
const FIRST = parseSnapshotId('2026-11-25T000500Z')!;

it.each([
  // The gate may have renamed the attempt before it died: from then on both names are named.
  ['offsite-gate: broke: rsync was ended by SIGKILL on the secondary', 20, [EARLIER], [FIRST, EARLIER]],
  ['offsite-gate: refused: busy: another session is still writing to this job', 2, [EARLIER], undefined],
])(
  'an attempt that the gate goes on with is found by the next under either name: %s',
  async (line, code, first, second) => {
    const broken = { id: EARLIER, bytes: 100 };
    const { bases, state } = await twoAttempts(AHEAD, (directory) => answering(directory, line, code), broken);
    expect(bases).toEqual(second === undefined ? [first] : [first, second]);
    expect(state.broken).toEqual(
      second === undefined ? broken : { id: '2026-11-25T000501Z', bytes: 100, formerly: [FIRST, EARLIER] },
    );
  },
);

it.each([
  ['tells that it has none of them', NO_ATTEMPT, true],
  ['does not tell what is in it', 'attempt $id ended without a seal; it can no longer be verified', false],
])('an attempt of which the gate %s is named to it: %j', async (_, told, named) => {
  const broken = { id: FIRST, bytes: 100, formerly: [EARLIER] };
  const { sessions } = await twoAttempts(
    AHEAD,
    (directory) => answering(directory, 'offsite-gate: ended: it is enough', 2, told),
    broken,
  );
  const pushes = sessions.split('\n').filter((line) => line !== '' && !line.includes(' --delete '));
  expect(pushes).toHaveLength(1);
  expect(pushes[0]?.includes(`--compare-dest /postgres/${FIRST}/`)).toBe(named);
  expect(pushes[0]?.includes(`--compare-dest /postgres/${EARLIER}/`)).toBe(named);
});
