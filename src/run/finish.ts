import { deliverAlert, type AlertDeps } from '../notify/deliver.ts';
import type { RunFacts } from '../notify/facts.ts';
import { reachedSomebody } from '../notify/tellings.ts';
import { writeMetrics } from '../insight/metrics-file.ts';
import { errorMessage } from '../platform/files.ts';
import { createSecretReader } from '../platform/secrets.ts';
import { SELFTEST_JOB } from '../shared/names.ts';
import { exitCodeOf } from '../shared/outcome.ts';
import { redactDeep } from '../shared/redaction.ts';
import { clearDistrust, noteDistrust } from '../state/distrust.ts';
import { appendHistory } from '../state/history.ts';
import { afterRecord, loadJobState, saveJobState, type JobState } from '../state/job-state.ts';
import { saveManifest } from '../state/manifest.ts';
import type { RecordedExpectation, RunRecord } from '../state/run-record.ts';
import { clearStaleNote, type StaleNote } from '../state/stale-note.ts';
import type { RunDeps, RunRequest } from './request.ts';
import { failureCode, signalOf } from './failure.ts';
import type { RunEnd } from './run-end.ts';
import type { SourceSummary } from './source/read-source.ts';

/** A run that has ended and has to be recorded and reported. */
export interface EndedRun {
  readonly run: string;
  readonly started: Date;
  readonly end: RunEnd;
}

/** Milliseconds that alerts may take once a signal has asked us to end: systemd waits 90 s before it kills. */
const ALERT_LIMIT_AFTER_SIGNAL = 20_000;

/** Notifies the channels that subscribe to the start of a run. Never rejects. */
export async function tellStart(request: RunRequest, deps: RunDeps, run: string, at: Date): Promise<void> {
  const facts: RunFacts = { ...occasion(request, deps, run, at), event: 'start', outcome: 'done', failures: 0 };
  await deliverAlert(facts, request.settings.alerts, channelDeps(request, deps));
}

/** Records a run and sends alerts. Nothing in here changes the outcome; a failure becomes a warning. */
export async function finishRun(request: RunRequest, deps: RunDeps, ended: EndedRun): Promise<RunRecord> {
  const { end } = ended;
  const finished = deps.clock.now();
  const draft = recordOf(request, ended, finished);
  const before = end.kind === 'unlocked' ? undefined : end.state;
  const after = before && afterRecord(before, draft, sourceOf(end)?.newestChangeMs);
  const problems: string[] = [];
  const keep = async (what: string, write: () => Promise<void>): Promise<void> => {
    try {
      await write();
    } catch (error) {
      problems.push(`The ${what} could not be written: ${errorMessage(error)}`);
    }
  };
  const { stateDirectory } = request.settings;
  const { name: job } = request.job;
  const { name: target } = request.target;
  if (end.kind === 'secured' && end.contents.packed !== undefined) {
    const { packed, verifiedFrom } = end.contents;
    await keep('list of what the snapshot holds', () =>
      saveManifest(stateDirectory, job, target, { id: end.snapshot, verifiedFrom, packed }),
    );
  }
  // The state first: it decides what the next run links to; the history is for people.
  if (after) await keep('state', () => saveJobState(stateDirectory, job, target, after));
  if (draft.outcome === 'corruption')
    await keep('note of the damage', () => noteDistrust(stateDirectory, job, target, finished));
  // Files that were linked without being read may still be damaged, and a verification may have written the note meanwhile.
  if (end.kind === 'secured' && end.clearsDistrust)
    await keep('note of the repair', () => clearDistrust(stateDirectory, job, target));
  let stale: StaleNote | undefined;
  if (end.kind === 'secured') {
    // After the state: a freshness check that writes its note at this moment reads the state again before it sends its alert.
    await keep('note of the stale backup', async () => {
      stale = await clearStaleNote(stateDirectory, job, target);
    });
  }
  // The rest are counts and names from the configuration. An account may have the same name as a job; if the job's name were redacted,
  // status, history and a rebuilt state would not find the record.
  const { reason, warnings } = redactDeep({ reason: draft.reason, warnings: draft.warnings }, deps.redactor.redact);
  const safe: RunRecord = { ...draft, reason, warnings };
  await keep('history', () => appendHistory(stateDirectory, safe));
  await keep('metrics file', () => writeMetrics(request.settings, deps.clock));
  const record: RunRecord = { ...safe, warnings: [...safe.warnings, ...problems.map(deps.redactor.redact)] };
  deps.observe({ event: 'run-finished', record });
  const telling = { recorded: problems.length === 0, stale };
  await tell(request, deps, record, end, { before, after }, telling);
  return record;
}

