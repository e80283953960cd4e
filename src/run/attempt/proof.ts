import { displayName } from '../../rsync/itemized.ts';
import type { Tree } from '../../rsync/arguments.ts';
import { checkCanary, WHO_REMOVES } from '../../verify/canary.ts';
import type { Witnesses } from '../../verify/comparison.ts';
import { filesIn } from '../../state/manifest.ts';
import { both, verifySnapshot, type Verified, type VerifySpec } from '../../verify/verification.ts';
import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';
import { createVerifyReporter } from './progress.ts';
import { sessionFailure, sessionVerdict, whileBusy } from './session.ts';
import { interruptionOf, type Failure } from '../failure.ts';
import { disagreement, NOT_ALL_SEEN, viewOf, type View } from '../source/three-views.ts';

/** What is to be proven: that a snapshot holds what the source holds. */
export interface ProofSpec {
  readonly tree: Tree;
  /** The basis for distinguishing damage from drift. */
  readonly witnesses: Witnesses;
  readonly scope: Scope;
  /** The list of what was pushed now, if there is a complete one (see filesIn). */
  readonly manifest?: Buffer | undefined;
  /** What the push saw of the source; undefined when nothing was pushed now. */
  readonly pushed: View | undefined;
  /** What is no obstacle: changes of the source since the snapshot was made, and hard links that are missing on the secondary. */
  readonly accepts: { readonly drift: boolean; readonly unlinked: boolean };
}

/** What is compared. */
export type Scope =
  /** Everything that is stored of everything. */
  | { readonly mode: 'full' }
  /** Everything of the files that a filter lists. */
  | { readonly mode: 'changed'; readonly only: string }
  /** Everything of the names in a file. Of the rest `content`: every byte, and names, sizes and times; `changed`: the latter. */
  | { readonly mode: 'content' | 'changed'; readonly list: string };

/** A comparison that came to its end. */
export type Compared = Extract<Verified, { kind: 'compared' }>;

/** Why nothing was proven. */
export type Doubt =
  /** A session failed, or we were stopped. */
  | 'session'
  /** Files of the source could not be read. */
  | 'source-unread'
  /** The sessions did not all see the same source. */
  | 'not-all-seen'
  /** Every file that could have been the canary changes all the time. */
  | 'unstable'
  /** What had just been compared is no longer there. */
  | 'gone'
  /** The secondary hides differences. */
  | 'blind';

/** The result. */
export type Proof =
  | {
      readonly kind: 'proven';
      readonly compared: Compared;
      /** When the comparison began. */
      readonly verifiedFrom: Date;
      readonly canary: 'checksum' | 'presence';
    }
  /** The two sides are not the same: damage, or drift that is not accepted. */
  | { readonly kind: 'differs'; readonly compared: Compared }
  | {
      readonly kind: 'unproven';
      readonly doubt: Doubt;
      readonly why: Failure;
      /** Undefined if the comparison itself failed. */
      readonly compared: Compared | undefined;
    };

/** What a proof needs of the plan of a run. */
type ProofPlan = Pick<AttemptSpec, 'wire' | 'verifyWire' | 'source' | 'directory' | 'signal' | 'busyTimeoutMs'>;

/**
 * Compares a snapshot with the source by checksum, checks that every session saw the same source, and then, with the canary, that the
 * secondary would have reported a difference. Runs and `verify` both do exactly this.
 */
