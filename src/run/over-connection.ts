import type { JobState } from '../state/job-state.ts';
import type { AttemptPlan } from './attempt/attempts.ts';
import { interruptionOf, type Failure } from './failure.ts';
import { planAttempts, readJobSource } from './plan.ts';
import { whilePreparing, type Purpose } from './connection/preparation.ts';
import type { RunDeps, RunRequest } from './request.ts';
import type { SourceSummary } from './source/read-source.ts';

/** Why a connection was not used. */
interface NotUsed {
  readonly kind: 'not-used';
  readonly why: Failure;
  /** What the source contains; undefined if it could not be walked. */
  readonly source: SourceSummary | undefined;
}

/** Walks the source while it connects, uses the connection once, and leaves nothing behind. */
export async function overConnection<T>(
  request: RunRequest,
  purpose: Purpose & { readonly state: JobState },
  deps: RunDeps,
  use: (plan: AttemptPlan) => Promise<T>,
): Promise<{ readonly kind: 'used'; readonly result: T } | NotUsed> {
  return whilePreparing(request, purpose, deps, async (preparing) => {
    const reading = await readJobSource(request, purpose.state, { closely: true, survey: false }, deps);
    if (reading.kind === 'ended') return { kind: 'not-used', why: reading.why, source: undefined };
    const plan = await planAttempts(request, reading.source, purpose.state, await preparing, deps);
    deps.observe({ event: 'step-started', step: 'connect' });
    const connected = await plan.connect();
    const { source } = reading;
    if (connected.kind === 'aborted') return { kind: 'not-used', source, why: interruptionOf(request.signal) };
    if (connected.kind === 'failed') return { kind: 'not-used', source, why: connected.failure };
    try {
      return { kind: 'used', result: await use(plan) };
    } finally {
      await connected.connection.close();
    }
  });
}
