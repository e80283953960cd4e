import { Command, CommanderError } from 'commander';
import { fstatSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { systemClock, type Clock } from '../../src/platform/clock.ts';
import { leaveRemovedDirectory } from '../../src/platform/current-directory.ts';
import { errorMessage, isFull } from '../../src/platform/files.ts';
import { createLogger, isJournal, type Log } from '../../src/platform/logger.ts';
import { runProcess, type RunProcess } from '../../src/platform/process.ts';
import { exitCodeOf } from '../../src/shared/outcome.ts';
import { ON_ONE_LINE } from '../../src/shared/suggestion.ts';
import { version } from '../../src/shared/version.ts';
import { SecondaryConfigError } from '../config/load.ts';
import { StoreRefusal } from '../store/refusal.ts';
import type { Exits } from './exits.ts';
import { commandMeant } from './names.ts';

/** What differs between the programs. */
export interface DeclaredProgram {
  readonly name: string;
  readonly description: string;
  readonly exits: Exits;
  /** What is said when a signal has ended it; default: the error that this caused. */
  readonly interrupted?: string;
  /** Adds arguments, options and commands. */
  readonly define: (program: Command, finish: Finish, deps: FrameDeps) => void;
}

/** What the frame gives to every command. */
export interface FrameDeps {
  readonly uid: number;
  readonly runProcess: RunProcess;
  readonly clock: Clock;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Takes finished text for standard output. */
  readonly write: (text: string) => void;
  /** Aborted by SIGTERM, SIGINT and SIGHUP. */
  readonly signal: AbortSignal;
}

/** Ends the command with an exit code. */
export type Finish = (code: number) => void;

/**
 * Runs a program of the secondary that is started by people and timers, and sets its exit code: signals, errors and their
 * codes, help and what was mistyped.
 */
export async function runProgram(declared: DeclaredProgram): Promise<void> {
  const interruption = new AbortController();
  let interruptedBy: NodeJS.Signals | undefined;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interruptedBy = signal;
      interruption.abort();
    });
  }
  // A reader that went away (`… | head`) must not end it in the middle. Unread output is simply lost.
  let unwritten: unknown;
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: unknown) => {
    unwritten = error;
  });
  process.umask(0o077);
  leaveRemovedDirectory();

  let code = declared.exits.done.code;
  const program = build(declared, (result) => (code = result), interruption.signal);
  try {
    await program.parseAsync(process.argv);
    if (interruptedBy) code = exitCodeOf('interrupted', interruptedBy);
  } catch (error) {
    code = codeAfter(error, program, declared, interruptedBy);
  }
  await setImmediate(); // what a write has failed with is told after it
  if (isFull(unwritten)) {
    process.stderr.write(`${declared.name}: What was to be printed is not complete: ${errorMessage(unwritten)}\n`);
    if (code === declared.exits.done.code) code = declared.exits.failed.code;
  }
  process.exitCode = code;
}

/** A program with all its commands, for a description of them; it is not to be run. */
export function describeProgram(declared: DeclaredProgram): Command {
  return build(declared, () => undefined, new AbortController().signal);
}

function build({ name, description, define }: DeclaredProgram, finish: Finish, signal: AbortSignal): Command {
  const program = new Command(name)
    .description(description)
    .version(version)
    .configureOutput(ON_ONE_LINE)
    .exitOverride();
  define(program, finish, depsUntil(signal));
  return program;
}

/** Says what went wrong. @returns the exit code */
function codeAfter(
  error: unknown,
  program: Command,
  { name, exits, interrupted }: DeclaredProgram,
  interruptedBy: NodeJS.Signals | undefined,
): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exits.done.code;
    const meant = error.code === 'commander.excessArguments' ? commandMeant(program, program.args[0]) : '';
    process.stderr.write(`${meant || `Help: ${name} --help`}\n`);
    return exits.usage.code;
  }
  const isRefusal = error instanceof StoreRefusal || error instanceof SecondaryConfigError;
  const words = (interruptedBy && !isRefusal ? interrupted : undefined) ?? errorMessage(error);
  process.stderr.write(`${name}: ${words}\n`);
  if (isRefusal) return exits.usage.code;
  return interruptedBy ? exitCodeOf('interrupted', interruptedBy) : exits.failed.code;
}

/** The parts of the platform that commands use, until they are interrupted. */
function depsUntil(signal: AbortSignal): FrameDeps {
  return {
    uid: process.getuid?.() ?? 0,
    runProcess,
    clock: systemClock,
    log: createLogger({
      write: (text) => process.stderr.write(text),
      redact: (text) => text,
      level: 'info',
      style: isJournal(process.env, fstatSync(2)) ? 'journal' : 'plain',
    }),
    environment: process.env,
    write: (text) => process.stdout.write(text),
    signal,
  };
}
