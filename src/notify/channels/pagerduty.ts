import { createHash } from 'node:crypto';
import { secret } from '../../settings/kinds.ts';
import { judgeJson } from '../answers.ts';
import { defineChannel } from '../channel.ts';
import { parseHttpUrl, request } from '../http.ts';
import { messageData, type AlertMessage, type AlertSeverity } from '../message.ts';
import { clip } from '../text.ts';

const PAGERDUTY = 'https://events.pagerduty.com/v2/enqueue';

/** Characters ("Send an Alert Event"). */
const LONGEST_SUMMARY = 1024;

const SEVERITY: Readonly<Record<AlertSeverity, string>> = { error: 'critical', warning: 'warning', info: 'info' };

/**
 * A service of PagerDuty ("Events API v2"). A failure opens an incident, and the recovery resolves it. What has no recovery
 * (a warning of a run, a test) is resolved by hand.
 */
export const pagerduty = defineChannel({
  options: {
    routing_key: secret.required('The integration key of the service.', { env: 'PAGERDUTY_KEY' }),
    url: secret.optional("Another URL than PagerDuty's own, as for its region EU.", { env: 'PAGERDUTY_URL' }),
  },
  async send(message, channel, { readSecret, environment, signal }) {
    const over = message.event === 'recovery' || message.event === 'success';
    const end = await request({
      url: parseHttpUrl(channel.url === undefined ? PAGERDUTY : readSecret(channel.url)),
      environment,
      method: 'POST',
      json: {
        routing_key: readSecret(channel.routing_key),
        event_action: over ? 'resolve' : 'trigger',
        dedup_key: dedupKey(message),
        ...(over ? {} : { client: 'offsite-rsync', payload: payloadOf(message) }),
      },
      signal,
    });
    // 202 {"status":"success","message":"Event processed","dedup_key":"…"}
    return judgeJson('PagerDuty', end, ({ status }) => status === 'success');
  },
});

function payloadOf(message: AlertMessage): unknown {
  const { host, job, time } = message.fields;
  return {
    summary: clip(message.subject, LONGEST_SUMMARY),
    source: host ?? 'unknown',
    severity: SEVERITY[message.severity],
    timestamp: time,
    ...(job === undefined ? {} : { component: job }),
    class: message.event,
    custom_details: messageData(message),
  };
}

/** The same for a failure and its recovery. Hashed, because a key may have 255 characters and names may be longer. */
function dedupKey({ event, fields }: AlertMessage): string {
  const { host, target, job, problem, problem_key: key } = fields;
  const what = key === undefined ? [job, problem, ...(event === 'test' ? ['test'] : [])] : [key];
  const hash = createHash('sha256').update(JSON.stringify([host, target, ...what]));
  return `offsite-rsync-${hash.digest('hex').slice(0, 32)}`;
}
