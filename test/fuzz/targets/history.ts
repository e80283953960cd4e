import { historyTable } from '../../../src/commands/history/history-table.ts';
import { collectDays } from '../../../src/insight/report/days.ts';
import { renderPage } from '../../../src/insight/report/page.ts';
import { renderMetrics } from '../../../src/insight/metrics.ts';
import { standingOf } from '../../../src/insight/standing.ts';
import { nextSnapshotId, parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { afterRecord, type JobState } from '../../../src/state/job-state.ts';
import { parseRunRecord, type RunRecord } from '../../../src/state/run-record.ts';
import { isDamageNote, isJobState, isStaleNote, isToldNote, isVerificationNote } from '../../../src/state/validator.ts';
import { must, mustBeSame, type Target } from '../target.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const EXPECT = { schedule: '15 2 * * *', timezone: 'UTC', graceMs: 3_600_000 };
const NEVER: JobState = {
  ...{ version: 1, lastId: null, sealed: null, broken: null, lastFullVerification: null, failing: null },
};

/** A line of the history, and everything that is made of it: state, table, figures, report. */
export const histories: Target = {
  name: 'histories',
  check: (line) => {
    const record = parseRunRecord(line);
    if (record === undefined) return false;
    mustBeSame(parseRunRecord(JSON.stringify(record)), record, 'comes back as another run');
    mustBeShown([record], afterRecord(NEVER, record));
    return true;
  },
};

/** The state of a job and target, and the notes beside it. */
export const states: Target = {
  name: 'states',
  check: (text) => {
    const data = parseJson(text);
    const isNote = [isVerificationNote, isDamageNote, isStaleNote, isToldNote].some((isSound) => isSound(data));
    if (!isJobState(data)) return isNote;
    const state = data as JobState;
    for (const time of [state.lastRead, state.lastFullVerification, state.sealed?.started, state.failing?.since])
      must(time === undefined || time === null || isWritten(time), `took ${time} for a time that we write`);
    mustBeShown([], state);
    if (state.lastId?.startsWith('9999-12-31') === true) return true; // no id can follow
    const next = nextSnapshotId(NOW, state.lastId ?? undefined);
    must(parseSnapshotId(next) === next && (state.lastId === null || next > state.lastId), `the next id is ${next}`);
    return true;
  },
};

function mustBeShown(records: readonly RunRecord[], state: JobState): void {
  historyTable(records, 80);
  const days = collectDays(EXPECT, 14, NOW);
  for (const record of records) days.add(record);
  const [last] = records;
  const standing = standingOf(
    {
      ...{ job: 'db', target: 'vault', expect: EXPECT, verification: undefined, damaged: [], sentBytesTotal: 0 },
      ...{ lastRun: last, lastSuccess: last?.outcome === 'done' ? last : undefined, lastFailure: last },
      ...{ sealed: state.sealed, failing: state.failing, lastFullVerification: state.lastFullVerification },
    },
    NOW,
  );
  const metrics = renderMetrics([standing], '1.0.0');
  must(!/NaN|Infinity|undefined/.test(metrics), `figures without a value: ${metrics}`);
  const page = renderPage({ host: 'web1', at: NOW, jobs: [{ standing, ...days.finish() }], redact: (text) => text });
  must(JSON.stringify([records, state]).includes('NaN') || !page.includes('NaN'), 'a page with a number that is none');
}

function isWritten(time: string): boolean {
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(time) && new Date(time).toISOString().startsWith(time.replace('Z', ''));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
