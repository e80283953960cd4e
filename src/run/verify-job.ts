import { writeMetrics } from '../insight/metrics-file.ts';
import { errorMessage } from '../platform/files.ts';
import { displayName } from '../rsync/itemized.ts';
import { exitCodeOf, type Outcome } from '../shared/outcome.ts';
import { snapshotTime, type SnapshotId } from '../shared/snapshot-id.ts';
import { sessionEnvironment } from '../ssh/connection.ts';
import { noteDistrust } from '../state/distrust.ts';
import { forgetDamage, rememberDamage } from '../state/damage.ts';
import { loadJobState } from '../state/job-state.ts';
import { loadManifest } from '../state/manifest.ts';
import { saveVerification } from '../state/verification.ts';
import { checkCanary, WHO_REMOVES } from '../verify/canary.ts';
import type { Comparison, Witnesses } from '../verify/comparison.ts';
import { summariseComparison, verifySnapshot } from '../verify/verification.ts';
import type { AttemptPlan } from './attempts.ts';
import { whileBusy } from './busy.ts';
import { excludesOf } from './file-systems.ts';
import { forgetGoneDamage } from './gone-damage.ts';
import { interruptionOf } from './interruption.ts';
import { readRunSecrets } from './locked-run.ts';
import type { NotSent } from './not-sent.ts';
import { overConnection } from './over-connection.ts';
import type { RunDeps, RunRequest } from './request.ts';
import { disagreement, NOT_ALL_SEEN, viewOf } from './three-views.ts';
import { unexpectedEnd } from './run-end.ts';
import { unknownSnapshot } from './unknown-snapshot.ts';
import { sessionEnd, sessionVerdict, type EarlyEnd } from './session-end.ts';

/** What a verification by an administrator showed. */
export interface VerifyReport {
  readonly job: string;
  readonly target: string;
  readonly snapshot: SnapshotId | null;
  readonly outcome: Outcome;
  readonly exitCode: number;
  /** Why it failed; empty when done. */
  readonly reason: string;
  readonly files: number;
  readonly bytes: number;
  readonly algorithm: string;
  readonly durationMs: number;
  /** Whether files that only the secondary has would have been reported. */
  readonly extras: 'checked' | 'not-checked';
  readonly comparison: Comparison | null;
  /** What the source contains and no snapshot does; null if the source was not walked. */
  readonly notSent: NotSent | null;
  /** What to do, if the outcome's own advice does not fit. */
  readonly advice?: string;
}

/**
 * Verifies one snapshot of a job: the same checksum comparison and canary as after a push. Never throws.
 * @param wanted a snapshot id, or `latest`: the newest sealed one that this host knows
 */
export async function verifyJob(
  request: RunRequest,
  wanted: SnapshotId | 'latest',
  deps: RunDeps,
): Promise<VerifyReport> {
  const begun = deps.clock.monotonic();
  const report: VerifyReport = {
    job: request.job.name,
    target: request.target.name,
    snapshot: wanted === 'latest' ? null : wanted,
    outcome: 'done',
    exitCode: 0,
    reason: '',
    files: 0,
    bytes: 0,
    algorithm: '',
    durationMs: 0,
    extras: request.target.secondary === 'gate' ? 'checked' : 'not-checked',
    comparison: null,
    notSent: null,
  };
  const failure = (error: unknown): VerifyEnd => {
    const { outcome, reason, signal, advice } = unexpectedEnd(error, request.signal);
    const told = { ...(signal === undefined ? {} : { signal }), ...(advice === undefined ? {} : { advice }) };
    return { outcome, reason, ...told };
  };
  const { signal, ...end } = await verifyToEnd(request, wanted, deps).catch(failure);
  const exitCode = exitCodeOf(end.outcome, signal);
  if (end.outcome === 'corruption') {
    const { stateDirectory } = request.settings;
    await noteDistrust(stateDirectory, request.job.name, request.target.name, deps.clock.now()).catch(
      (error: unknown) => deps.log('warning', `The damage could not be noted for the next run: ${errorMessage(error)}`),
    );
  }
  const advice = end.outcome === 'corruption' ? await adviceOnDamage(request, end.snapshot ?? undefined) : undefined;
  const told = advice === undefined ? {} : { advice };
  const finished = { ...report, ...end, ...told, exitCode, durationMs: Math.round(deps.clock.monotonic() - begun) };
  await recordVerdict(request, finished, deps);
  return finished;
}

