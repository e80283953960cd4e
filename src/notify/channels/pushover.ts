import { choice, secret } from '../../settings/kinds.ts';
import { judgeJson } from '../answers.ts';
import { defineChannel } from '../channel.ts';
import { parseHttpUrl, request } from '../http.ts';
import { clip } from '../text.ts';

const PUSHOVER = 'https://api.pushover.net/1/messages.json';

/** Characters ("Message API", Limitations). */
const LONGEST = { title: 250, message: 1024 } as const;

/** What is sent for each priority. An emergency sounds every five minutes until somebody confirms it, for three hours at the most. */
const PRIORITIES = {
  normal: { priority: '0' },
  high: { priority: '1' },
  emergency: { priority: '2', retry: '300', expire: '10800' },
} as const;

/** A user or a group of Pushover ("Message API"). */
export const pushover = defineChannel({
  options: {
    token: secret.required('The token of the application.', { env: 'PUSHOVER_TOKEN' }),
    user: secret.required('The key of the user or group.', { env: 'PUSHOVER_USER' }),
    priority: choice(['normal', 'high', 'emergency']).byDefault(
      'high',
      'Of failures and stale backups; the rest is normal.',
    ),
    url: secret.optional("Another URL than Pushover's own.", { env: 'PUSHOVER_URL' }),
  },
  async send({ subject, body, severity }, channel, { readSecret, environment, signal }) {
    const form = new URLSearchParams({
      token: readSecret(channel.token),
      user: readSecret(channel.user),
      title: clip(subject, LONGEST.title),
      message: clip(body, LONGEST.message),
      ...PRIORITIES[severity === 'error' ? channel.priority : 'normal'],
    });
    const end = await request({
      url: parseHttpUrl(channel.url === undefined ? PUSHOVER : readSecret(channel.url)),
      environment,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      signal,
    });
    return judgeJson('Pushover', end, ({ status }) => status === 1);
  },
});
