import { failedForNow, refused, SENT, type SendResult } from './channel.ts';
import type { HttpEnd } from './http.ts';
import { oneLine } from './text.ts';

/** What means "try again later" in a 2xx answer. */
const LATER = /\b(?:HTTP error )?(?:429|50[0234])\b|rate.?limit|too many requests|throttl|try again/i;

/** A 2xx answer that is not what a service says when it takes a message: an error, from the service or from a proxy. */
export function notTaken(service: string, text: string): SendResult {
  const said = oneLine(text, 120);
  const reason = `the server answered with a success code, but not as ${service} does when it takes a message: ${said === '' ? 'nothing' : said}`;
  return LATER.test(text) ? failedForNow(reason) : refused(reason);
}

/** A JSON object, or undefined if the text is anything else. */
export function parseAnswer(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Interprets how a request to a service that answers in JSON ended.
 * @param isTaken whether a 2xx answer with this content means that the message was taken
 */
export function judgeJson(
  service: string,
  end: HttpEnd,
  isTaken: (answer: Readonly<Record<string, unknown>>) => boolean,
): SendResult {
  if (end.kind === 'failed') return end;
  const answer = parseAnswer(end.text);
  return answer !== undefined && isTaken(answer) ? SENT : notTaken(service, end.text);
}
