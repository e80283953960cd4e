import { notTaken, parseAnswer } from './answers.ts';
import { SENT, type SendResult } from './channel.ts';
import type { WebhookPreset } from './webhook-presets.ts';

/**
 * The body of each service's 2xx answer when it took the message, according to its documentation. Any other body is an
 * error, from the service or from a proxy. `undefined`: every 2xx answer that tells of no error will do.
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

/** Interprets a service's 2xx answer. */
export function judgeAnswer(preset: WebhookPreset, text: string): SendResult {
  const taken = TAKEN[preset];
  const isTaken = taken === undefined ? !tellsOfError(text) : taken.test(text.trim());
  return isTaken ? SENT : notTaken(preset === 'generic' ? 'a service' : preset, text);
}

/**
 * Whether an answer is JSON that says that something went wrong, in one of the ways that are usual: Telegram and Slack's
 * API answer `{"ok":false,"description":"…"}`, others `success`, `error`, `errors` or `status`.
 */
function tellsOfError(text: string): boolean {
  const { ok, success, error, errors, status } = parseAnswer(text) ?? {};
  if (ok === false || success === false) return true;
  if (ok === true || success === true) return false;
  const isListed = Array.isArray(errors) && errors.length > 0;
  const isNamed =
    error === true || (typeof error === 'string' && error !== '') || (typeof error === 'object' && error !== null);
  return isListed || isNamed || (typeof status === 'string' && /^(?:error|fail(?:ed|ure)?)$/i.test(status));
}
