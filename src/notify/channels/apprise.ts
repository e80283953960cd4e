import { ofSchema, secret } from '../../settings/kinds.ts';
import { judgeJson } from '../answers.ts';
import { defineChannel, refused } from '../channel.ts';
import { parseHttpUrl, request } from '../http.ts';
import type { AlertMessage } from '../message.ts';

/** An Apprise API server ("API Details"): `/notify/KEY`, or `/notify` with the addresses to tell. */
export const apprise = defineChannel({
  options: {
    url: secret.required('The URL to notify: https://SERVER/notify/KEY.', { env: 'APPRISE_URL' }),
    tag: ofSchema<string>({ type: 'string', minLength: 1 }).optional(
      'Which addresses under the key are told; default: those without a tag.',
      'ops',
    ),
    urls: secret.optional('The addresses, where the URL has no key.', { env: 'APPRISE_URLS' }),
  },
  async send(message, channel, { readSecret, environment, signal }) {
    const end = await request({
      url: parseHttpUrl(readSecret(channel.url)),
      environment,
      method: 'POST',
      headers: { accept: 'application/json' },
      json: {
        title: message.subject,
        body: message.body,
        type: typeOf(message),
        format: 'text',
        ...(channel.tag === undefined ? {} : { tag: channel.tag }),
        ...(channel.urls === undefined ? {} : { urls: readSecret(channel.urls) }),
      },
      signal,
    });
    // 204, without a body: nobody was told, because nothing is configured. (When one address of several fails, it is 424.)
    if (end.kind === 'answered' && end.text === '') return refused('Apprise knows nobody under this key');
    return judgeJson('Apprise', end, ({ error }) => error === null || error === undefined);
  },
});

/** Apprise's types of messages. */
function typeOf({ event, severity }: AlertMessage): string {
  if (severity === 'error') return 'failure';
  if (severity === 'warning') return 'warning';
  return event === 'success' || event === 'recovery' ? 'success' : 'info';
}
