import type { Left } from '../../rsync/exit-tables.ts';
import { describeReadErrors } from '../../rsync/read-errors.ts';
import type { TransferFigures, VerificationFigures } from '../../state/run-record.ts';
import { clampedWarning, summariseComparison } from '../../verify/verification.ts';
import type { AttemptDeps, AttemptSpec, SealedContents } from './attempt-spec.ts';
import { sessionFailure, whileBusy } from './session.ts';
import { interruptionOf, type Failure } from '../failure.ts';
import { dueToLongPath } from './long-paths.ts';
import { prove, type Compared, type Doubt } from './proof.ts';
import { linkingProblem, push, writeOnlyFilter, type Pushed } from './push.ts';
import { placeSeal } from './place-seal.ts';
import { viewOf } from '../source/three-views.ts';

/** How an attempt ended. */
export type AttemptResult =
  | {
      readonly kind: 'sealed';
      readonly transfer: TransferFigures;
      readonly verification: VerificationFigures;
      /** What the snapshot contains, and since when the source is known to have had the same content. */
      readonly contents: SealedContents;
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: 'failed';
      readonly why: Failure;
      readonly remains: Remains;
      readonly lesson: Lesson;
    };

/** What a failed attempt has left on the secondary. */
export type Remains =
  /** Nothing, so its id may be used again. */
  | { readonly kind: 'nothing' }
  /** Perhaps something, which must not be linked to. Its id is used up. */
  | { readonly kind: 'unusable' }
  /** So many bytes of the source, to which the next attempt may link. */
  | { readonly kind: 'basis'; readonly bytes: number };

/** What the next attempt has to do otherwise. */
export type Lesson =
  | 'none'
  /** Size and mtime do not show what has changed: compare by checksum. */
  | 'by-checksum'
  /** The secondary could not link to a basis as often as was needed (EMLINK). */
  | 'crowded'
  /** It would fail in the same way, and would have to send everything again. */
  | 'give-up';

type Failed = Extract<AttemptResult, { kind: 'failed' }>;

const UNUSABLE = { kind: 'unusable' } as const;

/** connect → push → verify → canary → seal. Never throws, whatever the connection or the secondary does. */
export async function attempt(spec: AttemptSpec, deps: AttemptDeps): Promise<AttemptResult> {
  deps.observe({ event: 'step-started', step: 'connect' });
  const connected = await spec.connect();
  switch (connected.kind) {
    case 'aborted':
      return failed(interruptionOf(spec.signal), { kind: 'nothing' });
    case 'failed':
      return failed(connected.failure, { kind: 'nothing' });
    case 'connected':
      try {
        return await transferAndVerify(spec, deps);
      } finally {
        await connected.connection.close();
      }
    default:
      return connected satisfies never;
  }
}

async function transferAndVerify(spec: AttemptSpec, deps: AttemptDeps): Promise<AttemptResult> {
  const started = deps.clock.now();
  deps.observe({ event: 'step-started', step: 'push' });
  const { transfer, bases, copyBases, distrustBases: checksum } = spec;
  const options = { transfer, bases, copyBases, checksum, dryRun: false };
  const pushed = await whileBusy(
    () => push(spec, options, deps),
    ({ session }) => session.verdict,
    spec,
    deps,
  );
  const broken = pushFailed(spec, pushed);
  if (broken !== undefined) return broken;

  const mode = spec.verifyMode === 'changed' && pushed.sentNames !== undefined ? 'changed' : 'full';
  const only = mode === 'changed' ? `${spec.directory}/only` : undefined;
  if (only !== undefined) await writeOnlyFilter(only, pushed.sentNames ?? []);
  const begun = deps.clock.monotonic();
  const witnesses = { since: started, unseenSince: unseenSinceOf(spec, started, pushed) };
  const subject = { tree: spec.tree, witnesses, only, pushed: viewOf(pushed.session), drift: 'refused' } as const;
  const proof = await prove(spec, subject, deps);
  const basis = remainsOf(pushed, 'perhaps');
  if (proof.kind === 'differs') return differing(spec, proof.compared, basis);
  if (proof.kind === 'unproven') {
    const { linkable, lesson } = AFTER[proof.doubt];
    return failed(proof.why, linkable ? basis : UNUSABLE, lesson);
  }
  const { compared, verifiedFrom, canary } = proof;
  const durationMs = Math.round(deps.clock.monotonic() - begun);
  const verification = { mode, algorithm: compared.algorithm, durationMs } as const;

  deps.observe({ event: 'step-started', step: 'seal' });
  const session = await whileBusy(
    () => placeSeal(spec, deps, { started, pushed, verification, canary }),
    ({ verdict }) => verdict,
    spec,
    deps,
  );
  if (session.verdict.kind !== 'ok') {
    return failed(sessionFailure(session.verdict, spec.signal).why, basis);
  }
  const warning = spec.copyBases ? COPIED : linkingProblem(pushed, spec.source.oldFiles);
  const contents = { verifiedFrom, packed: pushed.manifest };
  const warnings = [warning, clampedWarning(compared.comparison)].filter((text) => text !== undefined);
  return { kind: 'sealed', transfer: pushed.figures, verification, contents, warnings };
}

