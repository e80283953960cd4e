import pc from 'picocolors';
import { loadConfig } from '../../config/load.ts';
import { deliverTest } from '../../notify/deliver.ts';
import { oneLine } from '../../notify/text.ts';
import { alertDeps } from '../../run/finish.ts';
import { exitCodeOf } from '../../shared/outcome.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';
import { UsageError } from '../selection.ts';

/** Options of `offsite-rsync alert test`. */
export interface AlertTestOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** Whether a test message got out, for programs. */
export interface AlertTestReport {
  readonly exitCode: number;
  readonly channels: readonly {
    readonly channel: string;
    readonly sent: boolean;
    /** Why it was not; null when it was. */
    readonly reason: string | null;
  }[];
}

/**
 * `offsite-rsync alert test [CHANNEL]`: one test message through one channel or all, whatever events they want.
 * @returns 0 when all were sent, 42 when one was not
 * @throws UsageError for a channel that does not exist, and when none is configured
 */
export async function alertTest(
  channel: string | undefined,
  options: AlertTestOptions,
  context: Context,
): Promise<number> {
  const { alerts, secretsFile } = await loadConfig(options.config);
  const known = Object.keys(alerts.channels);
  if (known.length === 0) {
    throw new UsageError(
      `No alert channel is configured in ${options.config}: a failure would only be written to the journal. Add one under alerts.channels (config.example.yaml shows all kinds).`,
    );
  }
  if (channel !== undefined && !known.includes(channel)) {
    throw new UsageError(`There is no alert channel "${channel}"; configured: ${known.join(', ')}.`);
  }
  const deps = alertDeps(secretsFile, { ...context, alertSignal: context.signal });
  const width = Math.max(...known.map(({ length }) => length));
  const deliveries = await deliverTest(channel, context.host, alerts, deps);
  const exitCode = exitCodeOf(deliveries.every(({ sent }) => sent) ? 'done' : 'findings');
  if (options.json === true) {
    const channels = deliveries.map(({ channel: name, sent, reason }) => ({
      channel: name,
      sent,
      reason: reason ?? null,
    }));
    printJson(context, 'alert test --json', { exitCode, channels });
    return exitCode;
  }
  for (const { channel: name, sent, reason } of deliveries) {
    const label = pc.bold(name.padEnd(width));
    context.out(
      sent ? `${pc.green('✓')} ${label}  sent\n` : `${pc.red('✗')} ${label}  ${oneLine(reason ?? 'not sent', 500)}\n`,
    );
  }
  return exitCode;
}
