import type { SMTPTransportOptions } from 'nodemailer';
import { errorCode, errorMessage } from '../../platform/files.ts';
import { formatCount } from '../../shared/units.ts';
import { networkFailure } from '../network-failure.ts';
import { oneLine } from '../text.ts';
import { defineChannel, failedForNow, refused, SENT, type SendDeps, type SendFailure } from '../channel.ts';
import { mailOf } from '../mail.ts';
import { choice, secret } from '../../settings/kinds.ts';
import type { WrittenOf } from '../../settings/option.ts';

/** nodemailer's codes for failures of the line, which may pass; the others need a person. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set(['ECONNECTION', 'ETIMEDOUT', 'ESOCKET', 'EDNS', 'EPROTOCOL']);

const options = {
  host: secret.required('The mail server.', { env: 'SMTP_HOST' }),
  port: secret.optional('Default: 465 with tls: implicit, otherwise 587.', { env: 'SMTP_PORT' }),
  tls: choice(['starttls', 'implicit', 'none']).byDefault('starttls', 'How the connection is protected.'),
  user: secret.optional('The account at the mail server, with its password.', { env: 'SMTP_USER' }),
  password: secret.optional('Its password.', { env: 'SMTP_PASSWORD' }),
  from: secret.required('The address of the sender.', { env: 'MAIL_FROM' }),
  to: secret.required('One address, or several with commas.', { env: 'MAIL_TO' }),
};
type EmailSettings = WrittenOf<typeof options>;

/** Mail by SMTP. */
export const email = defineChannel({
  options,
  restrictions: {
    dependencies: { user: ['password'], password: ['user'] },
    if: { properties: { password: true }, required: ['password'] },
    then: {
      properties: {
        tls: {
          not: { const: 'none' },
          fault: 'none would send the password in the clear: use starttls or implicit',
        },
      },
    },
  },
  async send(message, channel, deps) {
    const mail = mailOf(message, channel, deps.readSecret);
    const options = transportOptions(channel, deps);
    // Loaded only here: a run without a mail channel does not pay for it.
    const { createTransport } = await import('nodemailer');
    try {
      const { accepted, rejected } = await createTransport(options).sendMail({ ...mail, signal: deps.signal });
      if (rejected.length === 0) return SENT;
      const all = formatCount(accepted.length + rejected.length, 'recipient');
      return { kind: 'sent', note: `the mail server refused ${rejected.length} of ${all}` };
    } catch (error) {
      return failureOf(error);
    }
  },
});

function transportOptions(channel: EmailSettings, { readSecret, timeoutMs }: SendDeps): SMTPTransportOptions {
  const { user, password, tls } = channel;
  return {
    host: readSecret(channel.host),
    secure: tls === 'implicit',
    // Without requireTLS, somebody on the line could remove STARTTLS from the server's answer.
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(channel.port === undefined ? {} : { port: readPort(readSecret(channel.port)) }),
    ...(user === undefined || password === undefined
      ? {}
      : { auth: { user: readSecret(user), pass: readSecret(password) } }),
    dnsTimeout: timeoutMs,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // Do not wait for the server's goodbye, which never comes from one that hangs.
    socketCloseTimeout: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('the port in the secret is no port number');
  return port;
}

function failureOf(error: unknown): SendFailure {
  const reason = oneLine(errorMessage(error), 200);
  // 4yz replies are transient, 5yz permanent (RFC 5321, 4.2.1); greylisting is a 450.
  const reply =
    error instanceof Error && 'responseCode' in error && typeof error.responseCode === 'number'
      ? error.responseCode
      : undefined;
  if (reply !== undefined) return reply < 500 ? failedForNow(reason) : refused(reason);
  const network = networkFailure(error);
  if (network) return network;
  return TRANSIENT_CODES.has(errorCode(error) ?? '') ? failedForNow(reason) : refused(reason);
}
