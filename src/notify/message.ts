import type { AlertEvent } from './events.ts';
import { OUTCOMES } from '../shared/outcome.ts';
import { redactDeep, type Redact } from '../shared/redaction.ts';
import { formatCount, formatDuration, formatSize } from '../shared/units.ts';
import { adviceOf, type AlertFacts, type AlertNumbers, type ProblemFacts, type RunFacts } from './facts.ts';
import { fieldsOf, LONGEST_REASON, LONGEST_WARNING, MOST_WARNINGS, type AlertFields } from './fields.ts';
import { clip, oneLine, plainText } from './text.ts';

/** What a message reports: an event, or a test of the channels. */
export type MessageEvent = AlertEvent | 'test';

/** How much it matters: `error` means that something is not secured. */
export type AlertSeverity = 'error' | 'warning' | 'info';

/** One alert in words; every channel sends the same. */
export interface AlertMessage {
  readonly event: MessageEvent;
  readonly severity: AlertSeverity;
  /** One line without control characters. */
  readonly subject: string;
  /** Lines without control characters; at most {@link LONGEST_BODY} characters. */
  readonly body: string;
  readonly fields: AlertFields;
}

const LONGEST_SUBJECT = 180;
/** Longest body, in characters. */
export const LONGEST_BODY = 6000;

const SEVERITY: Readonly<Record<AlertEvent, AlertSeverity>> = {
  start: 'info',
  success: 'info',
  failure: 'error',
  recovery: 'info',
  warning: 'warning',
  stale: 'error',
};

/** Words the facts: a short subject, and a body that says what is not protected, since when, why, and what to do. */
export function wordMessage(facts: AlertFacts): AlertMessage {
  if (facts.kind === 'test') return wordTest(facts.host, facts.at);
  return {
    event: facts.event,
    severity: SEVERITY[facts.event],
    subject: oneLine(facts.kind === 'run' ? runSubject(facts) : problemSubject(facts), LONGEST_SUBJECT),
    body: clip(plainText(bodyOf(facts)), LONGEST_BODY),
    fields: fieldsOf(facts),
  };
}

/** The message for programs: the JSON of the generic webhook and of the command's standard input. */
export function messageData(message: AlertMessage): Readonly<Record<string, unknown>> {
  const { event, severity, subject, body, fields } = message;
  return { version: 1, event, severity, subject, body, ...fields };
}

/** The message with every secret in its words replaced. */
export function redactMessage(message: AlertMessage, redact: Redact): AlertMessage {
  const { subject, body, fields } = message;
  return { ...message, subject: redact(subject), body: redact(body), fields: redactDeep(fields, redact) };
}

function wordTest(host: string, at: Date): AlertMessage {
  return {
    event: 'test',
    severity: 'info',
    subject: oneLine(`Test alert from offsite-rsync on ${host}`, LONGEST_SUBJECT),
    body: `This is a test, sent at ${timeText(at)}. If you can read it, this channel works. Nothing is wrong.`,
    fields: { host: oneLine(host), time: at.toISOString() },
  };
}

function runSubject(facts: RunFacts): string {
  const what = `${facts.host}/${facts.job} to ${facts.target}`;
  switch (facts.event) {
    case 'start':
      return `Started: ${what}`;
    case 'success':
      return `Secured: ${what}`;
    case 'failure':
      return `Not secured: ${what}: ${OUTCOMES[facts.outcome].title}${countInBrackets(facts.failures)}`;
    case 'recovery':
      return `Secured again: ${what}${facts.failures > 0 ? ` (after ${formatCount(facts.failures, 'failure')})` : ''}`;
    case 'warning':
      return `Warning: ${what}: ${facts.warnings?.[0] ?? facts.reason ?? OUTCOMES[facts.outcome].title}`;
    case 'stale':
      return `Stale: ${what}: ${sealedText(facts)}`;
    default:
      return facts.event satisfies never;
  }
}

function problemSubject(facts: ProblemFacts): string {
  const label: Readonly<Record<AlertEvent, string>> = {
    start: 'Started',
    success: 'In order',
    failure: 'Problem',
    recovery: 'Resolved',
    warning: 'Warning',
    stale: 'Stale',
  };
  return `${label[facts.event]}: ${facts.problem}${countInBrackets(facts.failures ?? 0)}`;
}

function bodyOf(facts: RunFacts | ProblemFacts): string {
  const open = facts.event === 'failure' || facts.event === 'stale' || facts.event === 'warning';
  const lines = [
    facts.kind === 'run' ? runSentence(facts) : sentence(facts.problem),
    '',
    ...(open ? protection(facts) : []),
    line('Why', whyText(facts, open)),
    open ? countLine(facts) : '',
    line('What to do', open ? indented(clip(plainText(adviceOf(facts)).trim(), LONGEST_REASON)) : ''),
    ...warningLines(facts.warnings ?? []),
    facts.kind === 'run' ? line('Sizes', numbersText(facts.numbers)) : '',
    facts.kind === 'run' && facts.durationMs !== undefined ? line('Took', formatDuration(facts.durationMs)) : '',
    line('Reported by', `${oneLine(facts.host)} at ${timeText(facts.at)}`),
    line('Run', facts.runId === undefined ? '' : oneLine(facts.runId)),
  ];
  // Lines with nothing to say are dropped, but not the empty line after the first sentence.
  return lines.filter((text, index) => text !== '' || index === 1).join('\n');
}