function recordOf(request: RunRequest, { run, started, end }: EndedRun, finished: Date): RunRecord {
  const secured = end.kind === 'secured';
  const attempted = secured || end.kind === 'unsecured';
  return {
    version: 1,
    run,
    job: request.job.name,
    target: request.target.name,
    started: started.toISOString(),
    finished: finished.toISOString(),
    durationMs: Math.max(0, finished.getTime() - started.getTime()),
    outcome: secured ? 'done' : end.why.outcome,
    exitCode: secured ? exitCodeOf('done') : failureCode(end.why),
    reason: secured ? '' : end.why.reason,
    snapshot: secured ? end.snapshot : null,
    attempts: attempted ? end.attempts : 0,
    files: sourceOf(end)?.files ?? 0,
    bytes: sourceOf(end)?.bytes ?? 0,
    transfer: secured ? end.transfer : null,
    verification: secured ? end.verification : null,
    warnings: end.kind === 'unlocked' ? [] : end.warnings,
    expect: expectationOf(request),
  };
}

function expectationOf({ job: { expect } }: RunRequest): RecordedExpectation | null {
  return expect ? { schedule: expect.schedule, timezone: expect.timezone, graceMs: expect.graceMs } : null;
}

/** What the run knows about the source; undefined if it did not walk it to its end. */
function sourceOf(end: RunEnd): SourceSummary | undefined {
  return end.kind === 'unlocked' ? undefined : end.source;
}

/** Whoever hears of it need not know what was going on. */
const A_TEST =
  'Nothing: this is a test that somebody made with offsite-rsync selftest, which cuts its own line. No backup has failed.';

async function tell(
  request: RunRequest,
  deps: RunDeps,
  record: RunRecord,
  end: RunEnd,
  { before, after }: { readonly before: JobState | undefined; readonly after: JobState | undefined },
  { recorded, stale }: { readonly recorded: boolean; readonly stale: StaleNote | undefined },
): Promise<void> {
  const why = end.kind === 'secured' ? undefined : end.why;
  const failed = why !== undefined;
  const failing = before?.failing ?? null;
  const known = after ?? (await stateToTell(request));
  const sealed = known?.sealed ?? null;
  const facts = {
    ...occasion(request, deps, record.run, new Date(record.finished)),
    outcome: record.outcome,
    signal: why && signalOf(why),
    failures: failed ? (after?.failing?.count ?? 1) : (failing?.count ?? 0),
    reason: record.reason === '' ? undefined : record.reason,
    advice: request.job.name === SELFTEST_JOB ? A_TEST : why?.advice,
    warnings: record.warnings,
    lastSealed: sealed?.id,
    protectionUnknown: known === undefined,
    notProtectedSince: failed && sealed ? new Date(sealed.started) : undefined,
    failingSince:
      failed && after?.failing ? new Date(after.failing.since) : failing ? new Date(failing.since) : undefined,
    durationMs: record.durationMs,
    numbers: sourceOf(end) && { files: record.files, bytes: record.bytes, sentBytes: record.transfer?.sentBytes },
  };
  const channels = channelDeps(request, deps);
  // People who were told of a failure, or of a stale backup, are told once when it is over. A second run at the same
  // time does nothing, and the first one reports the result.
  const event =
    record.outcome === 'locked' ? 'warning' : failed ? 'failure' : failing || stale ? 'recovery' : 'success';
  const deliveries = await deliverAlert({ ...facts, event }, request.settings.alerts, channels);
  if (failed) deps.tellings?.add({ reached: reachedSomebody(deliveries), recorded }, deliveries);
  if (!failed && record.warnings.length > 0) {
    await deliverAlert(
      { ...facts, event: 'warning', failures: 0, failingSince: undefined },
      request.settings.alerts,
      channels,
    );
  }
}

/** The state for a run that did not read it itself, to report what is secured; undefined when it cannot be read. */
async function stateToTell({ settings, job, target }: RunRequest): Promise<JobState | undefined> {
  try {
    return (await loadJobState(settings.stateDirectory, job.name, target.name)).state;
  } catch {
    return undefined;
  }
}

function occasion(request: RunRequest, deps: RunDeps, run: string, at: Date) {
  const { job, target } = request;
  return { kind: 'run', at, host: deps.host, runId: run, job: job.name, target: target.name } as const;
}

/** {@link alertDeps} for the channels of a run. When a signal asks us to end, they have only limited time left. */
function channelDeps({ settings, signal }: RunRequest, deps: RunDeps): AlertDeps {
  const late = new AbortController();
  const hasten = () => setTimeout(() => late.abort(signal.reason), ALERT_LIMIT_AFTER_SIGNAL).unref();
  if (signal.aborted) hasten();
  else signal.addEventListener('abort', hasten, { once: true });
  const alertSignal = deps.alertSignal ? AbortSignal.any([deps.alertSignal, late.signal]) : late.signal;
  return alertDeps(settings.secretsFile, { ...deps, alertSignal });
}

/** What the notify room needs; secrets are looked up only when a channel asks for one. */
export function alertDeps(secretsFile: string | undefined, deps: Omit<RunDeps, 'observe' | 'watched'>): AlertDeps {
  return {
    log: deps.log,
    redact: deps.redactor.redact,
    runProcess: deps.runProcess,
    clock: deps.clock,
    environment: deps.environment,
    readSecret: createSecretReader(secretsFile, deps.environment),
    ...(deps.alertSignal ? { signal: deps.alertSignal } : {}),
  };
}
