import type { Log, LogLevel } from '../platform/logger.ts';
import type { AlertMessage, AlertSeverity } from './message.ts';

const LEVEL: Readonly<Record<AlertSeverity, LogLevel>> = { error: 'error', warning: 'warning', info: 'info' };

/**
 * Writes the message to the log, which under systemd is the journal. Always done; cannot fail. A success takes one
 * line. A start takes none, because the run logs that itself.
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