function runSentence(facts: RunFacts): string {
  const backup = `The backup ${facts.job} of ${facts.host}`;
  const snapshot = facts.lastSealed === undefined ? '' : ` as snapshot ${facts.lastSealed}`;
  switch (facts.event) {
    case 'start':
      return `${backup} is being sent to ${facts.target}.`;
    case 'success':
      return `${backup} is secured on ${facts.target}${snapshot}.`;
    case 'recovery':
      return `${backup} is secured on ${facts.target} again${snapshot}${after(facts)}.`;
    case 'failure':
      return `${backup} is NOT secured on ${facts.target}.`;
    case 'stale':
      return `${backup} was due on ${facts.target} and is NOT there.`;
    case 'warning':
      if (facts.outcome === 'locked') {
        return `${backup} was not sent to ${facts.target} a second time: another run is going on and will report how it ends.`;
      }
      return facts.outcome === 'done'
        ? `${backup} is secured on ${facts.target}${snapshot}, with a warning.`
        : `A warning about the backup ${facts.job} of ${facts.host} on ${facts.target}.`;
    default:
      return facts.event satisfies never;
  }
}

function after({ failures, failingSince }: RunFacts): string {
  if (failures === 0) return '';
  return `, after ${formatCount(failures, 'failure')}${failingSince ? ` since ${timeText(failingSince)}` : ''}`;
}

function protection(facts: RunFacts | ProblemFacts): string[] {
  const { notProtectedSince: since, at, lastSealed } = facts;
  if (facts.protectionUnknown === true && facts.event !== 'warning') {
    return [line('Last sealed snapshot', 'not known: the state of the job cannot be read')];
  }
  // A problem of the secondary (a full disk, a wrong clock) need not be about one backup.
  if (facts.kind === 'problem' && since === undefined && lastSealed === undefined) return [];
  // The run behind a warning has secured its data, unless it says otherwise.
  if (facts.event === 'warning' && since === undefined) return [];
  const span = since && at > since ? `, for ${formatDuration(at.getTime() - since.getTime())}` : '';
  return [
    line('Not protected since', since ? `${timeText(since)}${span}` : ''),
    line('Last sealed snapshot', lastSealed ?? 'none: nothing of it has been secured yet'),
  ];
}

function sealedText({ lastSealed, notProtectedSince }: RunFacts): string {
  if (lastSealed !== undefined) return `no sealed snapshot since ${lastSealed}`;
  return notProtectedSince ? `no sealed snapshot since ${timeText(notProtectedSince)}` : 'no sealed snapshot yet';
}

function whyText(facts: RunFacts | ProblemFacts, open: boolean): string {
  const title = facts.kind === 'run' && open && facts.outcome !== 'done' ? OUTCOMES[facts.outcome].title : '';
  const reason = indented(clip(plainText(facts.reason ?? '').trim(), LONGEST_REASON));
  if (title === '') return reason;
  return reason === '' ? title : reason.startsWith(title) ? reason : `${title}: ${reason}`;
}

function countLine(facts: RunFacts | ProblemFacts): string {
  const failures = facts.failures ?? 0;
  if (failures < 2) return '';
  const since = facts.failingSince ?? facts.notProtectedSince;
  return line('Repeated', `${ordinal(failures)} failure in a row${since ? ` since ${timeText(since)}` : ''}`);
}

function countInBrackets(failures: number): string {
  return failures < 2 ? '' : ` (${ordinal(failures)} failure in a row)`;
}

function warningLines(warnings: readonly string[]): string[] {
  if (warnings.length === 0) return [];
  const shown = warnings.slice(0, MOST_WARNINGS).map((warning) => `- ${oneLine(warning, LONGEST_WARNING)}`);
  const more = warnings.length - shown.length;
  return ['Warnings:', ...shown, ...(more > 0 ? [`- and ${more} more; see the journal`] : [])];
}

function numbersText(numbers: AlertNumbers | undefined): string {
  const { files, bytes, sentBytes } = numbers ?? {};
  return [
    files === undefined ? '' : formatCount(files, 'file'),
    bytes === undefined ? '' : formatSize(bytes),
    sentBytes === undefined ? '' : `${formatSize(sentBytes)} sent`,
  ]
    .filter(Boolean)
    .join(', ');
}

function line(label: string, text: string): string {
  return text === '' ? '' : `${label}: ${text}`;
}

// Later lines are indented: a file name with a line break must not look like a line of ours.
function indented(text: string): string {
  return text.replaceAll('\n', '\n  ');
}

function sentence(text: string): string {
  const single = oneLine(text, LONGEST_REASON);
  // Only a plain word gets a capital letter; foo.service is a name and stays as it is.
  const start = /^[a-z]+[ ,]/.test(single) ? single.charAt(0).toUpperCase() : single.charAt(0);
  return `${start}${single.slice(1)}${/[.!?]$/.test(single) ? '' : '.'}`;
}

/** `2026-11-23 02:15 UTC`. */
function timeText(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `1st`, `2nd`, `3rd`, `4th`, `11th`, `21st`. */
function ordinal(count: number): string {
  const teen = count % 100 >= 11 && count % 100 <= 13;
  const ending = teen ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${ending}`;
}
