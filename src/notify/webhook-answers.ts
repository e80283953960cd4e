import { oneLine } from './text.ts';
import type { WebhookPreset } from './webhook-presets.ts';
import { failedForNow, refused, SENT, type SendResult } from './channel.ts';

/**
 * What each service puts into the body of an answer of the 200s when it took the message, by its documentation; anything
 * else is what it, or a proxy before it, has to say instead. `undefined`: whoever takes it says what he likes.
 */
const TAKEN: Readonly<Record<WebhookPreset, RegExp | undefined>> = {
  generic: undefined,
  // "Sending messages using incoming webhooks": ok. Servers that imitate Slack's answer with JSON that says so, or nothing.
  slack: /^(?:ok)?$|"(?:ok|success)"\s*:\s*true|"result"\s*:\s*"success"/i,
  // "Incoming webhooks": ok.
  mattermost: /^(?:ok)?$/i,
  // "Execute Webhook": 204 without a body, or with ?wait=true the message that was made.
  discord: /^$|"id"\s*:\s*"\d+"/,
  // A connector answers 1, and with 200 an error in words (also of a limit) when Teams did not take it; a workflow answers
  // 202 without a body.
  teams: /^1?$/,
};

/** Words for "later" in an answer that came with a status of the 200s. */
const LATER = /\b(?:HTTP error )?(?:429|50[0234])\b|rate.?limit|too many requests|throttl|try again/i;

/** Tells what a service's answer of the 200s means. */
export function judgeAnswer(preset: WebhookPreset, text: string): SendResult {
  const taken = TAKEN[preset];
  if (taken === undefined || taken.test(text.trim())) return SENT;
  const reason = `the server answered with a success code, but not as ${preset} does when it takes a message: ${oneLine(text, 120)}`;
  return LATER.test(text) ? failedForNow(reason) : refused(reason);
}
