import { oneLine } from './text.ts';
import type { WebhookPreset } from './webhook-presets.ts';
import { failedForNow, refused, SENT, type SendResult } from './channel.ts';

/**
 * The body of each service's 2xx answer when it took the message, according to its documentation. Any other body is an
 * error, from the service or from a proxy. `undefined`: every 2xx answer will do.
 */
const TAKEN: Readonly<Record<WebhookPreset, RegExp | undefined>> = {
  generic: undefined,
  // "Sending messages using incoming webhooks": ok. Servers that imitate Slack answer with JSON that says so, or with
  // nothing.
  slack: /^(?:ok)?$|"(?:ok|success)"\s*:\s*true|"result"\s*:\s*"success"/i,
  // "Incoming webhooks": ok.
  mattermost: /^(?:ok)?$/i,
  // "Execute Webhook": 204 without a body, or with ?wait=true the message that was made.
  discord: /^$|"id"\s*:\s*"\d+"/,
  // A connector answers 1. When Teams did not take the message, for a limit too, it still answers 200, with an error in
  // words. A workflow answers 202 without a body.
  teams: /^1?$/,
};

/** What means "try again later" in a 2xx answer. */
const LATER = /\b(?:HTTP error )?(?:429|50[0234])\b|rate.?limit|too many requests|throttl|try again/i;

/** Interprets a service's 2xx answer. */
export function judgeAnswer(preset: WebhookPreset, text: string): SendResult {
  const taken = TAKEN[preset];
  if (taken === undefined || taken.test(text.trim())) return SENT;
  const reason = `the server answered with a success code, but not as ${preset} does when it takes a message: ${oneLine(text, 120)}`;
  return LATER.test(text) ? failedForNow(reason) : refused(reason);
}
