import { secret } from '../../settings/kinds.ts';
import { judgeJson } from '../answers.ts';
import { defineChannel } from '../channel.ts';
import type { AlertEvent } from '../events.ts';
import { parseHttpUrl, request } from '../http.ts';

/** What the monitor counts as down. */
const DOWN: ReadonlySet<string> = new Set<AlertEvent>(['failure', 'stale']);

/** A monitor of the type "push" in Uptime Kuma. Anything but a failure is a sign of life, also a test. */
export const uptimeKuma = defineChannel({
  options: {
    url: secret.required('The push URL of the monitor.', { env: 'KUMA_URL' }),
  },
  events: {
    // The monitor knows only up and down; a warning is neither.
    offered: ['success', 'failure', 'recovery', 'stale'],
    // It raises the alarm when the pushes stop, so a healthy run must be told too.
    byDefault: ['success', 'failure', 'recovery', 'stale'],
  },
  async send({ event, subject }, channel, { readSecret, environment, signal }) {
    const url = parseHttpUrl(readSecret(channel.url));
    // Kuma shows the URL with these, as an example.
    url.searchParams.delete('ping');
    url.searchParams.set('status', DOWN.has(event) ? 'down' : 'up');
    url.searchParams.set('msg', subject);
    const end = await request({ url, environment, method: 'GET', signal });
    return judgeJson('Uptime Kuma', end, ({ ok }) => ok === true);
  },
});
