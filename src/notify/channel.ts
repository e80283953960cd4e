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

/** How one attempt to send a message ended. A `note` says what needs fixing although the message was sent. */
export type SendResult = { readonly kind: 'sent'; readonly note?: string } | SendFailure;

/** What a channel may use. */
export interface SendDeps {
  /** Reads a secret's value. @throws SecretError */
  readonly readSecret: (reference: SecretReference) => string;
  readonly runProcess: RunProcess;
  /** The environment of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted when the attempt's time is up; whatever the attempt started must end then. */
  readonly signal: AbortSignal;
  /** Milliseconds that the attempt may take. */
  readonly timeoutMs: number;
}

/** A program that a channel starts. */
export interface NeededProgram {
  /** A path, or a name to look up in PATH. */
  readonly path: string;
  /** What to do when it cannot be started. */
  readonly advice: string;
}

/**
 * One way to tell people. Everything about a channel is in its file in `channels/`; only its name comes from the
 * registry. Its options are plain data, so that the gate can check them without bundling the code that sends.
 */
export interface Channel<O extends Options = Options> {
  /** Its own options, besides {@link COMMON_OPTIONS}. */
  readonly options: O;
  /** JSON Schema that its options must satisfy together. A `fault` in a part of it is the message for people. */
  readonly restrictions?: Readonly<Record<string, unknown>>;
  /** The events that can be chosen for it, and those that it is told of by default. Left out: the usual ones. */
  readonly events?: { readonly offered: readonly AlertEvent[]; readonly byDefault: readonly AlertEvent[] };
  /** Why it cannot work in a systemd unit: a sentence that follows the channel's name. */
  readonly missingInUnits?: string;
  /** The program that it starts. */
  program?(settings: WrittenOf<O>): NeededProgram;
  /** Makes one attempt to send a message. An expected failure is a value; a SecretError is thrown. */
  send(message: AlertMessage, settings: WrittenOf<O>, deps: SendDeps): Promise<SendResult>;
}

/** Returns the channel unchanged; the types of its settings follow from its options. */
export function defineChannel<const O extends Options>(channel: Channel<O>): Channel<O> {
  return channel;
}

/** The options that every channel has. */
export const COMMON_OPTIONS = {
  timeout: formatted('alert-timeout').byDefault('10s', 'How long one attempt may take.'),
  retries: integer({ minimum: 0, maximum: 5 }).byDefault(2, 'Attempts after the first.'),
};

/** The option that chooses what a channel is told of. */
export function eventsOption({ events = USUAL_EVENTS }: Pick<Channel, 'events'>) {
  return choices(events.offered).byDefault(events.byDefault, 'What it is told of.');
}

const USUAL_EVENTS = {
  // A start only matters to a service that waits for the end.
  offered: ALERT_EVENTS.filter((event) => event !== 'start'),
  byDefault: ['failure', 'recovery', 'warning', 'stale'],
} as const;

/** The message was taken. */
export const SENT: SendResult = { kind: 'sent' };

/** It was not taken, and another attempt would not help. */
export function refused(reason: string): SendFailure {
  return { kind: 'failed', reason, transient: false };
}

/** It was not taken, but another attempt may succeed. */
export function failedForNow(reason: string): SendFailure {
  return { kind: 'failed', reason, transient: true };
}
