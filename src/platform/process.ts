import { accessSync, constants } from 'node:fs';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { eachLine } from './lines.ts';
import { endGroup } from './process-group.ts';
import { watchReading } from './reading-watch.ts';
import { watchForStall } from './stall-watch.ts';

/** How a child process ended. Expected ends are values; only a bug throws. */
export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number; readonly stderrTail: string }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals; readonly stderrTail: string }
  | { readonly kind: 'aborted'; readonly stderrTail: string }
  | { readonly kind: 'timed-out'; readonly stderrTail: string }
  /** It did nothing for `afterMs`, so we ended it. */
  | { readonly kind: 'stalled'; readonly afterMs: number; readonly stderrTail: string }
  | { readonly kind: 'not-started'; readonly cause: Error };

/** What to run and what to do with its output. */
export interface ProcessSpec {
  /** Program name or path. */
  readonly program: string;
  /** Arguments, one per element; no shell ever sees them. */
  readonly args: readonly string[];
  /** The whole environment of the child; default: this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: this process's own, or / where that cannot be entered. */
  readonly cwd?: string;
  /** Text or a stream for its standard input; default: none (/dev/null). */
  readonly input?: string | Readable;
  /** Called for every line of standard output, as it comes. A carriage return ends a line too (progress). */
  readonly onStdoutLine?: (line: string) => void;
  /** Called instead for every piece of standard output, as it comes, where it is no text. */
  readonly onStdout?: (piece: Buffer) => void;
  /** What ends a line of standard output (see eachLine); `nul` for names of files. Default: text. */
  readonly stdoutRecords?: 'text' | 'nul';
  /** Called for every line of standard error, as it comes. */
  readonly onStderrLine?: (line: string) => void;
  /** Called from time to time with the number of bytes that the program itself has read so far. */
  readonly onRead?: (bytes: number) => void;
  /** Aborting it ends the child and everything it started. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which the child is ended. */
  readonly timeoutMs?: number;
  /** Milliseconds for which it may do nothing at all (see watchForStall) before it is ended. */
  readonly stallMs?: number;
}

/** Runs a program to its end. Narrow enough to be replaced in tests of pure callers. */
export type RunProcess = (spec: ProcessSpec) => Promise<ProcessEnd>;

/** Bytes of standard error that are kept for messages. */
const STDERR_TAIL = 8192;

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_AFTER = 3000;

/** A child that runs beside us until it ends or is stopped: an ssh master, a test's server. */
export interface Companion {
  readonly pid: number | undefined;
  /** Resolves when the child has ended, however. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Ends the child and its group; resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a program. Output is passed on line by line and never collected, so a million lines cost no memory.
 *
 * The child leads a process group of its own, so that its children (rsync's ssh) end with it, and it gets SIGTERM
 * from the kernel should this process die without warning (`setpriv --pdeathsig`, util-linux).
 */
export function startProcess(spec: ProcessSpec): Companion {
  const tail = createTail();
  const child = execa('setpriv', ['--pdeathsig', 'TERM', '--', spec.program, ...spec.args], {
    reject: false,
    buffer: false,
    cleanup: false,
    detached: true,
    extendEnv: false,
    env: { ...(spec.env ?? process.env) },
    cwd: spec.cwd ?? enterableDirectory(),
    ...(spec.input === undefined ? { stdin: 'ignore' } : { input: spec.input }),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const onStdoutLine = (line: string) => {
    watch?.alive();
    spec.onStdoutLine?.(line);
  };
  const { onStdout } = spec;
  if (onStdout === undefined) eachLine(child.stdout, onStdoutLine, spec.stdoutRecords);
  else {
    child.stdout.on('data', (piece: Buffer) => {
      watch?.alive();
      onStdout(piece);
    });
  }
  eachLine(child.stderr, (written) => {
    const line = harmless(written);
    watch?.alive();
    tail.add(line);
    spec.onStderrLine?.(line);
  });

  type Cut = 'aborted' | 'timed-out' | 'stalled';
  let cut: Cut | undefined;
  let groupEnds: Promise<void> | undefined;
  let over = false;
  const cutShort = (why: Cut) => {
    // Once the child has ended, its number may belong to another process.
    if (cut || over) return;
    cut = why;
    groupEnds = endGroup(child.pid, KILL_AFTER);
  };
  const onAbort = () => cutShort('aborted');
  if (spec.signal?.aborted) onAbort();
  spec.signal?.addEventListener('abort', onAbort, { once: true });
  const timer = spec.timeoutMs === undefined ? undefined : setTimeout(() => cutShort('timed-out'), spec.timeoutMs);
  const { stallMs = 0 } = spec;
  const watch =
    stallMs > 0 && child.pid !== undefined ? watchForStall(child.pid, stallMs, () => cutShort('stalled')) : undefined;
  const stopReading = spec.onRead && child.pid !== undefined ? watchReading(child.pid, spec.onRead) : undefined;

  const ended = child.then(async (result): Promise<ProcessEnd> => {
    over = true;
    clearTimeout(timer);
    watch?.stop();
    stopReading?.();
    spec.signal?.removeEventListener('abort', onAbort);
    await groupEnds;
    const stderrTail = tail.text();
    if (cut === 'stalled') return { kind: cut, afterMs: stallMs, stderrTail };
    if (cut) return { kind: cut, stderrTail };
    if (result.signal) return { kind: 'signalled', signal: result.signal, stderrTail };
    if (result.exitCode === undefined) return { kind: 'not-started', cause: notStarted(result.cause) };
    // setpriv starts the program, so setpriv reports when it could not be started.
    if (stderrTail.startsWith('setpriv: failed to execute')) {
      return {
        kind: 'not-started',
        cause: new Error(stderrTail.replace('setpriv: failed to execute', 'cannot start')),
      };
    }
    return { kind: 'exited', code: result.exitCode, stderrTail };
  });
  return {
    pid: child.pid,
    ended,
    stop: async () => {
      cutShort('aborted');
      await ended;
    },
  };
}

/**
 * The directory in which children start: this process's own, unless nothing can be started from there. After `su` it may be a
 * directory that the user may not enter, and it may have been removed.
 */
function enterableDirectory(): string {
  try {
    accessSync('.', constants.X_OK);
    return process.cwd();
  } catch {
    return '/';
  }
}

/** Runs a program to its end; see {@link startProcess}. */
export const runProcess: RunProcess = async (spec) => startProcess(spec).ended;

/** Control characters but the tabulator: what another machine writes may be meant for a terminal. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** A line of standard error that can be shown: messages of the other machine come with those of ssh and rsync. */
function harmless(line: string): string {
  return line.replace(CONTROL, '\ufffd');
}

function notStarted(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}

/** Keeps the last lines of a stream, up to {@link STDERR_TAIL} bytes. */
function createTail(): { add(line: string): void; text(): string } {
  let lines: string[] = [];
  let size = 0;
  return {
    add: (line) => {
      lines.push(line);
      size += line.length + 1;
      while (size > STDERR_TAIL && lines.length > 1) {
        const [first = '', ...rest] = lines;
        lines = rest;
        size -= first.length + 1;
      }
    },
    text: () => lines.join('\n'),
  };
}
