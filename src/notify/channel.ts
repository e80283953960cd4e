import type { RunProcess } from '../platform/process.ts';
import type { SecretReference } from '../shared/secret-reference.ts';
import { ALERT_EVENTS, type AlertEvent } from './events.ts';
import type { AlertMessage } from './message.ts';
import { choices, formatted, integer } from '../settings/kinds.ts';
import type { Options, WrittenOf } from '../settings/option.ts';

/** A message was not taken. `transient`: another attempt may succeed. */
export interface SendFailure {
  readonly kind: 'failed';
  readonly reason: string;
  readonly transient: boolean;
}

/** How one attempt to send a message ended; the `note` of a sent one is something to mend all the same. */
export type SendResult = { readonly kind: 'sent'; readonly note?: string } | SendFailure;

/** What a channel may use. */
export interface SendDeps {
  /** Reads a secret's value. @throws SecretError */
  readonly readSecret: (reference: SecretReference) => string;
  readonly runProcess: RunProcess;
  /** The environment of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted when the attempt's time is up: what it started must end then. */
  readonly signal: AbortSignal;
  /** Milliseconds that the attempt may take. */
  readonly timeoutMs: number;
}

/** A program that a channel starts. */
export interface NeededProgram {
  /** A path, or a name to be searched for in PATH. */
  readonly path: string;
  /** What to do when it cannot be started. */
  readonly advice: string;
}

/**
 * One way to tell people. All that is known of it stands in its file below `channels/`; the registry gives it its name.
 * What a configuration may say of it is data alone, so that the gate can check it without holding the code that sends.
 */
export interface Channel<O extends Options = Options> {
  /** Its own options; {@link COMMON_OPTIONS} come with every channel. */
  readonly options: O;
  /** JSON Schema of what its options may not be together. `fault` in a part of it is what a person is told. */
  readonly restrictions?: Readonly<Record<string, unknown>>;
  /** The events that it can be told of and, of those, the ones it is told of by default; if not the usual ones. */
  readonly events?: { readonly offered: readonly AlertEvent[]; readonly byDefault: readonly AlertEvent[] };
  /** What it needs of a host, to be a sentence with the channel's name before it, where a unit of systemd has none. */
  readonly missingInUnits?: string;
  /** The program that it starts. */
  program?(settings: WrittenOf<O>): NeededProgram;
  /** Makes one attempt to send a message. An expected failure is a value; a SecretError is thrown. */
  send(message: AlertMessage, settings: WrittenOf<O>, deps: SendDeps): Promise<SendResult>;
}

/** A channel, with the types of its settings taken from its options. */
export function defineChannel<const O extends Options>(channel: Channel<O>): Channel<O> {
  return channel;
}

/** What every channel has beside the options of its own. */
export const COMMON_OPTIONS = {
  timeout: formatted('alert-timeout').byDefault('10s', 'How long one attempt may take.'),
  retries: integer({ minimum: 0, maximum: 5 }).byDefault(2, 'Attempts after the first.'),
};

/** The events that a channel can be told of. */
export function eventsOption({ events = USUAL_EVENTS }: Pick<Channel, 'events'>) {
  return choices(events.offered).byDefault(events.byDefault, 'What it is told of.');
}

const USUAL_EVENTS = {
  // A start interests nobody but a service that waits for the end.
  offered: ALERT_EVENTS.filter((event) => event !== 'start'),
  byDefault: ['failure', 'recovery', 'warning', 'stale'],
} as const;

/** The message was taken. */
export const SENT: SendResult = { kind: 'sent' };

/** It was not taken, and it makes no sense to try again. */
export function refused(reason: string): SendFailure {
  return { kind: 'failed', reason, transient: false };
}

/** It was not taken, but it may be next time. */
export function failedForNow(reason: string): SendFailure {
  return { kind: 'failed', reason, transient: true };
}
