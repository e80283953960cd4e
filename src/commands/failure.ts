import { ConfigError } from '../config/load.ts';
import { deliverAlert } from '../notify/deliver.ts';
import { SecretError } from '../platform/secrets.ts';
import { alertDeps } from '../run/finish.ts';
import type { AlertSettings } from '../shared/alert-settings.ts';
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
  if (unattended && error instanceof ConfigError && error.alerts) {
    await tellBrokenConfig(reason, error.alerts, error.secretsFile, context); // the journal is told with the rest
  } else {
    context.log('error', reason);
    context.log('info', adviceFor(error, outcome));
  }
  return exitCodeOf(outcome);
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof ConfigError || error instanceof UsageError) return 'usage';
  return error instanceof SecretError ? 'secret' : 'internal-error';
}

function adviceFor(error: unknown, outcome: Outcome): string {
  return error instanceof UsageError ? 'Help: offsite-rsync --help' : OUTCOMES[outcome].advice;
}

async function tellBrokenConfig(
  reason: string,
  alerts: AlertSettings,
  secretsFile: string | undefined,
  context: Context,
): Promise<void> {
  const facts = {
    kind: 'problem',
    event: 'failure',
    at: context.clock.now(),
    host: context.host,
    problem: `offsite-rsync on ${context.host} cannot use its configuration: nothing is sent`,
    reason,
    advice: OUTCOMES.usage.advice,
  } as const;
  await deliverAlert(facts, alerts, alertDeps(secretsFile, { ...context, alertSignal: context.hurry }));
}
