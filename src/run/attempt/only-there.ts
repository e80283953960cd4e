import { checkArguments } from '../../rsync/arguments.ts';
import type { SessionVerdict } from '../../rsync/exit.ts';
import { runSession, type SessionResult } from '../../rsync/session.ts';
import { absentSnapshot } from '../../shared/gate-words.ts';
import type { SnapshotId } from '../../shared/snapshot-id.ts';
import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';
import { whileBusy } from './session.ts';

/* What a tree on the secondary has and the source has not. The gate alone tells it. */

/**
 * Asks for the names that only a snapshot, or an attempt that ended without a seal, has.
 * @returns the names as rsync wrote them, and the session: they are all only if that went well
 */
export async function onlyThere(
  id: SnapshotId,
  spec: AttemptSpec,
  deps: AttemptDeps,
): Promise<{ names: string[]; session: SessionResult }> {
  const { wire, tree, signal } = spec;
  let names: string[] = [];
  const session = await whileBusy(
    () => {
      names = [];
      const onItem = ({ isExtra, name }: { isExtra: boolean; name: string }) => isExtra && names.push(name);
      const args = checkArguments(wire, { ...tree, id }, { extras: true, depth: 'names' });
      const { environment } = deps;
      const { stallMs } = wire;
      return runSession({ args, mode: 'check', environment, signal, stallMs, onItem }, deps.runProcess);
    },
    ({ verdict }) => verdict,
    spec,
    deps,
  );
  return { names, session };
}

/** What is known of the tree in which the gate goes on. */
export type LeftByAttempt =
  /** What it has and the source no longer has; nothing, if there is no such tree. */
  | { readonly kind: 'known'; readonly names: readonly string[] }
  /** The gate does not say. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'failed'; readonly verdict: SessionVerdict };

/**
 * Asks what the attempt that broke has left. It may have sent what the source has lost since, which no push removes: without this, only
 * the comparison would find it, and the attempt would have been in vain.
 */
export async function leftByAttempt(spec: AttemptSpec, deps: AttemptDeps): Promise<LeftByAttempt> {
  for (const id of spec.continues) {
    const { names, session } = await onlyThere(id, spec, deps);
    const { verdict } = session;
    if (verdict.kind === 'ok') return { kind: 'known', names };
    if (isRefused(session, absentSnapshot(id))) continue;
    return isRefused(session) ? { kind: 'unknown' } : { kind: 'failed', verdict };
  }
  return { kind: 'known', names: [] };
}

/** Whether the gate has refused a session, for that reason. */
export function isRefused({ verdict, answeredBy }: SessionResult, reason?: string): boolean {
  if (answeredBy !== 'gate' || verdict.kind !== 'failed') return false;
  return reason === undefined ? verdict.outcome === 'refused' : verdict.reason === reason;
}
