import type { JobState } from '../state/job-state.ts';
import type { AttemptPlan } from './attempts.ts';
import { interruptionOf } from './interruption.ts';
import { planAttempts, readJobSource } from './locked-run.ts';
import { whilePreparing, type Purpose } from './preparation.ts';
import type { RunDeps, RunRequest } from './request.ts';
import type { EarlyEnd } from './session-end.ts';

/** Why a connection was not used, and what the source contains if it could be walked. */
interface NotUsed extends EarlyEnd {
  readonly kind: 'failed';
  readonly files?: number;
  readonly bytes?: number;
}

/** Walks the source while it connects, uses the connection once, and leaves nothing behind. */
export async function overConnection<T>(
  request: RunRequest,
  purpose: Purpose & { readonly state: JobState },
  deps: RunDeps,
  use: (plan: AttemptPlan) => Promise<T>,
): Promise<T | NotUsed> {
  return whilePreparing(request, purpose, deps, async (preparing) => {
    const reading = await readJobSource(request, purpose.state, { closely: true }, deps);
    if (reading.kind === 'ended') return { kind: 'failed', ...reading.end };
    const plan = await planAttempts(request, reading.source, purpose.state, await preparing, deps);
    deps.observe({ event: 'step-started', step: 'connect' });
    const connected = await plan.connect();
    const { files, bytes } = reading.source;
    if (connected.kind === 'aborted') return { kind: 'failed', files, bytes, ...interruptionOf(request.signal) };
    if (connected.kind === 'failed') return { kind: 'failed', files, bytes, ...connected.failure };
    try {
      return await use(plan);
    } finally {
      await connected.connection.close();
    }
  });
}
