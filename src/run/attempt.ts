import type { Left } from '../rsync/exit.ts';
import { describeReadErrors } from '../rsync/read-errors.ts';
import type { SessionResult } from '../rsync/session.ts';
import type { Outcome } from '../shared/outcome.ts';
import type { TransferFigures, VerificationFigures } from '../state/run-record.ts';
import { checkCanary, WHO_REMOVES } from '../verify/canary.ts';
import { clampedWarning, summariseComparison, verifySnapshot, type Verified } from '../verify/verification.ts';
import type { AttemptDeps, AttemptSpec, SealedContents, VerifiedPush } from './attempt-spec.ts';
import { whileBusy } from './busy.ts';
import { interruptionOf } from './interruption.ts';
import { withLongPath } from './long-paths.ts';
import { linkingProblem, push, writeOnlyFilter, type Pushed } from './push.ts';
import { placeSeal } from './place-seal.ts';
import { sessionEnd, sessionVerdict } from './session-end.ts';
import { disagreement, NOT_ALL_SEEN, viewOf } from './three-views.ts';

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
      readonly outcome: Outcome;
      readonly reason: string;
      /** The signal that ended it, for `interrupted`. */
      readonly signal?: NodeJS.Signals;
      /** What to do; default: the advice of the outcome. */
      readonly advice?: string;
      /** What the secondary may have of it, as a basis for the next attempt; undefined if nothing. */
      readonly bytesDone: number | undefined;
      /** Whether its id may be used up there. */
      readonly left: Left;
      /** Size and mtime do not show what has changed: the next attempt has to compare by checksum. */
      readonly unseen?: boolean;
      /** The secondary could not link to a basis as often as was needed (EMLINK). */
      readonly crowded?: boolean;
      /** The next attempt would fail in the same way, and would have to send everything again. */
      readonly final?: boolean;
    };

type Failed = Extract<AttemptResult, { kind: 'failed' }>;

