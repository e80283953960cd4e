import { integer, secret } from '../../settings/kinds.ts';
import { judgeJson } from '../answers.ts';
import { defineChannel } from '../channel.ts';
import { parseHttpUrl, request } from '../http.ts';

/** From this priority on, Gotify's app makes a sound; what is no failure stays below. */
const QUIET = 3;

/** An application on a Gotify server ("Push messages", POST /message). */
export const gotify = defineChannel({
  options: {
    url: secret.required("The server's URL.", { env: 'GOTIFY_URL' }),
    token: secret.required('The token of the application.', { env: 'GOTIFY_TOKEN' }),
    priority: integer({ minimum: 0, maximum: 10 }).byDefault(8, 'Of failures and stale backups; the rest stays below.'),
  },
  async send({ subject, body, severity }, channel, { readSecret, environment, signal }) {
    const url = parseHttpUrl(readSecret(channel.url));
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/message`;
    const end = await request({
      url,
      environment,
      method: 'POST',
      headers: { 'x-gotify-key': readSecret(channel.token) },
      json: {
        title: subject,
        message: body,
        priority: severity === 'error' ? channel.priority : Math.min(channel.priority, QUIET),
      },
      signal,
    });
    // It answers with the message, and the id that it got.
    return judgeJson('Gotify', end, ({ id }) => typeof id === 'number');
  },
});
