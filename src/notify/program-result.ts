import type { ProcessEnd } from '../platform/process.ts';
import { failedForNow, refused, SENT, type SendResult } from './channel.ts';
import { oneLine } from './text.ts';

/** Interprets how a program that was to send an alert ended. */
export function resultOfProgram(program: string, end: ProcessEnd): SendResult {
  switch (end.kind) {
    case 'exited':
      return end.code === 0 ? SENT : failedForNow(`${program} exited with ${end.code}${said(end.stderrTail)}`);
    case 'signalled':
      return failedForNow(`${program} was ended by ${end.signal}${said(end.stderrTail)}`);
    case 'aborted':
    case 'stalled':
    case 'timed-out':
      return failedForNow(`${program} took too long and was ended${said(end.stderrTail)}`);
    case 'not-started':
      return refused(oneLine(end.cause.message, 200));
    default:
      return end satisfies never;
  }
}

function said(stderr: string): string {
  const text = oneLine(stderr, 200);
  return text === '' ? '' : `: ${text}`;
}
