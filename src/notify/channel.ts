import type { RunProcess } from '../platform/process.ts';
import type { SecretReference } from '../shared/secret-reference.ts';
import type { AlertMessage } from './message.ts';

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

/** Sends a message one way. An expected failure is a value; a SecretError is thrown. */
export type Send<Channel> = (message: AlertMessage, channel: Channel, deps: SendDeps) => Promise<SendResult>;

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