/** What each doubt means: whether the next attempt may link to what was sent, and what it has to do otherwise. */
const AFTER: Readonly<Record<Doubt, { readonly linkable: boolean; readonly lesson: Lesson }>> = {
  session: { linkable: true, lesson: 'none' },
  // Unreadable files were stored as zeros, but the secondary is not to blame.
  'source-unread': { linkable: false, lesson: 'give-up' },
  'not-all-seen': { linkable: true, lesson: 'none' },
  unstable: { linkable: true, lesson: 'none' },
  gone: { linkable: false, lesson: 'none' },
  blind: { linkable: false, lesson: 'none' },
};

const WHO_ELSE_WRITES =
  'Find out what else writes there: another host with the same account and job, or this one with a clock that was set back.';

const COPIED =
  'Files with many hard links had as many names on the secondary as its file system allows, so this snapshot holds copies of all files instead of links. Nothing of them was sent again; the next snapshot links to these.';

/** What the push means for the attempt; undefined if it went well. */
function pushFailed(spec: AttemptSpec, pushed: Pushed): Failed | undefined {
  const { readErrors, verdict } = pushed.session;
  if (pushed.intoExisting) {
    const reason = `the directory of the new snapshot ${spec.tree.id} was there already; the next attempt takes another`;
    return failed({ outcome: 'incomplete', reason, advice: WHO_ELSE_WRITES }, UNUSABLE);
  }
  if (readErrors.length > 0 && verdict.kind !== 'aborted') {
    return failed({ outcome: 'incomplete', reason: describeReadErrors(readErrors) }, UNUSABLE, 'give-up');
  }
  if (pushed.wrong !== undefined) {
    const said = verdict.kind === 'failed' ? ` (it said: ${verdict.reason})` : '';
    const remains = pushed.wrote ? UNUSABLE : ({ kind: 'nothing' } as const);
    return failed({ outcome: 'refused', reason: `${pushed.wrong}${said}` }, remains);
  }
  if (verdict.kind === 'ok') return undefined;
  const { why, left } = sessionFailure(verdict, spec.signal);
  const remains = remainsOf(pushed, left);
  const longPath = dueToLongPath(why, spec.source.longestPath);
  if (longPath !== undefined) return failed(longPath, remains, 'give-up');
  return failed(why, remains, pushed.crowded ? 'crowded' : 'none');
}

/** What a broken push has left. Everything that rsync reported counts as left there, however it ended. */
function remainsOf({ wrote, bytesDone, session }: Pushed, left: Left): Remains {
  // An unreadable file was stored as zeros. A push that compares by checksum would compute the sum of the same zeros, so this must
  // never be linked to.
  if (wrote && session.readErrors.length === 0) return { kind: 'basis', bytes: bytesDone };
  return left === 'nothing' ? { kind: 'nothing' } : UNUSABLE;
}

/** What differences mean for the attempt. */
function differing({ tree }: AttemptSpec, { comparison, verdict }: Compared, basis: Remains): Failed {
  const summary = summariseComparison(comparison);
  if (verdict === 'corruption') {
    return failed({ outcome: 'corruption', reason: `verification of ${tree.id}: ${summary}` }, UNUSABLE);
  }
  const unseen = comparison.counts.unseen > 0;
  const why = unseen
    ? 'size and time did not show rsync what differs, so the next attempt or run compares by checksum'
    : 'the source changed while it was sent';
  return failed({ outcome: 'incomplete', reason: `${why}: ${summary}` }, basis, unseen ? 'by-checksum' : 'none');
}

/**
 * From when on a change of an entry may have gone unnoticed. What was sent was read after the push began. What was linked was
 * equal to a basis by size and mtime. If its content differs and the source was touched since the basis was good, either side may
 * be at fault, so it is called corruption only after the next attempt has compared by checksum and found it again.
 */
function unseenSinceOf(
  { basesGoodAt, distrustBases }: AttemptSpec,
  started: Date,
  { sentNames }: Pushed,
): (name: string) => Date {
  if (distrustBases || basesGoodAt === undefined) return () => started;
  const sent = new Set(sentNames);
  return (name) => (sent.has(name) ? started : basesGoodAt);
}

function failed(why: Failure, remains: Remains, lesson: Lesson = 'none'): Failed {
  return { kind: 'failed', why, remains, lesson };
}
