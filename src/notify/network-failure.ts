import { ownValue } from '../shared/lookup.ts';
import { errorCode, errorMessage } from '../platform/files.ts';
import { failedForNow, refused, type SendFailure } from './channel.ts';
import { oneLine } from './text.ts';

/** What the codes of failed connections mean. They come from Node's net and dns, and from undici, Node's fetch. */
const MEANING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  UND_ERR_SOCKET: 'connection closed without an answer',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name cannot be resolved now',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'connecting took too long',
  UND_ERR_CONNECT_TIMEOUT: 'connecting took too long',
};

/** Interprets an error that came before the other side could answer; undefined for any other error. */
export function networkFailure(error: unknown): SendFailure | undefined {
  const message = errorMessage(error);
  // Matches OpenSSL's text, because nodemailer and fetch replace its code with their own.
  if (/certificate|altname/i.test(message)) {
    return refused(
      `the certificate of the server is not trusted (${oneLine(message, 120)}); a private authority goes into NODE_EXTRA_CA_CERTS`,
    );
  }
  // nodemailer has its own code (ESOCKET, EDNS) and leaves Node's in the text.
  const codes = [errorCode(error) ?? '', ...(message.match(/\b(?:E[A-Z]{3,}|EAI_AGAIN)\b/g) ?? [])];
  const known = codes.map((code) => ownValue(MEANING, code)).find((text) => text !== undefined);
  return known === undefined ? undefined : failedForNow(known);
}
