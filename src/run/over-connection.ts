import type { TargetSecrets } from '../config/target-secrets.ts';
import { connect } from '../ssh/connection.ts';
import type { JobState } from '../state/job-state.ts';
import type { AttemptPlan } from './attempts.ts';
import { interruptionOf } from './interruption.ts';
import { planAttempts } from './locked-run.ts';
import { openPrivateDirectory } from './private-directory.ts';
import { lockPath, type RunDeps, type RunRequest } from './request.ts';
import type { EarlyEnd } from './session-end.ts';
import type { SourceSummary } from './source.ts';

/** What a single connection is opened for, beside the runs. */
interface Purpose {
  /** Keeps its private directory apart from a run's: it does not disturb one. */
  readonly name: 'preview' | 'verify';
  readonly secrets: TargetSecrets;
  readonly source: SourceSummary;
  readonly state: JobState;
}

/** Opens a connection, uses it once, and leaves nothing behind. */
export async function overConnection<T>(
  request: RunRequest,
  { name, secrets, source, state }: Purpose,
  deps: RunDeps,
  use: (plan: AttemptPlan) => Promise<T>,
): Promise<T | (EarlyEnd & { readonly kind: 'failed' })> {
  const { settings, target, signal } = request;
  const label = `${name} ${lockPath(request)}`;
  const directory = await openPrivateDirectory(settings.runtimeDirectory, deps.environment, label, 'process');
  try {
    const plan = await planAttempts(request, secrets, source, state, directory.path, deps);
    const { endpoint, times } = plan;
    deps.observe({ event: 'step-started', step: 'connect' });
    const connected = await connect(
      { alias: target.name, endpoint, times, directory: directory.path, signal },
      deps.clock,
    );
    if (connected.kind === 'aborted') return { kind: 'failed', ...interruptionOf(signal) };
    if (connected.kind === 'failed') return { kind: 'failed', ...connected.failure };
    try {
      return await use(plan);
    } finally {
      await connected.connection.close();
    }
  } finally {
    await directory.remove();
  }
}
