import { errorMessage } from '../platform/files.ts';
import { failedForNow, refused, type SendFailure } from './channel.ts';
import { networkFailure } from './network-failure.ts';
import { fetchFor } from './proxy.ts';
import { oneLine } from './text.ts';

/** One HTTP request of a channel. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Sent as JSON, in place of a body. */
  readonly json?: unknown;
  /** Where `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** How a request ended: with a 2xx answer and the beginning of its body, or with a failure. */
export type HttpEnd = { readonly kind: 'answered'; readonly text: string } | SendFailure;

/** Bytes of an answer that are read: enough for the message in it, and little whatever the server sends. */
const ANSWER_READ = 2048;

/** Statuses of the 400s that may pass: timeout, too early, too many requests. Those of the 500s all may. */
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Reads a secret as a URL for HTTP.
 * @throws Error when it is not one; the message does not contain it
 */
export function parseHttpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new Error('the URL in the secret is no http:// or https:// address');
  }
  return url;
}

/**
 * Makes one request. Redirects are not followed: the message would go, with its token, to an address that nobody
 * configured. Credentials in the URL become an `Authorization` header, unless one is given.
 */
export async function request({
  url,
  method,
  headers = {},
  json,
  body = json === undefined ? undefined : JSON.stringify(json),
  environment,
  signal,
}: HttpRequest): Promise<HttpEnd> {
  const address = new URL(url);
  address.username = '';
  address.password = '';
  try {
    const fetchThere = await fetchFor(environment);
    const answer = await fetchThere(address, {
      method,
      headers: {
        ...basicAuthorization(url),
        'user-agent': 'offsite-rsync',
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      redirect: 'manual',
      signal,
      ...(body === undefined ? {} : { body }),
    });
    const text = await beginningOf(answer);
    if (answer.ok) return { kind: 'answered', text };
    return failureOf(answer.status, text);
  } catch (error) {
    // fetch itself only says "fetch failed"; the reason is in the cause.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return networkFailure(cause) ?? failedForNow(oneLine(errorMessage(cause)));
  }
}

function failureOf(status: number, text: string): SendFailure {
  if (status >= 300 && status < 400) {
    return refused(`the server answered ${status}, a redirect, which is not followed: configure the final URL`);
  }
  const said = oneLine(text, 120);
  const reason = `the server answered ${status}${said === '' ? '' : `: ${said}`}`;
  return status >= 500 || TRANSIENT_STATUS.has(status) ? failedForNow(reason) : refused(reason);
}

function basicAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

async function beginningOf(answer: Response): Promise<string> {
  const reader = answer.body?.getReader();
  if (!reader) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < ANSWER_READ) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (done || value === undefined) break;
    chunks.push(value);
    size += value.length;
  }
  await reader.cancel();
  return Buffer.concat(chunks).subarray(0, ANSWER_READ).toString('utf8');
}

/** The header that shows a token; nothing without one. */
export function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
