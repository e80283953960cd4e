import { bearer, parseHttpUrl, request } from '../http.ts';
import type { AlertSeverity } from '../message.ts';
import { choice, secret } from '../../settings/kinds.ts';
import type { WrittenOf } from '../../settings/option.ts';
import { clip, clipBytes } from '../text.ts';
import { defineChannel, refused, SENT } from '../channel.ts';

/** ntfy turns a longer message into an attachment (docs.ntfy.sh, "Limitations": 4,096 bytes). */
const LONGEST_MESSAGE = 4000;
const LONGEST_TITLE = 200;

/** Emoji short codes that ntfy shows before the title. */
const TAG: Readonly<Record<AlertSeverity, string>> = {
  error: 'rotating_light',
  warning: 'warning',
  info: 'white_check_mark',
};

/** ntfy's priorities, lowest first; on the wire they are numbered from 1. */
const PRIORITIES = ['min', 'low', 'default', 'high', 'max'] as const;

const options = {
  url: secret.required("The topic's URL: server and topic.", { env: 'NTFY_URL' }),
  token: secret.optional('Sent as Authorization: Bearer …', { env: 'NTFY_TOKEN' }),
  priority: choice(PRIORITIES).byDefault('high', 'Of failures and stale backups; the rest stays below.'),
};

/**
 * A topic of an ntfy server. The message is published as JSON to the server's root, because in the other form, as
 * headers, the title would have to be ASCII.
 */
export const ntfy = defineChannel({
  options,
  async send(message, channel, { readSecret, environment, signal }) {
    const url = parseHttpUrl(readSecret(channel.url));
    const parts = url.pathname.replace(/\/+$/, '').split('/');
    const topic = parts.pop() ?? '';
    if (topic === '') return refused('the URL in the secret names no topic: it ends in /TOPIC');
    url.pathname = `${parts.join('/')}/`;
    const end = await request({
      url,
      environment,
      method: 'POST',
      headers: bearer(channel.token && readSecret(channel.token)),
      json: {
        topic: decodeURIComponent(topic),
        title: clip(message.subject, LONGEST_TITLE),
        message: clipBytes(message.body, LONGEST_MESSAGE),
        priority: priorityOf(message.severity, channel.priority),
        tags: [TAG[message.severity]],
      },
      signal,
    });
    return end.kind === 'answered' ? SENT : end;
  },
});

/** The number of the priority: the configured one for errors, at most "default" for the rest. */
function priorityOf(severity: AlertSeverity, configured: WrittenOf<typeof options>['priority']): number {
  const number = PRIORITIES.indexOf(configured) + 1;
  return severity === 'error' ? number : Math.min(number, 3);
}
