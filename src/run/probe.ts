import { lstatSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories } from '../platform/files.ts';
import { checkArguments, sealArguments } from '../rsync/arguments.ts';
import { decodeName } from '../rsync/itemized.ts';
import { runSession, type SessionResult } from '../rsync/session.ts';
import { sealName } from '../shared/seal.ts';
import type { SnapshotId } from '../shared/snapshot-id.ts';
import { sessionEnvironment } from '../ssh/connection.ts';
import type { SealedSnapshot } from '../state/job-state.ts';
import { checkCanary, type CanaryCandidate } from '../verify/canary.ts';
import type { AttemptPlan } from './attempt/attempts.ts';
import { sessionFailure, sessionVerdict, whileBusy } from './attempt/session.ts';
import type { Failure } from './failure.ts';
import type { RunDeps, RunRequest } from './request.ts';
import { wrongSecondary } from './attempt/session.ts';

/** The sessions of a run after the push. */
export type ProbedSession = 'verification' | 'canary' | 'seal';

/** The result of trying one of them. */
export interface Probe {
  readonly session: ProbedSession;
  /** `untried`: it needs something that does not exist yet. */
  readonly kind: 'accepted' | 'untried' | 'failed';
  readonly text: string;
  /** Why it failed. */
  readonly why?: Failure;
}

/** What to try, in addition to the plan. */
interface ProbeSpec {
  readonly request: RunRequest;
  /** An id that does not exist there. */
  readonly id: SnapshotId;
  readonly sealed: SealedSnapshot | null;
}

/**
 * Tries the sessions that follow a push, in forms that leave nothing behind. Verification and seal name a snapshot that does not
 * exist (the gate reports that, rrsync does not mind); the canary uses the last sealed one.
 */
export async function probeSessions(plan: AttemptPlan, spec: ProbeSpec, deps: RunDeps): Promise<Probe[]> {
  const verification = await probeVerification(plan, spec, deps);
  if (verification.kind === 'failed') return [verification];
  return [verification, await probeCanary(plan, spec, deps), await probeSeal(plan, spec, deps)];
}

async function probeVerification(plan: AttemptPlan, { request, id }: ProbeSpec, deps: RunDeps): Promise<Probe> {
  const source = join(plan.directory, 'probe');
  await makeDirectories(source);
  const tree = { source, job: request.job.name, id, exclude: [] };
  const args = checkArguments(plan.verifyWire, tree, { extras: plan.wire.secondary === 'gate' });
  try {
    const session = await runProbe(plan, args, deps);
    return judge('verification', session, plan, 'a comparison by checksum is let in');
  } finally {
    await rm(source, { recursive: true, force: true });
  }
}

async function probeSeal(plan: AttemptPlan, { request, id }: ProbeSpec, deps: RunDeps): Promise<Probe> {
  const name = sealName(id);
  const file = join(plan.directory, name);
  await writeFile(file, '{}\n', { mode: 0o600 });
  const dryRun = plan.wire.secondary === 'rrsync';
  const args = sealArguments(plan.wire, file, request.job.name, name, { dryRun });
  try {
    return judge('seal', await runProbe(plan, args, deps), plan, 'a seal is let in');
  } finally {
    await rm(file, { force: true });
  }
}

async function probeCanary(plan: AttemptPlan, { request, sealed }: ProbeSpec, deps: RunDeps): Promise<Probe> {
  const { job, signal } = request;
  const session = 'canary' as const;
  const candidates = sealed === null ? [] : unchangedSince(plan.source.candidates, job.source, sealed.started);
  if (sealed === null || candidates.length === 0) {
    const why = sealed === null ? 'no sealed snapshot' : 'no small file of the last sealed snapshot';
    return { session, kind: 'untried', text: `there is ${why} to try it on; the next run does` };
  }
  const tree = { source: job.source, job: job.name, id: sealed.id, exclude: job.exclude };
  const directory = join(plan.directory, 'canary');
  const trial = { wire: plan.verifyWire, tree, candidates, directory, environment: sessionEnvironment(), signal };
  const result = await whileBusy(() => checkCanary(trial, deps.runProcess), sessionVerdict, plan, deps);
  switch (result.kind) {
    case 'seen':
      return { session, kind: 'accepted', text: 'an altered copy was reported' };
    case 'blind':
      return failed(session, { outcome: 'verification-blind', reason: result.reason });
    case 'session-failed':
      return failed(session, sessionFailure(result.session.verdict, signal).why);
    default:
      return { session, kind: 'untried', text: 'the files that it could be tried on have changed or are gone' };
  }
}

/** Files that are still the same in the snapshot. Any other would be reported as a real difference, and prove nothing. */
function unchangedSince(
  candidates: readonly CanaryCandidate[],
  source: string,
  started: string,
): readonly CanaryCandidate[] {
  const before = Date.parse(started);
  return candidates.filter(({ name }) => {
    const path = Buffer.concat([Buffer.from(`${source}/`), decodeName(name)]);
    return (lstatSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Infinity) < before;
  });
}

function runProbe(plan: AttemptPlan, args: readonly string[], deps: RunDeps): Promise<SessionResult> {
  const { signal, wire } = plan;
  const { stallMs } = wire;
  const spec = { args, mode: 'check', environment: sessionEnvironment(), signal, stallMs } as const;
  return whileBusy(
    () => runSession(spec, deps.runProcess),
    ({ verdict }) => verdict,
    plan,
    deps,
  );
}

function judge(
  session: ProbedSession,
  { verdict, answeredBy }: SessionResult,
  { wire, signal }: AttemptPlan,
  good: string,
): Probe {
  const wrong = wrongSecondary(wire, answeredBy);
  if (wrong !== undefined) return failed(session, { outcome: 'refused', reason: wrong });
  const missing = verdict.kind === 'failed' && verdict.reason.startsWith('there is no snapshot');
  if (verdict.kind === 'ok' || (missing && answeredBy === 'gate')) return { session, kind: 'accepted', text: good };
  return failed(session, sessionFailure(verdict, signal).why);
}

function failed(session: ProbedSession, why: Failure): Probe {
  return { session, kind: 'failed', text: why.reason, why };
}