/** connect → push → verify → canary → seal. Never throws, whatever the connection or the secondary does. */
export async function attempt(spec: AttemptSpec, deps: AttemptDeps): Promise<AttemptResult> {
  deps.observe({ event: 'step-started', step: 'connect' });
  const connected = await spec.connect();
  switch (connected.kind) {
    case 'aborted':
      return interrupted(spec);
    case 'failed':
      return { kind: 'failed', ...connected.failure, bytesDone: undefined, left: 'nothing' };
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
  const { bases, copyBases, bandwidthLimit, fuzzy, distrustBases: checksum } = spec;
  const options = { bases, copyBases, bandwidthLimit, fuzzy, checksum, dryRun: false };
  const pushed = await whileBusy(
    () => push(spec, options, deps),
    ({ session }) => session.verdict,
    spec,
    deps,
  );
  const { readErrors } = pushed.session;
  // However it ended, an unreadable file was stored as zeros. A push that compares by checksum would compute the sum of the same
  // zeros, so this must never be linked to.
  const bytesDone = pushed.wrote && readErrors.length === 0 ? pushed.bytesDone : undefined;
  if (pushed.intoExisting) {
    return {
      kind: 'failed',
      outcome: 'incomplete',
      reason: `the directory of the new snapshot ${spec.tree.id} was there already; the next attempt takes another`,
      advice: WHO_ELSE_WRITES,
      bytesDone: undefined,
      left: 'perhaps',
    };
  }
  if (readErrors.length > 0 && pushed.session.verdict.kind !== 'aborted') {
    return sourceUnread({ outcome: 'incomplete', reason: describeReadErrors(readErrors) });
  }
  if (pushed.wrong !== undefined) {
    const { verdict } = pushed.session;
    const said = verdict.kind === 'failed' ? ` (it said: ${verdict.reason})` : '';
    const left = pushed.wrote ? 'perhaps' : 'nothing';
    return { kind: 'failed', outcome: 'refused', reason: `${pushed.wrong}${said}`, bytesDone: undefined, left };
  }
  if (pushed.session.verdict.kind !== 'ok') {
    return withLongPath(pushFailed(spec, pushed, bytesDone), spec.source.longestPath);
  }

  const verified = await verify(spec, deps, started, pushed);
  if (verified.kind === 'failed') return verified;
  deps.observe({ event: 'step-started', step: 'seal' });
  const session = await whileBusy(
    () => placeSeal(spec, deps, { started, pushed, ...verified }),
    ({ verdict }) => verdict,
    spec,
    deps,
  );
  if (session.verdict.kind !== 'ok') return sessionFailed(spec, session, bytesDone);
  const warning = spec.copyBases ? COPIED : linkingProblem(pushed, spec.source.oldFiles);
  const { verification, verifiedFrom } = verified;
  const contents = { verifiedFrom, packed: pushed.manifest };
  const warnings = [warning, verified.warning].filter((text) => text !== undefined);
  return { kind: 'sealed', transfer: pushed.figures, verification, contents, warnings };
}

async function verify(
  spec: AttemptSpec,
  deps: AttemptDeps,
  since: Date,
  pushed: Pushed,
): Promise<VerifiedPush | Failed> {
  const { runProcess, environment, clock, observe } = deps;
  const { verifyWire: wire, tree, signal } = spec;
  const { bytesDone } = pushed;
  const begun = clock.monotonic();
  const mode = spec.verifyMode === 'changed' && pushed.sentNames !== undefined ? 'changed' : 'full';
  observe({ event: 'step-started', step: 'verify', mode });
  const only = `${spec.directory}/only`;
  if (mode === 'changed') await writeOnlyFilter(only, pushed.sentNames ?? []);
  const witnesses = { since, unseenSince: unseenSinceOf(spec, since, pushed) };
  const place = { directory: `${spec.directory}/stand-ins` };
  const request = { wire, tree, witnesses, ...place, environment, signal, ...(mode === 'changed' ? { only } : {}) };
  let verifiedFrom = since;
  const compare = () => {
    verifiedFrom = clock.now();
    return verifySnapshot(request, runProcess);
  };
  const result = await whileBusy(compare, sessionVerdict, spec, deps);
  if (result.kind === 'session-failed') return sessionFailed(spec, result.session, bytesDone);
  if (result.kind === 'interrupted') return { ...interrupted(spec), bytesDone, left: 'perhaps' };
  if (result.kind === 'source-unread') return sourceUnread(result);
  for (const difference of result.comparison.differences) observe({ event: 'difference', difference });
  if (result.verdict !== 'intact') return differing(spec, result, bytesDone);
  const views = {
    walked: spec.source.view,
    pushed: viewOf(pushed.session),
    ...(mode === 'full' ? { compared: viewOf(result.seen) } : {}),
  };
  const { source, exclude } = tree;
  const reason = await disagreement(views, { source, exclude, environment, signal, stallMs: wire.stallMs }, runProcess);
  if (reason !== undefined)
    return { kind: 'failed', outcome: 'incomplete', reason, advice: NOT_ALL_SEEN, bytesDone, left: 'perhaps' };

  observe({ event: 'step-started', step: 'canary' });
  const candidates = spec.source.candidates;
  const trial = { wire, tree, candidates, directory: `${spec.directory}/canary`, environment, signal };
  const canary = await whileBusy(() => checkCanary(trial, runProcess), sessionVerdict, spec, deps);
  switch (canary.kind) {
    case 'session-failed':
      return sessionFailed(spec, canary.session, bytesDone);
    case 'unstable':
      return {
        kind: 'failed',
        outcome: 'incomplete',
        reason: 'the source changes faster than it can be verified',
        bytesDone,
        left: 'perhaps',
      };
    case 'gone':
      return {
        kind: 'failed',
        outcome: 'incomplete',
        reason: canary.reason,
        advice: WHO_REMOVES,
        bytesDone: undefined,
        left: 'perhaps',
      };
    case 'blind':
      return {
        kind: 'failed',
        outcome: 'verification-blind',
        reason: canary.reason,
        bytesDone: undefined,
        left: 'perhaps',
      };
    case 'seen': {
      const durationMs = Math.round(clock.monotonic() - begun);
      const verification = { mode, algorithm: result.algorithm, durationMs } as const;
      const warning = clampedWarning(result.comparison);
      return { kind: 'verified', verification, verifiedFrom, canary: canary.by, warning };
    }
    default:
      return canary satisfies never;
  }
}

const WHO_ELSE_WRITES =
  'Find out what else writes there: another host with the same account and job, or this one with a clock that was set back.';

const COPIED =
  'Files with many hard links had as many names on the secondary as its file system allows, so this snapshot holds copies of all files instead of links. Nothing of them was sent again; the next snapshot links to these.';

/** The source cannot be read: what was stored of it is no basis, but the secondary is not to blame. */
function sourceUnread({ outcome, reason }: { readonly outcome: Outcome; readonly reason: string }): Failed {
  return { kind: 'failed', outcome, reason, bytesDone: undefined, left: 'perhaps', final: true };
}

/** What differences mean for the attempt. */
function differing(
  { tree }: AttemptSpec,
  { comparison, verdict }: Extract<Verified, { kind: 'compared' }>,
  bytesDone: number | undefined,
): Failed {
  const summary = summariseComparison(comparison);
  if (verdict === 'corruption') {
    const reason = `verification of ${tree.id}: ${summary}`;
    return { kind: 'failed', outcome: 'corruption', reason, bytesDone: undefined, left: 'perhaps' };
  }
  const unseen = comparison.counts.unseen > 0;
  const why = unseen
    ? 'size and time did not show rsync what differs, so the next attempt or run compares by checksum'
    : 'the source changed while it was sent';
  return { kind: 'failed', outcome: 'incomplete', reason: `${why}: ${summary}`, bytesDone, left: 'perhaps', unseen };
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

/** What the failure of the push means for the attempt. Everything that rsync reported counts as left there, however it ended. */
function pushFailed(spec: AttemptSpec, { session, crowded }: Pushed, bytesDone: number | undefined): Failed {
  const end = sessionEnd(session.verdict, spec.signal);
  return { kind: 'failed', bytesDone, ...end, left: bytesDone === undefined ? end.left : 'perhaps', crowded };
}

/** What the failure of a later session means for the attempt: whatever happened in that session, the push has left something. */
function sessionFailed(spec: AttemptSpec, session: SessionResult, bytesDone: number | undefined): Failed {
  return { kind: 'failed', bytesDone, ...sessionEnd(session.verdict, spec.signal), left: 'perhaps' };
}

function interrupted(spec: AttemptSpec): Failed {
  return { kind: 'failed', bytesDone: undefined, left: 'nothing', ...interruptionOf(spec.signal) };
}
