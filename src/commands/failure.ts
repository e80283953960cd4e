import { ConfigError } from '../config/load.ts';
import { deliverAlert } from '../notify/deliver.ts';
import { SecretError } from '../platform/secrets.ts';
import { alertDeps } from '../run/finish.ts';
import { exitCodeOf, OUTCOMES, type Outcome } from '../shared/outcome.ts';
import type { Context } from './context.ts';
import { UsageError } from './selection.ts';

/**
 * Says why a command could not do its work. A broken configuration is told to the alert channels too, if that part of
 * the file is sound: a run that never starts is a backup that is not secured.
 * @param unattended whether nobody may be looking: only then are the channels told
 * @returns the exit code
 */
export async function reportFailure(error: unknown, context: Context, unattended: boolean): Promise<number> {
  const outcome = outcomeOf(error);
  const reason =
    error instanceof Error
      ? outcome === 'internal-error'
        ? (error.stack ?? error.message)
        : error.message
      : String(error);
  context.log('error', reason);
  context.log('info', OUTCOMES[outcome].advice);
  if (unattended && error instanceof ConfigError && error.alerts) {
    await deliverAlert(
      {
        kind: 'problem',
        event: 'failure',
        at: context.clock.now(),
        host: context.host,
        problem: `offsite-rsync on ${context.host} cannot use its configuration: nothing is sent`,
        reason,
        advice: OUTCOMES.usage.advice,
      },
      error.alerts,
      alertDeps(error.secretsFile, { ...context, alertSignal: context.hurry }),
    );
  }
  return exitCodeOf(outcome);
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof ConfigError || error instanceof UsageError) return 'usage';
  return error instanceof SecretError ? 'secret' : 'internal-error';
}
