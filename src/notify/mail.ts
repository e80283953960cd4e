import type { SendMailOptions } from 'nodemailer';
import type { SecretReference } from '../shared/secret-reference.ts';
import type { AlertMessage, AlertSeverity } from './message.ts';
import { oneLine } from './text.ts';
import type { SendDeps } from './channel.ts';

const PRIORITY: Readonly<Record<AlertSeverity, 'high' | 'normal'>> = {
  error: 'high',
  warning: 'normal',
  info: 'normal',
};

/**
 * The message as a mail for nodemailer, which encodes what is not ASCII.
 * @throws SecretError when an address cannot be read; Error when it contains a line break
 */
export function mailOf(
  message: AlertMessage,
  addresses: { readonly from?: SecretReference; readonly to: SecretReference },
  readSecret: SendDeps['readSecret'],
): SendMailOptions {
  const { event, severity, fields } = message;
  return {
    ...(addresses.from === undefined ? {} : { from: readAddress(addresses.from, readSecret) }),
    to: readAddress(addresses.to, readSecret),
    subject: message.subject,
    text: `${message.body}\n`,
    priority: PRIORITY[severity],
    headers: {
      // No vacation notes in answer to a machine (RFC 3834).
      'Auto-Submitted': 'auto-generated',
      'X-Offsite-Event': event,
      ...(typeof fields.job === 'string' ? { 'X-Offsite-Job': oneLine(fields.job) } : {}),
    },
    // nodemailer can read a body from a file or URL; ours is always text.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

type Address = string | { name: string; address: string };

function readAddress(reference: SecretReference, readSecret: SendDeps['readSecret']): Address[] {
  const text = readSecret(reference).trim();
  if (/\p{Cc}/u.test(text)) {
    throw new Error('a mail address in a secret holds a line break or another control character');
  }
  return splitAddresses(text).map((part, index) => {
    // nodemailer takes a word without an @ for a person's name and drops it, but `root` is an address to a mail system.
    if (/^[^\s<>@"]+$/.test(part)) return { name: '', address: part };
    if (/@|<[^<>]+>/.test(part)) return part;
    throw new Error(`the mail address number ${index + 1} in a secret is a name without an address`);
  });
}

/** Splits a list of addresses at its commas and semicolons, but not inside a quoted name. */
function splitAddresses(text: string): string[] {
  const parts = text.match(/(?:"(?:[^"\\]|\\.)*"|[^,;])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