/** Advice: the next run replaces damage in the newest snapshot; what an older one contained can only come from another copy. */
async function adviceOnDamage(
  { settings, job, target }: RunRequest,
  snapshot: SnapshotId | undefined,
): Promise<string | undefined> {
  const newest = await loadJobState(settings.stateDirectory, job.name, target.name).then(
    ({ state }) => state.sealed?.id,
    () => undefined,
  );
  if (snapshot === undefined || snapshot === newest) return undefined;
  return `Do not restore what is named above from ${snapshot}; take it from another snapshot. Check disk and memory of the secondary. Running the job again does not repair an older snapshot; status shows it as damaged until verify finds it intact or gone.`;
}

/** Only the list of what the run sent can show that something was excluded when a snapshot was made. */
function withoutList({ counts }: Comparison, { manifest }: Witnesses): string {
  if (manifest !== undefined || counts.missing === 0) return '';
  return '; no list of what was sent then is left on this host, so what was excluded at that time is called missing too';
}

/** Records the result for `status` and the metrics. A verification without a verdict says nothing about the bytes. */
async function recordVerdict(request: RunRequest, report: VerifyReport, deps: RunDeps): Promise<void> {
  const { snapshot, outcome, durationMs } = report;
  if (snapshot === null || !VERDICTS.includes(outcome)) return;
  const { stateDirectory } = request.settings;
  const at = deps.clock.now().toISOString();
  try {
    const note = { version: 1, snapshot, at, outcome, durationMs } as const;
    await saveVerification(stateDirectory, report.job, report.target, note);
    await recordDamage(stateDirectory, report, at);
    await writeMetrics(request.settings, deps.clock);
  } catch (error) {
    deps.log('warning', `The verification could not be recorded: ${errorMessage(error)}`);
  }
}

async function recordDamage(stateDirectory: string, report: VerifyReport, found: string): Promise<void> {
  const { job, target, snapshot, outcome, reason, comparison } = report;
  if (snapshot === null) return;
  const gone = comparison?.snapshotMissing === true;
  if (outcome === 'corruption' && !gone) {
    await rememberDamage(stateDirectory, job, target, { snapshot, found, reason });
  } else if (gone || (outcome === 'done' && isWhole(comparison))) {
    await forgetDamage(stateDirectory, job, target, snapshot);
  }
}

/** Whether every entry was compared with an unchanged one: a change in the source since then would hide damage. */
function isWhole(comparison: Comparison | null): boolean {
  if (comparison === null) return false;
  const { clamped: _, ...changed } = comparison.counts; // all but the time of those was compared
  return Object.values(changed).every((count) => count === 0);
}

const VERDICTS: readonly Outcome[] = ['done', 'corruption', 'verification-blind'];

type VerifyEnd = Partial<VerifyReport> & EarlyEnd;

async function verifyToEnd(request: RunRequest, wanted: SnapshotId | 'latest', deps: RunDeps): Promise<VerifyEnd> {
  const { job, target, settings } = request;
  const secrets = readRunSecrets(request, deps);
  if (secrets.kind === 'unreadable') return { outcome: 'secret', reason: secrets.reason };
  const { state } = await loadJobState(settings.stateDirectory, job.name, target.name);
  const latest = state.sealed;
  const snapshot = wanted === 'latest' ? latest?.id : wanted;
  if (snapshot === undefined) {
    return {
      outcome: 'usage',
      reason: `this host knows of no sealed snapshot of ${job.name} on ${target.name}`,
      advice: `Make one with: offsite-rsync run ${job.name}. Or name one that is there with --snapshot ID.`,
    };
  }
  const manifest = await loadManifest(settings.stateDirectory, job.name, target.name, snapshot);
  const begun = latest?.id === snapshot ? new Date(latest.started) : snapshotTime(snapshot);
  const witnesses = { since: manifest?.verifiedFrom ?? begun, manifest };
  const purpose = { name: 'verify', secrets: secrets.secrets, state } as const;
  const { kind, ...end } = await overConnection(request, purpose, deps, async (plan) => {
    const verified = await verifyOver(plan, { request, snapshot, witnesses }, deps);
    await forgetGoneDamage(plan, request, snapshot, deps);
    return { files: plan.source.files, bytes: plan.source.bytes, notSent: plan.source.notSent, ...verified };
  });
  const wasSealed = manifest !== undefined || latest?.id === snapshot;
  const unknown = await unknownSnapshot(request, snapshot, end, wasSealed);
  const mistyped = { outcome: 'usage', reason: unknown ?? '', advice: NAME_ANOTHER } as const;
  return { snapshot, ...end, ...(unknown === undefined ? {} : mistyped) };
}

