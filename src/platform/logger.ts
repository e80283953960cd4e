import type { Redact } from '../shared/redaction.ts';

/** Syslog severities that are used here. */
export type LogLevel = 'error' | 'warning' | 'notice' | 'info' | 'debug';

const SYSLOG_PRIORITY: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 };

/** Writes one message; many lines become as many journal lines of one priority. */
export type Log = (level: LogLevel, message: string) => void;

/** Where and how a logger writes. */
export interface LoggerOptions {
  /** Takes finished text with its newline. */
  readonly write: (text: string) => void;
  /** Redacts everything that is written. */
  readonly redact: Redact;
  /** Least severe level that is written. */
  readonly level: LogLevel;
  /**
   * `journal`: `<3>` prefixes that systemd reads as priorities (sd-daemon(3)).
   * `plain`: the words `error:` and `warning:` before each line that is not indented; nothing in front of the rest.
   */
  readonly style: 'journal' | 'plain';
}

/** Makes a {@link Log}. */
export function createLogger(options: LoggerOptions): Log {
  return (level, message) => {
    if (SYSLOG_PRIORITY[level] > SYSLOG_PRIORITY[options.level]) return;
    const lines = options.redact(message).split('\n');
    if (options.style === 'journal') {
      options.write(lines.map((line) => `<${SYSLOG_PRIORITY[level]}>${line}\n`).join(''));
    } else {
      const mark = level === 'error' || level === 'warning' ? `${level}: ` : '';
      // Indented lines are details of the one above; every other line is a problem of its own.
      options.write(lines.map((line) => `${/^(?:\s|$)/.test(line) ? '' : mark}${line}\n`).join(''));
    }
  };
}

/**
 * Whether this process's standard error is the systemd journal.
 *
 * systemd sets JOURNAL_STREAM to device:inode of the stream (systemd.exec(5)); a child whose stderr was redirected
 * inherits the variable, so the numbers must match.
 */
export function isJournal(environment: NodeJS.ProcessEnv, stderr: { dev: number; ino: number }): boolean {
  return environment.JOURNAL_STREAM === `${stderr.dev}:${stderr.ino}`;
}
