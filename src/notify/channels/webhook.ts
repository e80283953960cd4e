import { bearer, parseHttpUrl, request } from '../http.ts';
import { defineChannel } from '../channel.ts';
import { choice, secret } from '../../settings/kinds.ts';
import { judgeAnswer } from '../webhook-answers.ts';
import { WEBHOOK_PRESETS, webhookPayload } from '../webhook-presets.ts';

/** A JSON POST to a URL. */
export const webhook = defineChannel({
  options: {
    url: secret.required('Where the message is posted to.', { env: 'OPS_WEBHOOK_URL' }),
    preset: choice(WEBHOOK_PRESETS).byDefault('generic', 'Whose JSON it speaks.', 'slack'),
    token: secret.optional('Sent as Authorization: Bearer …', { env: 'OPS_WEBHOOK_TOKEN' }),
  },
  async send(message, channel, { readSecret, environment, signal }) {
    const url = parseHttpUrl(readSecret(channel.url));
    const end = await request({
      url,
      environment,
      method: 'POST',
      headers: bearer(channel.token && readSecret(channel.token)),
      json: webhookPayload(message, channel.preset),
      signal,
    });
    return end.kind === 'answered' ? judgeAnswer(channel.preset, end.text) : end;
  },
});
