import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodeOf, type Outcome } from '../../../../src/shared/outcome.ts';
import { snapshotIdOf } from '../../../../src/shared/snapshot-id.ts';
import type { JobState } from '../../../../src/state/job-state.ts';
import type { RunRecord } from '../../../../src/state/run-record.ts';

const MINUTE = 60_000;

/** A run that started at `started` (ISO 8601) and took two minutes; sealed unless `change` says otherwise. */
export function runRecord(started: string, change: Partial<RunRecord> = {}): RunRecord {
  const begin = new Date(started);
  const outcome: Outcome = change.outcome ?? 'done';
  const { job = 'postgres', target = 'vault' } = change;
  const done = outcome === 'done';
  return {
    version: 1,
    run: `${started}-${job}-${target}`,
    job,
    target,
    started: begin.toISOString(),
    finished: new Date(begin.getTime() + 2 * MINUTE).toISOString(),
    durationMs: 2 * MINUTE,
    outcome,
    exitCode: exitCodeOf(outcome),
    reason: done ? '' : 'ssh: the line broke',
    snapshot: done ? snapshotIdOf(begin) : null,
    attempts: 1,
    files: 12,
    bytes: 3 * 1024 ** 3,
    transfer: done
      ? {
          newFiles: 1,
          changedFiles: 2,
          linkedFiles: 9,
          copiedFiles: 0,
          sentBytes: 20_000,
          receivedBytes: 900,
          literalBytes: 18_000,
          matchedBytes: 3 * 1024 ** 3,
          basis: null,
        }
      : null,
    verification: done ? { mode: 'full', algorithm: 'xxh128', durationMs: 30_000 } : null,
    warnings: [],
    ...change,
  };
}

/** What the last of these runs leaves in the state of its job. */
export function stateAfterRuns(records: readonly RunRecord[]): JobState {
  const sealed = records.findLast(({ outcome }) => outcome === 'done');
  const failed = sealed ? records.slice(records.indexOf(sealed) + 1) : records;
  return {
    version: 1,
    lastId: sealed?.snapshot ?? null,
    sealed: sealed?.snapshot
      ? {
          id: sealed.snapshot,
          started: sealed.started,
          finished: sealed.finished,
          files: sealed.files,
          bytes: sealed.bytes,
        }
      : null,
    broken: null,
    lastFullVerification: sealed?.finished ?? null,
    failing: failed[0]
      ? { since: failed[0].finished, count: failed.length, outcome: failed.at(-1)?.outcome ?? 'internal-error' }
      : null,
  };
}

/** Writes history and states as those runs would have left them. */
export async function writeStateDirectory(directory: string, records: readonly RunRecord[]): Promise<void> {
  await mkdir(join(directory, 'jobs'), { recursive: true, mode: 0o700 });
  const ordered = [...records].sort((a, b) => a.finished.localeCompare(b.finished));
  const lines = ordered.map((record) => `${JSON.stringify(record)}\n`);
  await writeFile(join(directory, 'history.jsonl'), lines.join(''), { mode: 0o600 });
  for (const key of new Set(records.map(({ job, target }) => `${job}@${target}`))) {
    const own = ordered.filter(({ job, target }) => `${job}@${target}` === key);
    await writeFile(join(directory, 'jobs', `${key}.json`), JSON.stringify(stateAfterRuns(own)), { mode: 0o600 });
  }
}
