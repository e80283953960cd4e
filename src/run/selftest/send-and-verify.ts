import { nextSnapshotId, type SnapshotId } from '../../shared/snapshot-id.ts';
import { formatCount, formatSize } from '../../shared/units.ts';
import { sessionEnvironment } from '../../ssh/connection.ts';
import { loadJobState } from '../../state/job-state.ts';
import { summariseComparison, unlinkedWarning } from '../../verify/verification.ts';
import type { AttemptPlan } from '../attempt/attempts.ts';
import { prove, type Proof } from '../attempt/proof.ts';
import { push, type Pushed } from '../attempt/push.ts';
import { sessionFailure, whileBusy } from '../attempt/session.ts';
import type { Failure } from '../failure.ts';
import { overConnection } from '../over-connection.ts';
import { readRunSecrets } from '../plan.ts';
import type { RunDeps, RunRequest } from '../request.ts';
import { excludesOf } from '../source/file-systems.ts';
import { viewOf } from '../source/three-views.ts';
import { observing, untried } from './observing.ts';
import type { Criterion } from './selftest-report.ts';

/** The first two criteria. */
export interface SentAndVerified {
  readonly criteria: readonly [sent: Criterion, verified: Criterion];
  /** The attempt that is there now; undefined if nothing was sent. */
  readonly id: SnapshotId | undefined;
  readonly remoteProtocol: number | null;
}

/** Sends the source of a request over one connection, and proves that it arrived as a run does. It is not sealed. */
export async function sendAndVerify(request: RunRequest, deps: RunDeps): Promise<SentAndVerified> {
  const observed = observing('sent', deps.clock);
  const notSent = ({ reason }: Failure): SentAndVerified => ({
    criteria: [observed.end([], [reason]), untried('verified')],
    id: undefined,
    remoteProtocol: null,
  });
  const secrets = readRunSecrets(request, deps);
  if (secrets.kind === 'unreadable') return notSent({ outcome: 'secret', reason: secrets.reason });
  const { job, target, settings } = request;
  const { state } = await loadJobState(settings.stateDirectory, job.name, target.name);
  const purpose = { name: 'preview', secrets: secrets.secrets, state } as const;
  const end = await overConnection(request, purpose, deps, async (plan): Promise<SentAndVerified> => {
    const started = deps.clock.now();
    const id = nextSnapshotId(started, undefined);
    const tree = { source: job.source, job: job.name, id, exclude: excludesOf(job, plan.source.fileSystems) };
    const pushed = await pushAll({ ...plan, tree }, deps);
    const wrong = whatIsWrong(pushed, plan);
    const remoteProtocol = pushed.session.remoteProtocol || null;
    const left = pushed.wrote ? id : undefined;
    const { files, bytes } = plan.source;
    const told = `Snapshot ${id}: ${formatCount(files, 'file')}, ${formatSize(bytes)}; ${formatSize(pushed.figures.sentBytes)} went over the line.`;
    const sent = wrong === undefined ? observed.end([told], []) : observed.end([], [wrong]);
    if (wrong !== undefined) return { criteria: [sent, untried('verified')], id: left, remoteProtocol };
    const comparing = observing('verified', deps.clock);
    const subject = {
      ...{ tree, witnesses: { since: started, unseenSince: () => started }, manifest: pushed.manifest },
      ...{ pushed: viewOf(pushed.session), accepts: { drift: false, unlinked: true } },
      scope: { mode: 'full' as const },
    };
    const proof = await prove(plan, subject, { ...deps, environment: sessionEnvironment() });
    const verified = comparing.end(...describeProof(proof, plan.wire.metadata));
    return { criteria: [sent, verified], id, remoteProtocol };
  });
  return end.kind === 'used' ? end.result : notSent(end.why);
}

function pushAll(spec: AttemptPlan & Parameters<typeof push>[0], deps: RunDeps): Promise<Pushed> {
  const options = {
    ...{ transfer: spec.transfer, bases: [], checksum: false, dryRun: false, list: undefined, linksInNotes: false },
    unchanged: spec.wire.secondary === 'gate' ? 'compare' : 'link',
  } as const;
  return whileBusy(
    () => push(spec, options, { ...deps, environment: sessionEnvironment() }),
    ({ session }) => session.verdict,
    spec,
    deps,
  );
}

function whatIsWrong(pushed: Pushed, { signal }: AttemptPlan): string | undefined {
  const { verdict } = pushed.session;
  if (pushed.wrong !== undefined) return pushed.wrong;
  if (pushed.intoExisting) return 'the directory of the new snapshot was there already';
  return verdict.kind === 'ok' ? undefined : sessionFailure(verdict, signal).why.reason;
}

const CANARIES = {
  checksum: 'a file whose content differs by one byte was reported',
  presence: 'a file that the secondary does not have was reported',
} as const;

function describeProof(proof: Proof, metadata: AttemptPlan['wire']['metadata']): [observed: string[], wrong: string[]] {
  if (proof.kind === 'unproven') return [[], [proof.why.reason]];
  const { comparison, algorithm } = proof.compared;
  if (proof.kind === 'differs') return [[], [summariseComparison(comparison)]];
  const unlinked = unlinkedWarning(comparison);
  const beside = metadata === 'plain' ? 'names and times' : 'owners, modes and times';
  return [
    [
      `Every byte was read again on both sides and compared by ${algorithm}; ${beside} too. Nothing differs.`,
      `The secondary does not hide differences: ${CANARIES[proof.canary]}.`,
      ...(unlinked === undefined ? [] : [unlinked]),
    ],
    [],
  ];
}
