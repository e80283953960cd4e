import { exitCodeOf, type Outcome } from '../../shared/outcome.ts';
import { snapshotTime, type SnapshotId } from '../../shared/snapshot-id.ts';
import { sessionEnvironment } from '../../ssh/connection.ts';
import { loadJobState } from '../../state/job-state.ts';
import { loadManifest } from '../../state/manifest.ts';
import type { Comparison, Witnesses } from '../../verify/comparison.ts';
import { formatCount } from '../../shared/units.ts';
import { summariseComparison } from '../../verify/verification.ts';
import type { AttemptPlan } from '../attempt/attempts.ts';
import { failureCode, unexpectedFailure, type Failure } from '../failure.ts';
import { excludesOf } from '../source/file-systems.ts';
import { forgetGoneDamage } from './gone-damage.ts';
import { readRunSecrets } from '../plan.ts';
import type { NotSent } from '../source/not-sent.ts';
import { overConnection } from '../over-connection.ts';
import { prove, type Compared } from '../attempt/proof.ts';
import { runName, scopedTo, type CallerDeps, type RunDeps, type RunRequest } from '../request.ts';
import type { SourceSummary } from '../source/read-source.ts';
import { unknownSnapshot } from './unknown-snapshot.ts';
import { recordVerdict } from './verdict.ts';

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
  /** Entries of which nobody can say here whether they are what was stored; null if the comparison did not come to its end. */
  readonly notComparable: number | null;
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
  caller: CallerDeps,
): Promise<VerifyReport> {
  const deps = scopedTo(runName(caller.clock.now(), request), request, caller);
  deps.observe({ event: 'verify-started' });
  const begun = deps.clock.monotonic();
  const end = await verifyToEnd(request, wanted, deps).catch((error: unknown): VerifyEnd => {
    const snapshot = wanted === 'latest' ? null : wanted;
    return { snapshot, source: null, compared: null, why: unexpectedFailure(error, request.signal) };
  });
  const { snapshot, source, compared, why } = end;
  const advice = why?.outcome === 'corruption' ? await adviceOnDamage(request, snapshot) : why?.advice;
  const report: VerifyReport = {
    job: request.job.name,
    target: request.target.name,
    snapshot,
    outcome: why?.outcome ?? 'done',
    exitCode: why === null ? exitCodeOf('done') : failureCode(why),
    reason: why?.reason ?? '',
    files: source?.files ?? 0,
    bytes: source?.bytes ?? 0,
    algorithm: compared?.algorithm ?? '',
    durationMs: Math.round(deps.clock.monotonic() - begun),
    extras: request.target.secondary === 'gate' ? 'checked' : 'not-checked',
    comparison: compared?.comparison ?? null,
    notComparable: compared && notComparable(compared.comparison),
    notSent: source?.notSent ?? null,
    ...(advice === undefined ? {} : { advice }),
  };
  await recordVerdict(request, report, deps);
  return report;
}

/** Advice: the next run replaces damage in the newest snapshot; what an older one contained can only come from another copy. */
async function adviceOnDamage(
  { settings, job, target }: RunRequest,
  snapshot: SnapshotId | null,
): Promise<string | undefined> {
  const newest = await loadJobState(settings.stateDirectory, job.name, target.name).then(
    ({ state }) => state.sealed?.id,
    () => undefined,
  );
  if (snapshot === null || snapshot === newest) return undefined;
  return `Do not restore what is named above from ${snapshot}; take it from another snapshot. Check disk and memory of the secondary. Running the job again does not repair an older snapshot; status shows it as damaged until verify finds it intact or gone.`;
}

/** Only the list of what the run sent can show that something was excluded when a snapshot was made. */
function withoutList({ counts }: Comparison, { manifest }: Witnesses): string {
  if (manifest !== undefined || counts.missing === 0) return '';
  return '; no list of what was sent then is left on this host, so what was excluded at that time is called missing too';
}

/** The source no longer has them as they were, or not at all, so they were compared with nothing. */
function notComparable({ counts }: Comparison): number {
  return counts.drift + counts.unseen + counts.extra;
}

