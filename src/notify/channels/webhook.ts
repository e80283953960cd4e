import { parseHttpUrl, request } from '../http.ts';
import { defineChannel } from '../channel.ts';
import { choice, optionalSecret, secret } from '../../settings/options.ts';
import { judgeAnswer } from '../webhook-answers.ts';
import { WEBHOOK_PRESETS, webhookPayload } from '../webhook-presets.ts';

/** A JSON POST to a URL. */
export const webhook = defineChannel({
  options: {
    url: secret('Where the message is posted to.'),
    preset: choice(WEBHOOK_PRESETS, 'generic', 'Whose JSON it speaks.'),
    token: optionalSecret('Sent as Authorization: Bearer …'),
  },
  async send(message, channel, { readSecret, environment, signal }) {
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
  },
});
