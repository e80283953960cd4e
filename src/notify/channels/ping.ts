import { createHash } from 'node:crypto';
import { parseHttpUrl, request } from '../http.ts';
import { ALERT_EVENTS } from '../events.ts';
import type { MessageEvent } from '../message.ts';
import { flag, secret } from '../../settings/kinds.ts';
import { defineChannel, failedForNow, refused, SENT } from '../channel.ts';

/**
 * What is appended to the ping URL (healthchecks.io, "Pinging API"). `/log` records without changing the state of the
 * check, so a warning or a test neither raises nor ends an alarm.
 */
const SUFFIX: Readonly<Record<MessageEvent, string>> = {
  start: '/start',
  success: '',
  recovery: '',
  failure: '/fail',
  stale: '/fail',
  warning: '/log',
  test: '/log',
};

/** A ping URL in the style of healthchecks: `/start`, success, `/fail`. */
export const ping = defineChannel({
  options: {
    url: secret.required('The URL of the check.', { env: 'WATCHDOG_URL' }),
    send_log: flag.byDefault(false, 'Whether the message goes along as the body.'),
  },
  events: {
    offered: ALERT_EVENTS,
    // A ping service raises the alarm when the pings stop, so a healthy run must be told too.
    byDefault: ['start', 'success', 'failure', 'recovery', 'stale'],
  },
  async send(message, channel, { readSecret, environment, signal }) {
    const url = parseHttpUrl(readSecret(channel.url));
    url.pathname = `${url.pathname.replace(/\/+$/, '')}${SUFFIX[message.event]}`;
    const { run_id: runId } = message.fields;
    if (typeof runId === 'string') url.searchParams.set('rid', uuidOf(runId));
    const end = await request({
      url,
      environment,
      signal,
      ...(channel.send_log
        ? {
            method: 'POST',
            headers: { 'content-type': 'text/plain; charset=utf-8' },
            body: `${message.subject}\n\n${message.body}`,
          }
        : { method: 'GET' }),
    });
    if (end.kind === 'failed') return end;
    // healthchecks answers 200 even then, so that a client's job does not fail because of it.
    if (end.text.startsWith('OK (not found)')) return refused('the ping service knows no such check (any more)');
    if (end.text.startsWith('OK (rate limited)')) return failedForNow('the ping service limits the rate of pings');
    return SENT;
  },
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The run id as a UUID, which `rid` has to be. Any other id is hashed into one, so that start and end still match. */
function uuidOf(runId: string): string {
  if (UUID.test(runId)) return runId.toLowerCase();
  const hex = createHash('sha256').update(runId).digest('hex');
  // Version 8, variant 10 (RFC 9562): a UUID whose content one chooses.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
