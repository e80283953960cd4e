import type { WebhookChannel } from '../../shared/alert-settings.ts';
import { parseHttpUrl, request } from '../http.ts';
import { SENT, type Send } from './channel.ts';
import { webhookPayload } from './webhook-presets.ts';

/** Posts the message as JSON, in the words of the preset. */
export const sendWebhook: Send<WebhookChannel> = async (message, channel, { readSecret, signal }) => {
  const url = parseHttpUrl(readSecret(channel.url));
  const end = await request({
    url,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(channel.token === undefined ? {} : { authorization: `Bearer ${readSecret(channel.token)}` }),
    },
    body: JSON.stringify(webhookPayload(message, channel.preset)),
    signal,
  });
  return end.kind === 'answered' ? SENT : end;
};
