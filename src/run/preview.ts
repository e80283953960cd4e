import { exitCodeOf, OUTCOMES, type Outcome } from '../shared/outcome.ts';
import { nextSnapshotId, type SnapshotId } from '../shared/snapshot-id.ts';
import { sessionEnvironment } from '../ssh/connection.ts';
import { loadJobState, type JobState } from '../state/job-state.ts';
import type { TransferFigures } from '../state/run-record.ts';
import type { AttemptPlan } from './attempt/attempts.ts';
import { basesOf } from './attempt/broken-attempt.ts';
import { sessionFailure, whileBusy } from './attempt/session.ts';
import { excludesOf, type FileSystemsBelow } from './source/file-systems.ts';
import { failureCode, unexpectedFailure, type Failure } from './failure.ts';
import { askGuards } from './objections.ts';
import { readRunSecrets } from './plan.ts';
import type { NotSent } from './source/not-sent.ts';
import { overConnection } from './over-connection.ts';
import { probeSessions, type Probe } from './probe.ts';
import { tryWhatMustNotWork, type Trial } from './trials.ts';
import { push, type Pushed } from './attempt/push.ts';
import { runName, scopedTo, type CallerDeps, type RunDeps, type RunRequest } from './request.ts';

/** What a run would do. */
export type Preview =
  | {
      readonly kind: 'shown';
      readonly exitCode: number;
      readonly files: number;
      readonly bytes: number;
      readonly figures: TransferFigures;
      /** Other file systems below the source. */
      readonly fileSystems: FileSystemsBelow;
      readonly notSent: NotSent;
      /** What the guards say; a real run would stop there. */
      readonly objections: readonly string[];
      /** What they could not check. */
      readonly unchecked: readonly string[];
      /** The results of trying the other sessions; empty unless requested. */
      readonly probes: readonly Probe[];
      /** The results of trying what must not work; empty unless requested. */
      readonly trials: readonly Trial[];
    }
  | {
      readonly kind: 'failed';
      readonly exitCode: number;
      readonly outcome: Outcome;
      readonly reason: string;
      /** What to do. */
      readonly advice: string;
    };

/** How far a preview goes. */
export interface PreviewOptions {
  /** Try the sessions that come after the push too (`doctor`). */
  readonly probe: boolean;
  /** Try what must not work. This sends an attempt that is never sealed. */
  readonly trials?: boolean;
}

/**
 * `run --dry-run`: everything up to the push, and the push as rsync's own dry run. Nothing is written on the secondary or recorded, and
 * no alert is sent. Never throws.
 */
export async function previewRun(
  request: RunRequest,
  caller: CallerDeps,
  options: PreviewOptions = { probe: false },
): Promise<Preview> {
  const deps = scopedTo(runName(caller.clock.now(), request), request, caller);
  try {
    return await preview(request, options, deps);
  } catch (error) {
    return failed(unexpectedFailure(error, request.signal));
  }
}

async function preview(request: RunRequest, options: PreviewOptions, deps: RunDeps): Promise<Preview> {
  const { job, target, settings, signal } = request;
  deps.observe({ event: 'preview-started' });
  const secrets = readRunSecrets(request, deps);
  if (secrets.kind === 'unreadable') return failed({ outcome: 'secret', reason: secrets.reason });
  const { state } = await loadJobState(settings.stateDirectory, job.name, target.name);
  const purpose = { name: 'preview', secrets: secrets.secrets, state } as const;
  const id = nextSnapshotId(deps.clock.now(), state.lastId ?? undefined);
  const end = await overConnection(request, purpose, deps, async (plan) => {
    const pushed = await dryPush(request, plan, { state, id }, deps);
    const probe = options.probe && pushed.session.verdict.kind === 'ok';
    const spec = { request, id, sealed: state.sealed };
    const probes = probe ? await probeSessions(plan, spec, deps) : [];
    const trials = probe && options.trials === true ? await tryWhatMustNotWork(plan, id, deps) : [];
    return { source: plan.source, pushed, probes, trials };
  });
  if (end.kind === 'not-used') return failed(end.why);
  const { source, pushed, probes, trials } = end.result;
  const { verdict } = pushed.session;
  if (pushed.wrong !== undefined) return failed({ outcome: 'refused', reason: pushed.wrong });
  if (verdict.kind !== 'ok') return failed(sessionFailure(verdict, signal).why);
  const broken = probes.find(({ why }) => why !== undefined)?.why;
  const { objections, warnings: unchecked } = await askGuards(request, source, state, deps);
  return {
    kind: 'shown',
    exitCode: objections.length > 0 ? exitCodeOf('source-guard') : broken === undefined ? 0 : failureCode(broken),
    files: source.files,
    bytes: source.bytes,
    fileSystems: source.fileSystems,
    notSent: source.notSent,
    figures: pushed.figures,
    objections,
    unchecked,
    probes,
    trials,
  };
}

function dryPush(
  { job }: RunRequest,
  plan: AttemptPlan,
  { state, id }: { readonly state: JobState; readonly id: SnapshotId },
  deps: RunDeps,
): Promise<Pushed> {
  const bases = basesOf(state);
  const tree = { source: job.source, job: job.name, id, exclude: excludesOf(job, plan.source.fileSystems) };
  const transfer = { ...plan.transfer, bandwidthLimit: undefined };
  const gate = plan.wire.secondary === 'gate';
  const options = {
    ...{ transfer, bases, checksum: false, dryRun: true, list: undefined },
    unchanged: gate ? 'compare' : 'link',
    linksInNotes: gate && state.sealed !== null,
  } as const;
  return whileBusy(
    () => push({ ...plan, tree }, options, { ...deps, environment: sessionEnvironment() }),
    ({ session }) => session.verdict,
    plan,
    deps,
  );
}

function failed(why: Failure): Preview {
  const { outcome, reason, advice = OUTCOMES[outcome].advice } = why;
  return { kind: 'failed', exitCode: failureCode(why), outcome, reason, advice };
}