const NAME_ANOTHER =
  'Name a snapshot that is there with --snapshot, or leave that out: the newest is verified. offsite-rsync history lists them.';

interface Subject {
  readonly request: RunRequest;
  readonly snapshot: SnapshotId;
  readonly witnesses: Witnesses;
}

async function verifyOver(
  plan: AttemptPlan,
  { request: { job, signal }, snapshot, witnesses }: Subject,
  deps: RunDeps,
): Promise<VerifyEnd & { readonly kind: 'ended' }> {
  const tree = { source: job.source, job: job.name, id: snapshot, exclude: excludesOf(job, plan.source.fileSystems) };
  const common = { wire: plan.verifyWire, tree, environment: sessionEnvironment(), signal };
  deps.observe({ event: 'step-started', step: 'verify', mode: 'full' });
  const verified = await whileBusy(
    () => verifySnapshot({ ...common, witnesses, directory: `${plan.directory}/stand-ins` }, deps.runProcess),
    sessionVerdict,
    plan,
    deps,
  );
  if (verified.kind === 'session-failed') return { kind: 'ended', ...sessionEnd(verified.session.verdict, signal) };
  if (verified.kind === 'interrupted') return { kind: 'ended', ...interruptionOf(signal) };
  if (verified.kind === 'source-unread') {
    return { kind: 'ended', outcome: verified.outcome, reason: verified.reason };
  }
  const { comparison, algorithm, verdict } = verified;
  const compared = { kind: 'ended', comparison, algorithm } as const;
  if (verdict === 'corruption') {
    const reason = `${summariseComparison(comparison)}${withoutList(comparison, witnesses)}`;
    return { ...compared, outcome: 'corruption', reason };
  }
  const views = { walked: plan.source.view, compared: viewOf(verified.seen) };
  const { source, exclude } = tree;
  const unlike = await disagreement(
    views,
    { source, exclude, environment: common.environment, signal, stallMs: plan.wire.stallMs },
    deps.runProcess,
  );
  if (unlike !== undefined) return { ...compared, outcome: 'incomplete', reason: unlike, advice: NOT_ALL_SEEN };

  deps.observe({ event: 'step-started', step: 'canary' });
  // A file that has changed since differs from the snapshot's anyway, so it proves nothing.
  const changed = new Set(comparison.differences.flatMap(({ kind, name }) => (kind === 'clamped' ? [] : name)));
  const candidates = plan.source.candidates.filter(({ name }) => !changed.has(displayName(name)));
  const trial = { ...common, candidates, directory: `${plan.directory}/canary` };
  const canary = await whileBusy(() => checkCanary(trial, deps.runProcess), sessionVerdict, plan, deps);
  switch (canary.kind) {
    case 'session-failed':
      return { ...compared, ...sessionEnd(canary.session.verdict, signal) };
    case 'blind':
      return { ...compared, outcome: 'verification-blind', reason: canary.reason };
    case 'gone':
      return { ...compared, outcome: 'incomplete', reason: canary.reason, advice: WHO_REMOVES };
    case 'unstable':
      return { ...compared, outcome: 'incomplete', reason: 'the source changes faster than it can be verified' };
    case 'seen':
      return { ...compared, outcome: 'done', reason: '' };
    default:
      return canary satisfies never;
  }
}
