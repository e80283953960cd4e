import { mkdir, rm } from 'node:fs/promises';
import { errorMessage } from '../../platform/files.ts';
import { checkArguments } from '../../rsync/arguments.ts';
import { runSession } from '../../rsync/session.ts';
import { absentSnapshot } from '../../shared/gate-words.ts';
import type { SnapshotId } from '../../shared/snapshot-id.ts';
import { sessionEnvironment } from '../../ssh/connection.ts';
import { forgetDamage, loadDamage } from '../../state/damage.ts';
import type { AttemptPlan } from '../attempt/attempts.ts';
import type { RunDeps, RunRequest } from '../request.ts';

/** Number of snapshots that are checked each time, oldest finding first; each takes a session of its own. */
const ASKED = 20;

/**
 * Forgets damaged snapshots that the secondary has pruned meanwhile, because nobody can restore from them any more. If a session
 * fails, nothing is known and the snapshot is still remembered.
 * @param looked the snapshot that is verified anyway
 */
export async function forgetGoneDamage(
  plan: AttemptPlan,
  { job, target, settings, signal }: RunRequest,
  looked: SnapshotId,
  deps: RunDeps,
): Promise<void> {
  const known = await loadDamage(settings.stateDirectory, job.name, target.name).catch((error: unknown) => {
    deps.log('warning', errorMessage(error));
    return [];
  });
  const asked = known.map(({ snapshot }) => snapshot).filter((snapshot) => snapshot !== looked);
  if (asked.length === 0) return;
  const source = `${plan.directory}/empty`;
  await mkdir(source, { mode: 0o700 });
  try {
    for (const snapshot of asked.slice(0, ASKED)) {
      if (await isGone(plan, { source, job: job.name, id: snapshot, exclude: [] }, signal, deps)) {
        await forgetDamage(settings.stateDirectory, job.name, target.name, snapshot);
      }
    }
  } finally {
    await rm(source, { recursive: true, force: true });
  }
}

/** If the snapshot does not exist, a dry run of an empty directory reports the directory itself as new, or the gate says so. */
async function isGone(
  plan: AttemptPlan,
  tree: { source: string; job: string; id: SnapshotId; exclude: readonly string[] },
  signal: AbortSignal,
  { runProcess }: RunDeps,
): Promise<boolean> {
  const seen = { gone: false };
  const { verdict } = await runSession(
    {
      args: checkArguments(plan.verifyWire, tree, { extras: false }),
      mode: 'check',
      environment: sessionEnvironment(),
      signal,
      stallMs: plan.verifyWire.stallMs,
      onItem: ({ isNew, name }) => {
        if (isNew && name === './') seen.gone = true;
      },
    },
    runProcess,
  );
  if (verdict.kind === 'failed') return verdict.reason === absentSnapshot(tree.id);
  return seen.gone && verdict.kind === 'ok';
}
