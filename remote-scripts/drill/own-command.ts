import { mkdir, rm } from 'node:fs/promises';
import type { ProcessEnd, RunProcess } from '../../src/platform/process.ts';
import { formatDuration } from '../../src/shared/units.ts';

/** A command of the administrator's own. */
export interface CommandSpec {
  /** Program and arguments; `{snapshot}` and `{scratch}` in them are replaced. No shell sees them. */
  readonly command: readonly string[];
  readonly snapshot: string;
  /** An empty directory for whatever the command makes; removed afterwards. */
  readonly scratch: string;
  readonly path: string;
  /** Milliseconds after which it is ended, with everything that it has started. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** How it ended. */
export interface CommandResult {
  /** Why it failed, for people; undefined if it did not. */
  readonly failure: string | undefined;
  /** The last lines that it wrote. */
  readonly output: readonly string[];
}

const MOST_LINES = 20;
const LONGEST_LINE = 500;

/** Runs the command with an empty scratch directory. */
export async function runCommand(spec: CommandSpec, run: RunProcess): Promise<CommandResult> {
  const { snapshot, scratch, path } = spec;
  const output: string[] = [];
  const onLine = (line: string) => {
    output.push(line.slice(0, LONGEST_LINE).replace(/\p{Cc}/gu, '?'));
    if (output.length > MOST_LINES) output.shift();
  };
  const [program = '', ...args] = spec.command.map((word) =>
    word.replaceAll('{snapshot}', snapshot).replaceAll('{scratch}', scratch),
  );
  await emptyDirectory(scratch);
  try {
    const end = await run({
      ...{ program, args, cwd: scratch, signal: spec.signal, timeoutMs: spec.timeoutMs },
      env: { PATH: path, LC_ALL: 'C.UTF-8', HOME: scratch, OFFSITE_SNAPSHOT: snapshot, OFFSITE_SCRATCH: scratch },
      ...{ onStdoutLine: onLine, onStderrLine: onLine },
    });
    return { failure: failureOf(program, end, spec), output };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function emptyDirectory(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
}

function failureOf(program: string, end: ProcessEnd, { timeoutMs }: CommandSpec): string | undefined {
  switch (end.kind) {
    case 'exited':
      return end.code === 0 ? undefined : `${program} ended with exit code ${end.code}`;
    case 'signalled':
      return `${program} was ended by ${end.signal}`;
    case 'timed-out':
      return `${program} was not through after ${formatDuration(timeoutMs)} (drill.timeout), and was ended`;
    case 'aborted':
    case 'stalled':
      return `${program} was ended before it was through`;
    case 'not-started':
      return `${program} cannot be started: ${end.cause.message}`;
    default:
      return end satisfies never;
  }
}
