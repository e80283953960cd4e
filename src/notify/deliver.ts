import type { Clock } from '../platform/clock.ts';
import { errorMessage } from '../platform/files.ts';
import type { Log } from '../platform/logger.ts';
import type { RunProcess } from '../platform/process.ts';
import type { Redact } from '../shared/redaction.ts';
import type { SecretReference } from '../shared/secret-reference.ts';
import { formatCount, parseDuration } from '../shared/units.ts';
import { attemptWithin } from './attempt.ts';
import type { SendResult } from './channel.ts';
import { writeToJournal } from './journal.ts';
import { sendThrough, type ChannelSettings } from './registry.ts';
import type { AlertSettings } from './settings.ts';
import type { AlertFacts } from './facts.ts';
import { redactMessage, wordMessage, type AlertMessage } from './message.ts';
import { rememberSecrets } from './remember-secrets.ts';

/** What delivering an alert needs. */
export interface AlertDeps {
  readonly log: Log;
  /** The redactor of this process; a channel's own secrets are replaced even if it does not know them. */
  readonly redact: Redact;
  readonly runProcess: RunProcess;
  readonly clock: Clock;
  /** Reads a secret's value, when a channel needs it. @throws SecretError */
  readonly readSecret: (reference: SecretReference) => string;
  /** Default: that of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Aborting it gives up what is still under way. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole delivery: all attempts of all channels. Default: {@link DELIVERY_LIMIT}. */
  readonly limitMs?: number;
}

/** How an alert fared in one channel. */
export interface Delivery {
  /** The channel's name in the config. */
  readonly channel: string;
  readonly sent: boolean;
  /** Attempts that were made. */
  readonly attempts: number;
  /** Why it was not sent; without secrets. */
  readonly reason?: string;
}

/** Milliseconds after which a delivery ends, even if the timeouts of its channels add up to more. */
export const DELIVERY_LIMIT = 120_000;

/** Milliseconds before the second attempt; doubled for each one after it. */
const FIRST_PAUSE = 500;

type NamedChannel = readonly [name: string, channel: ChannelSettings];

/**
 * Tells people: the journal always, and each channel that wants to hear of the event, all at the same time.
 *
 * Never throws and never takes longer than `limitMs`, so that it cannot change the outcome that it reports. The log
 * gets a warning for each channel that fails, and an error if all of them do.
 * @returns one entry for each channel that was tried; the journal has none
 */
export async function deliverAlert(facts: AlertFacts, settings: AlertSettings, deps: AlertDeps): Promise<Delivery[]> {
  const channels = Object.entries(settings.channels).filter(([, channel]) => wants(channel, facts));
  // Retrying would hold up the run, and a late start is worth nothing.
  const attempts = facts.kind !== 'test' && facts.event === 'start' ? 1 : Infinity;
  return deliverThrough(channels, facts, attempts, deps);
}

/**
 * Sends a test message through one channel or all of them, whatever events they want, with one attempt each.
 * @param name a channel; undefined for all
 * @param host what this host is called
 */
export async function deliverTest(
  name: string | undefined,
  host: string,
  settings: AlertSettings,
  deps: AlertDeps,
): Promise<Delivery[]> {
  const channels = Object.entries(settings.channels);
  const chosen = channels.filter(([other]) => name === undefined || other === name);
  if (name !== undefined && chosen.length === 0) {
    const known = channels.map(([other]) => other).join(', ');
    const reason = `there is no such channel; ${known === '' ? 'none is configured' : `configured: ${known}`}`;
    return [{ channel: name, sent: false, attempts: 0, reason }];
  }
  return deliverThrough(chosen, { kind: 'test', host, at: deps.clock.now() }, 1, deps);
}

/** Whether a channel is to be told. A recovery is a success too: a ping check must see it. */
function wants(channel: ChannelSettings, facts: AlertFacts): boolean {
  if (facts.kind === 'test') return true;
  const { events } = channel;
  return events.includes(facts.event) || (facts.event === 'recovery' && events.includes('success'));
}

async function deliverThrough(
  channels: readonly NamedChannel[],
  facts: AlertFacts,
  maxAttempts: number,
  deps: AlertDeps,
): Promise<Delivery[]> {
  const log = withoutThrowing(deps.log);
  const message = wordSafely(facts, deps.redact);
  writeToJournal(message, log);
  if (channels.length === 0) return [];

  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), deps.limitMs ?? DELIVERY_LIMIT);
  const signal = deps.signal ? AbortSignal.any([deps.signal, limit.signal]) : limit.signal;
  try {
    const deliveries = await Promise.all(
      channels.map((channel) => deliverToOne(channel, message, maxAttempts, { ...deps, log, signal })),
    );
    if (deliveries.every(({ sent }) => !sent)) {
      const names = deliveries.map(({ channel }) => channel).join(', ');
      log('error', `No alert channel could be reached (${names}). Nobody but this log was told: ${message.subject}`);
    }
    return deliveries;
  } finally {
    clearTimeout(timer);
  }
}

async function deliverToOne(
  [name, channel]: NamedChannel,
  message: AlertMessage,
  maxAttempts: number,
  deps: AlertDeps & { readonly signal: AbortSignal },
): Promise<Delivery> {
  const { log, signal, clock } = deps;
  const secrets = rememberSecrets(deps.readSecret);
  const redact: Redact = (text) => deps.redact(secrets.redact(text));
  const timeoutMs = parseDuration(channel.timeout) ?? 10_000;
  const allowed = Math.min(maxAttempts, channel.retries + 1);

  let attempts = 0;
  let result: SendResult;
  do {
    if (attempts > 0) await pause(attempts, clock, signal);
    attempts += 1;
    result = await attemptWithin(timeoutMs, signal, (attemptSignal) =>
      sendThrough(message, channel, {
        readSecret: secrets.read,
        runProcess: deps.runProcess,
        environment: deps.environment ?? process.env,
        signal: attemptSignal,
        timeoutMs,
      }),
    );
  } while (result.kind === 'failed' && result.transient && attempts < allowed);

  const label = `Alert channel ${name} (${channel.type})`;
  if (result.kind === 'sent') {
    if (result.note === undefined) log('debug', `${label}: sent`);
    else log('warning', redact(`${label}: sent, but ${result.note}`));
    return { channel: name, sent: true, attempts };
  }
  const reason = redact(result.reason);
  log('warning', `${label} failed after ${formatCount(attempts, 'attempt')}: ${reason}`);
  return { channel: name, sent: false, attempts, reason };
}

/** Waits before another attempt: half a second, doubled each time, give or take a quarter. Returns early when aborted. */
async function pause(attempts: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const jitter = 0.75 + clock.random() / 2;
  try {
    await clock.sleep(FIRST_PAUSE * 2 ** (attempts - 1) * jitter, signal);
  } catch {
    // Aborted: the attempt that follows sees the same signal and says so.
  }
}

/** A bug in the wording must not swallow the alert, so there is a message of last resort. */
function wordSafely(facts: AlertFacts, redact: Redact): AlertMessage {
  try {
    return redactMessage(wordMessage(facts), redact);
  } catch (error) {
    const event = facts.kind === 'test' ? 'test' : facts.event;
    const body = `An alert could not be worded: ${redact(errorMessage(error))}. See the journal of this host.`;
    return { event, severity: 'error', subject: `offsite-rsync: ${event}`, body, fields: {} };
  }
}

/** A log that cannot throw: with a broken standard error, the channels must still be told. */
function withoutThrowing(log: Log): Log {
  return (level, message) => {
    try {
      log(level, message);
    } catch {
      // There is nowhere else to report it.
    }
  };
}
