import type { Left } from '../../rsync/exit-tables.ts';
import { describeReadErrors } from '../../rsync/read-errors.ts';
import { clampedWarning, summariseComparison, unlinkedWarning } from '../../verify/verification.ts';
import { failed, type AttemptResult, type Failed, type Lesson, type Remains } from './attempt-result.ts';
import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';
import { sessionFailure, whileBusy } from './session.ts';
import { interruptionOf } from '../failure.ts';
import { dueToLongPath } from './long-paths.ts';
import { prove, type Compared, type Doubt, type Scope } from './proof.ts';
import { preparedPush } from './prepared-push.ts';
import { inBasis, linkingProblem, writeOnlyFilter, type Pushed } from './push.ts';
import { placeSeal } from './place-seal.ts';
import { viewOf } from '../source/three-views.ts';

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
  const sent = await preparedPush(spec, deps);
  if (sent.kind === 'failed') return sent;
  const { pushed } = sent;
  const broken = pushFailed(spec, pushed);
  if (broken !== undefined) return broken;

  const scope = await scopeOf(spec, pushed);
  const { mode } = scope;
  const begun = deps.clock.monotonic();
  const distrustBases = spec.distrustBases || sent.damaged !== undefined;
  const witnesses = { since: started, unseenSince: unseenSinceOf({ ...spec, distrustBases }, started, pushed) };
  const subject = {
    tree: spec.tree,
    witnesses,
    scope,
    manifest: pushed.manifest,
    pushed: pushed.list === undefined ? viewOf(pushed.session) : undefined,
    // A push of everything has told the secondary of all hard links. If some are missing, it cannot keep them.
    accepts: { drift: false, unlinked: pushed.list === undefined },
  } as const;
  const proof = await prove(spec, subject, deps);
  const basis = remainsOf(pushed, 'perhaps');
  if (proof.kind === 'differs') return differing(spec, pushed, proof.compared, basis);
  if (proof.kind === 'unproven') {
    const { linkable, lesson } = AFTER[proof.doubt];
    return failed(proof.why, linkable ? basis : UNUSABLE, lesson);
  }
  const { compared, verifiedFrom, canary } = proof;
  const durationMs = Math.round(deps.clock.monotonic() - begun);
  const verification = { mode, algorithm: compared.algorithm, durationMs } as const;

  deps.observe({ event: 'step-started', step: 'seal' });
  const session = await whileBusy(
    () => placeSeal(spec, deps, { started, pushed, verification, compared, canary }),
    ({ verdict }) => verdict,
    spec,
    deps,
  );
  if (session.verdict.kind !== 'ok') {
    return failed(sessionFailure(session.verdict, spec.signal).why, basis);
  }
  const warning = spec.unchanged === 'copy' ? COPIED : linkingProblem(pushed, inBasis(spec.source), sent.missed);
  const contents = { verifiedFrom, packed: pushed.manifest };
  const { comparison } = compared;
  const damage = sent.damaged === undefined ? undefined : damageWarning(sent.damaged);
  const told = [damage, warning, clampedWarning(comparison), unlinkedWarning(comparison)];
  const warnings = told.filter((text) => text !== undefined);
  return { kind: 'sealed', transfer: pushed.figures, verification, contents, warnings };
}

/** What is compared after a push. Less than everything is enough where it is known what the push looked at. */
async function scopeOf(
  { verifyMode: mode, wire, directory }: AttemptSpec,
  { list, sentNames }: Pushed,
): Promise<Scope> {
  if (mode === 'full') return { mode };
  if (list !== undefined) return { mode, list: list.file };
  if (mode === 'content' || wire.secondary === 'gate' || sentNames === undefined) return { mode: 'full' };
  const only = `${directory}/only`;
  await writeOnlyFilter(only, sentNames);
  return { mode, only };
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

function damageWarning(id: string): string {
  return `The secondary has found damage in its snapshot ${id}, so everything was compared by checksum, and this snapshot is linked to nothing that is damaged. Ask its administrator to look at offsite-prune status: what only older snapshots have cannot heal.`;
}

/** What the push means for the attempt; undefined if it went well. */
function pushFailed(spec: AttemptSpec, pushed: Pushed): Failed | undefined {
  const { session } = pushed;
  const { readErrors, verdict } = session;
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
  const unsure = spec.continues.length > 0 && !pushed.wrote && left === 'perhaps' && readErrors.length === 0;
  const remains: Remains = unsure ? { kind: 'as-before' } : remainsOf(pushed, left);
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
function differing({ tree }: AttemptSpec, pushed: Pushed, { comparison, verdict }: Compared, basis: Remains): Failed {
  const summary = summariseComparison(comparison);
  const { missing, metadata, unlinked, corruption } = comparison.counts;
  if (pushed.list !== undefined && missing + metadata + unlinked > 0 && corruption === 0) {
    // The push did not look at these. A source may change without a trace on it: a snapshot of a file system, a clock that was set back.
    const reason = `the basis on the secondary is not what the list of it says, so the next attempt or run compares everything by checksum: ${summary}`;
    return failed({ outcome: 'incomplete', reason }, basis, 'basis-differs');
  }
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
