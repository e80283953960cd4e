import { fstatSync } from 'node:fs';
import { hostname } from 'node:os';
import { createTellings, type Tellings } from '../notify/tellings.ts';
import { systemClock, type Clock } from '../platform/clock.ts';
import { createLogger, isJournal, type Log } from '../platform/logger.ts';
import { runProcess, type RunProcess } from '../platform/process.ts';
import { createLearningRedactor, type LearningRedactor } from '../shared/redaction.ts';

/** What every command gets: outputs, clock, processes, environment and signals. */
export interface Context {
  /** Results, for people and programs. Redacted. */
  readonly out: (text: string) => void;
  /** Messages besides the results: standard error, with priorities under systemd. Redacted. */
  readonly log: Log;
  /** Records what people have been told of failures. */
  readonly tellings: Tellings;
  readonly redactor: LearningRedactor;
  readonly clock: Clock;
  readonly runProcess: RunProcess;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly host: string;
  /** Whether standard error is a terminal on which a bar may move. */
  readonly interactive: boolean;
  /** Whether somebody can answer questions: standard input and standard error are terminals. */
  readonly terminal: boolean;
  /** Columns of the terminal that shows the results; undefined when standard output is not a terminal. */
  readonly columns: number | undefined;
  /** Aborted with a SignalReceived by SIGTERM, SIGINT and SIGHUP. */
  readonly signal: AbortSignal;
  /** Aborted by a second signal: give up what is left to do, alerts too. */
  readonly hurry: AbortSignal;
}

/** The context of this process. */
export function processContext(signal: AbortSignal, hurry: AbortSignal): Context {
  const redactor = createLearningRedactor();
  const journal = isJournal(process.env, fstatSync(2));
  return {
    out: (text) => process.stdout.write(redactor.redact(text)),
    log: createLogger({
      write: (text) => process.stderr.write(text),
      redact: redactor.redact,
      level: 'info',
      style: journal ? 'journal' : 'plain',
    }),
    tellings: createTellings(),
    redactor,
    clock: systemClock,
    runProcess,
    environment: process.env,
    host: hostname(),
    interactive: process.stderr.isTTY,
    terminal: process.stdin.isTTY && process.stderr.isTTY,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    signal,
    hurry,
  };
}
