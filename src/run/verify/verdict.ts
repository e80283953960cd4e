import { writeMetrics } from '../../insight/metrics-file.ts';
import { errorMessage } from '../../platform/files.ts';
import type { Outcome } from '../../shared/outcome.ts';
import { forgetDamage, rememberDamage } from '../../state/damage.ts';
import { noteDistrust } from '../../state/distrust.ts';
import { saveVerification } from '../../state/verification.ts';
import type { Comparison } from '../../verify/comparison.ts';
import type { RunDeps, RunRequest } from '../request.ts';
import type { VerifyReport } from './verify-job.ts';

/**
 * Records the result for the next run, for `status` and the metrics. A verification without a verdict says nothing about the bytes.
 */
export async function recordVerdict(request: RunRequest, report: VerifyReport, deps: RunDeps): Promise<void> {
  const { snapshot, outcome, durationMs } = report;
  if (outcome === 'corruption') {
    await noteDistrust(request.settings.stateDirectory, report.job, report.target, deps.clock.now()).catch(
      (error: unknown) => deps.log('warning', `The damage could not be noted for the next run: ${errorMessage(error)}`),
    );
  }
  if (snapshot === null || !VERDICTS.includes(outcome)) return;
  const { stateDirectory } = request.settings;
  const at = deps.clock.now().toISOString();
  try {
    const note = { version: 1, snapshot, at, outcome, durationMs } as const;
    await saveVerification(stateDirectory, report.job, report.target, note);
    await recordDamage(stateDirectory, report, at);
    await writeMetrics(request.settings, deps.clock);
  } catch (error) {
    deps.log('warning', `The verification could not be recorded: ${errorMessage(error)}`);
  }
}

async function recordDamage(stateDirectory: string, report: VerifyReport, found: string): Promise<void> {
  const { job, target, snapshot, outcome, reason, comparison } = report;
  if (snapshot === null) return;
  const gone = comparison?.snapshotMissing === true;
  if (outcome === 'corruption' && !gone) {
    await rememberDamage(stateDirectory, job, target, { snapshot, found, reason });
  } else if (gone || (outcome === 'done' && isWhole(comparison))) {
    await forgetDamage(stateDirectory, job, target, snapshot);
  }
}

/** Whether every entry was compared with an unchanged one: a change in the source since then would hide damage. */
function isWhole(comparison: Comparison | null): boolean {
  if (comparison === null) return false;
  const { clamped: _, ...changed } = comparison.counts; // all but the time of those was compared
  return Object.values(changed).every((count) => count === 0);
}

const VERDICTS: readonly Outcome[] = ['done', 'not-identical', 'corruption', 'verification-blind'];
