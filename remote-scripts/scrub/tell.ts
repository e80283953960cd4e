import { hostname } from 'node:os';
import { deliverAlert, type AlertDeps } from '../../src/notify/deliver.ts';
import type { Clock } from '../../src/platform/clock.ts';
import type { Log } from '../../src/platform/logger.ts';
import type { RunProcess } from '../../src/platform/process.ts';
import { createSecretReader } from '../../src/platform/secrets.ts';
import type { SecondarySettings } from '../config/settings.ts';
import type { Notice } from './news.ts';

/** What telling people needs. */
export interface TellDeps {
  readonly runProcess: RunProcess;
  readonly clock: Clock;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Tells people. Never throws: if a channel fails, that is logged. */
export async function tellNotice(
  notice: Notice,
  { settings, host, job }: { readonly settings: SecondarySettings; readonly host: string; readonly job: string },
  deps: TellDeps,
): Promise<void> {
  const alertDeps: AlertDeps = {
    ...deps,
    redact: (text) => text,
    readSecret: createSecretReader(settings.secretsFile, deps.environment),
  };
  // Only the first label, because a full name would reveal where the secondary is.
  const reporter = hostname().split('.')[0] || host;
  const facts = { kind: 'problem', at: deps.clock.now(), host: reporter, target: host, job, ...notice } as const;
  await deliverAlert(facts, settings.alerts, alertDeps);
}