/** Why a snapshot without any damage is not identical to the source; null if it is. */
function whyNotIdentical(comparison: Comparison, snapshot: SnapshotId): Failure | null {
  const { unlinked } = comparison.counts;
  const count = notComparable(comparison);
  if (count + unlinked === 0) return null;
  const copies = `${formatCount(unlinked, 'hard link')} that the secondary holds as copies`;
  if (count === 0) {
    const advice =
      'Every byte is right. The next run makes them one file again in its snapshot; from this one, a restore takes more space.';
    return { outcome: 'not-identical', reason: `identical to the source, but for ${copies}`, advice };
  }
  const but = unlinked === 0 ? '' : `; and ${copies}`;
  const reason = `no damage in what could be compared; ${formatCount(count, 'entry', 'entries')} not comparable: the source no longer has them as they were${but}`;
  const advice = `Whether those are what was stored, only the secondary can tell: offsite-scrub HOST --snapshot ${snapshot}, there.`;
  return { outcome: 'not-identical', reason, advice };
}

/** How a verification ended. */
interface VerifyEnd {
  /** Null if there is none yet. */
  readonly snapshot: SnapshotId | null;
  /** Null if the source was not walked to its end. */
  readonly source: SourceSummary | null;
  /** Null if the comparison did not come to its end. */
  readonly compared: Compared | null;
  /** Null if the snapshot is identical to the source. */
  readonly why: Failure | null;
}

async function verifyToEnd(request: RunRequest, wanted: SnapshotId | 'latest', deps: RunDeps): Promise<VerifyEnd> {
  const { job, target, settings } = request;
  const notLooked = { snapshot: wanted === 'latest' ? null : wanted, source: null, compared: null };
  const secrets = readRunSecrets(request, deps);
  if (secrets.kind === 'unreadable') return { ...notLooked, why: { outcome: 'secret', reason: secrets.reason } };
  const { state } = await loadJobState(settings.stateDirectory, job.name, target.name);
  const latest = state.sealed;
  const snapshot = wanted === 'latest' ? latest?.id : wanted;
  if (snapshot === undefined) {
    const reason = `this host knows of no sealed snapshot of ${job.name} on ${target.name}`;
    const advice = `Make one with: offsite-rsync run ${job.name}. Or name one that is there with --snapshot ID.`;
    return { ...notLooked, why: { outcome: 'usage', reason, advice } };
  }
  const manifest = await loadManifest(settings.stateDirectory, job.name, target.name, snapshot);
  const begun = latest?.id === snapshot ? new Date(latest.started) : snapshotTime(snapshot);
  const witnesses = { since: manifest?.verifiedFrom ?? begun, manifest };
  const purpose = { name: 'verify', secrets: secrets.secrets, state } as const;
  const use = await overConnection(request, purpose, deps, async (plan) => {
    const verified = await verifyOver(plan, { request, snapshot, witnesses }, deps);
    await forgetGoneDamage(plan, request, snapshot, deps);
    return { source: plan.source, ...verified };
  });
  const end: VerifyEnd =
    use.kind === 'used'
      ? { snapshot, ...use.result }
      : { snapshot, source: use.source ?? null, compared: null, why: use.why };
  const wasSealed = manifest !== undefined || latest?.id === snapshot;
  const reported = { reason: end.why?.reason, comparison: end.compared?.comparison };
  const unknown = await unknownSnapshot(request, snapshot, reported, wasSealed);
  return unknown === undefined ? end : { ...end, why: { outcome: 'usage', reason: unknown, advice: NAME_ANOTHER } };
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
  { request: { job }, snapshot, witnesses }: Subject,
  deps: RunDeps,
): Promise<Pick<VerifyEnd, 'compared' | 'why'>> {
  const tree = { source: job.source, job: job.name, id: snapshot, exclude: excludesOf(job, plan.source.fileSystems) };
  const subject = {
    tree,
    witnesses,
    scope: { mode: 'full' },
    pushed: undefined,
    accepts: { drift: true, unlinked: true },
  } as const;
  const proof = await prove(plan, subject, { ...deps, environment: sessionEnvironment() });
  switch (proof.kind) {
    case 'proven':
      return { compared: proof.compared, why: whyNotIdentical(proof.compared.comparison, snapshot) };
    case 'differs': {
      const { comparison } = proof.compared;
      const reason = `${summariseComparison(comparison)}${withoutList(comparison, witnesses)}`;
      return { compared: proof.compared, why: { outcome: 'corruption', reason } };
    }
    case 'unproven':
      return { compared: proof.compared ?? null, why: proof.why };
    default:
      return proof satisfies never;
  }
}
