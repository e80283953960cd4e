import { ConfigError } from '../../config/load.ts';
import { deliverAlert } from '../../notify/deliver.ts';
import { reachedSomebody } from '../../notify/tellings.ts';
import { SecretError } from '../../platform/secrets.ts';
import { alertDeps } from '../../run/finish.ts';
import type { AlertSettings } from '../../notify/settings.ts';
import { ReadError } from '../../read/snapshot-source.ts';
import { diskFault, signalOf } from '../../run/failure.ts';
import { exitCodeOf, OUTCOMES, type Outcome } from '../../shared/outcome.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../selection.ts';

/**
 * Reports why a command could not do its work. A run that never starts is a backup that is not secured, so a broken
 * configuration also causes an alert, if the alerts' part of the file is sound; and so does an unknown job.
 * @param unattended whether a unit or timer may have started the command; on a terminal, somebody sees the message
 * @returns the exit code
 */
export async function reportFailure(error: unknown, context: Context, unattended: boolean): Promise<number> {
  const outcome = outcomeOf(error);
  const reason =
    error instanceof Error
      ? outcome === 'internal-error' && diskFault(error) === undefined
        ? (error.stack ?? error.message)
        : error.message
      : String(error);
  const settings = unattended && isUnattended(error, context) ? alertSettingsOf(error) : undefined;
  if (settings) {
    const reached = await tellChannels(reason, settings, context); // this includes the journal
    context.tellings.add({ reached, recorded: false });
  } else {
    context.tellings.add({ reached: false, recorded: false });
    context.log('error', reason);
    context.log('info', adviceFor(error, outcome));
  }
  return exitCodeOf(outcome, error instanceof ReadError ? signalOf(error.failure) : undefined);
}

/**
 * Whether nobody reads what we print. An argument that `run` does not know was nearly always typed by somebody, perhaps
 * without a terminal (over ssh, in a script). So it causes an alert only if systemd started us, which sets an id for
 * each invocation (systemd.exec(5)). cron mails what we print.
 */
function isUnattended(error: unknown, { interactive, environment }: Context): boolean {
  if (interactive) return false;
  return !(error instanceof UsageError) || environment.INVOCATION_ID !== undefined;
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof ConfigError || error instanceof UsageError) return 'usage';
  if (error instanceof SecretError) return 'secret';
  if (error instanceof ReadError) return error.failure.outcome;
  return diskFault(error)?.outcome ?? 'internal-error';
}

function adviceFor(error: unknown, outcome: Outcome): string {
  if (error instanceof UsageError) return 'Help: offsite-rsync --help';
  if (error instanceof ReadError) return error.failure.advice ?? OUTCOMES[outcome].advice;
  return (error instanceof ConfigError ? error.advice : diskFault(error)?.advice) ?? OUTCOMES[outcome].advice;
}

/** Where to send an error that came before any run began. */
interface WhereToTell {
  readonly problem: string;
  readonly alerts: AlertSettings;
  readonly secretsFile: string | undefined;
}

function alertSettingsOf(error: unknown): WhereToTell | undefined {
  if (error instanceof ConfigError && error.alerts) {
    const { alerts, secretsFile } = error;
    return { problem: 'cannot use its configuration: nothing is sent', alerts, secretsFile };
  }
  if (error instanceof UsageError && error.settings) {
    const { alerts, secretsFile } = error.settings;
    return { problem: 'was started with arguments that it cannot use: nothing is sent', alerts, secretsFile };
  }
  return undefined;
}

async function tellChannels(
  reason: string,
  { problem, alerts, secretsFile }: WhereToTell,
  context: Context,
): Promise<boolean> {
  const facts = {
    kind: 'problem',
    event: 'failure',
    at: context.clock.now(),
    host: context.host,
    problem: `offsite-rsync on ${context.host} ${problem}`,
    reason,
    advice: OUTCOMES.usage.advice,
  } as const;
  const deps = alertDeps(secretsFile, { ...context, alertSignal: context.hurry });
  return reachedSomebody(await deliverAlert(facts, alerts, deps));
}
