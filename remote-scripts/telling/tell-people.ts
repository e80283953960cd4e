import { hostname } from 'node:os';
import { deliverAlert } from '../../src/notify/deliver.ts';
import type { ProblemFacts } from '../../src/notify/facts.ts';
import type { Clock } from '../../src/platform/clock.ts';
import type { Log } from '../../src/platform/logger.ts';
import type { RunProcess } from '../../src/platform/process.ts';
import { createSecretReader } from '../../src/platform/secrets.ts';
import type { SecondarySettings } from '../config/settings.ts';

/** What telling people needs. */
export interface TellDeps {
  readonly runProcess: RunProcess;
  readonly clock: Clock;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What people are told of a host; who tells them and when is added. */
export type Telling = Omit<ProblemFacts, 'kind' | 'at' | 'host' | 'target'>;

/** Tells people about a host through the channels of the settings. Never throws: if a channel fails, that is logged. */
export async function tellPeople(
  telling: Telling,
  { settings, host }: { readonly settings: SecondarySettings; readonly host: string },
  deps: TellDeps,
): Promise<void> {
  // Only the first label, because a full name would reveal where the secondary is.
  const reporter = hostname().split('.')[0] || host;
  const facts = { ...telling, kind: 'problem', at: deps.clock.now(), host: reporter, target: host } as const;
  await deliverAlert(facts, settings.alerts, {
    ...deps,
    redact: (text) => text,
    readSecret: createSecretReader(settings.secretsFile, deps.environment),
  });
}
