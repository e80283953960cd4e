import type { WebhookChannel } from '../../shared/alert-settings.ts';
import { parseHttpUrl, request } from '../http.ts';
import type { Send } from '../channel.ts';
import { judgeAnswer } from '../webhook-answers.ts';
import { webhookPayload } from '../webhook-presets.ts';

/** Posts the message as JSON, in the words of the preset. */
export const sendWebhook: Send<WebhookChannel> = async (message, channel, { readSecret, environment, signal }) => {
  const url = parseHttpUrl(readSecret(channel.url));
  const end = await request({
    url,
    environment,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(channel.token === undefined ? {} : { authorization: `Bearer ${readSecret(channel.token)}` }),
    },
    body: JSON.stringify(webhookPayload(message, channel.preset)),
    signal,
  });
  return end.kind === 'answered' ? judgeAnswer(channel.preset, end.text) : end;
};