export async function prove(plan: ProofPlan, spec: ProofSpec, deps: AttemptDeps): Promise<Proof> {
  const { tree, witnesses, scope } = spec;
  const seesAll = !('only' in scope);
  const { verifyWire: wire, signal, directory } = plan;
  const { runProcess, environment, clock, observe } = deps;
  const common = { wire, tree, environment, signal };
  const { manifest } = spec;
  const files = manifest && (() => filesIn(manifest));
  // Of a part it is not known how much there is to be read.
  const reporter = deps.watched && scope.mode !== 'changed' ? createVerifyReporter(plan.source.bytes, deps) : undefined;
  observe({ event: 'step-started', step: 'verify', mode: scope.mode });
  let verifiedFrom = clock.now();
  const comparePart = (part: NonNullable<VerifySpec['part']>) =>
    whileBusy(
      () => {
        const onRead = part.list === undefined ? reporter : undefined;
        const directoryOfStandIns = `${directory}/stand-ins`;
        const verifySpec = { ...common, witnesses, files, onRead, directory: directoryOfStandIns, part };
        return verifySnapshot(verifySpec, runProcess);
      },
      sessionVerdict,
      plan,
      deps,
    );
  const compare = async (): Promise<Verified> => {
    verifiedFrom = clock.now();
    if (!('list' in scope)) return comparePart('only' in scope ? { only: scope.only } : {});
    const all = await comparePart({ depth: scope.mode === 'content' ? 'content' : 'names' });
    if (all.kind !== 'compared' || all.verdict === 'corruption') return all;
    const listed = await comparePart({ list: scope.list });
    return listed.kind === 'compared' ? both(all, listed, wire.metadata) : listed;
  };
  const compared = await compare();
  switch (compared.kind) {
    case 'session-failed':
      return unproven('session', sessionFailure(compared.session.verdict, signal).why);
    case 'interrupted':
      return unproven('session', interruptionOf(signal));
    case 'source-unread':
      return unproven('source-unread', { outcome: compared.outcome, reason: compared.reason });
    case 'compared':
      break;
    default:
      return compared satisfies never;
  }
  for (const difference of compared.comparison.differences) observe({ event: 'difference', difference });
  if (stands(spec.accepts, compared)) return { kind: 'differs', compared };

  const views = {
    walked: plan.source.view,
    ...(spec.pushed === undefined ? {} : { pushed: spec.pushed }),
    ...(seesAll ? { compared: viewOf(compared.seen) } : {}),
  };
  const { source, exclude } = tree;
  const listing = { source, exclude, environment, signal, stallMs: plan.wire.stallMs };
  const reason = await disagreement(views, listing, runProcess);
  if (reason !== undefined) {
    return unproven('not-all-seen', { outcome: 'incomplete', reason, advice: NOT_ALL_SEEN }, compared);
  }

  observe({ event: 'step-started', step: 'canary' });
  const trial = { ...common, candidates: candidates(plan, compared), directory: `${directory}/canary` };
  const canary = await whileBusy(() => checkCanary(trial, runProcess), sessionVerdict, plan, deps);
  switch (canary.kind) {
    case 'session-failed':
      return unproven('session', sessionFailure(canary.session.verdict, signal).why, compared);
    case 'unstable':
      return unproven(
        'unstable',
        { outcome: 'incomplete', reason: 'the source changes faster than it can be verified' },
        compared,
      );
    case 'gone':
      return unproven('gone', { outcome: 'incomplete', reason: canary.reason, advice: WHO_REMOVES }, compared);
    case 'blind':
      return unproven('blind', { outcome: 'verification-blind', reason: canary.reason }, compared);
    case 'seen':
      return { kind: 'proven', compared, verifiedFrom, canary: canary.by };
    default:
      return canary satisfies never;
  }
}

/** Whether something stands against the proof. */
function stands(accepts: ProofSpec['accepts'], { verdict, comparison }: Compared): boolean {
  if (verdict === 'corruption') return true;
  return (verdict === 'drift' && !accepts.drift) || (comparison.counts.unlinked > 0 && !accepts.unlinked);
}

/** A file that has changed since differs from the snapshot's anyway, so as a canary it would prove nothing. */
function candidates({ source }: ProofPlan, { comparison }: Compared) {
  const changed = new Set(comparison.differences.flatMap(({ kind, name }) => (kind === 'clamped' ? [] : name)));
  return source.candidates.filter(({ name }) => !changed.has(displayName(name)));
}

function unproven(doubt: Doubt, why: Failure, compared?: Compared): Proof {
  return { kind: 'unproven', doubt, why, compared };
}
