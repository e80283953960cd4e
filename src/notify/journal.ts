import type { Log, LogLevel } from '../platform/logger.ts';
import type { AlertMessage, AlertSeverity } from './message.ts';

const LEVEL: Readonly<Record<AlertSeverity, LogLevel>> = { error: 'error', warning: 'warning', info: 'info' };

/**
 * Writes the message to the log, which under systemd is the journal. Always done; cannot fail. What went well takes one
 * line, and a start none: the run's own lines tell it.
 */
export function writeToJournal(message: AlertMessage, log: Log): void {
  if (message.event === 'start') return;
  if (message.event === 'success' || message.event === 'recovery') {
    log('info', message.subject);
    return;
  }
  const details = message.body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `  ${line}`);
  log(LEVEL[message.severity], [message.subject, ...details].join('\n'));
}
