import { spawnSync } from 'node:child_process';

/** What a command has printed, or why it has printed nothing. */
type Answer = { readonly kind: 'printed'; readonly text: string } | { readonly kind: 'failed'; readonly why: string };

/** How long a command may take, in milliseconds: enough to unlock a store, and too short to hold up a night of backups. */
const TIME_LIMIT = 30_000;

/** Far more than any key or certificate (bytes). */
const LONGEST = 1024 * 1024;

/** What commands have printed in this process: a run reads its secrets more than once, and nobody wants to touch a token twice. */
const printed = new Map<string, string>();

/**
 * Runs a command that prints a secret. No shell sees it, and it has nothing to read from. It gets our environment, where password stores look
 * for their own files.
 * @param command the program and its arguments
 * @param limitMs after this time it is ended
 * @returns its standard output, from the first successful call in this process
 */
export function outputOf(command: readonly string[], limitMs = TIME_LIMIT): Answer {
  const known = JSON.stringify(command);
  const before = printed.get(known);
  if (before !== undefined) return { kind: 'printed', text: before };
  const [program = '', ...args] = command;
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
    maxBuffer: LONGEST,
  });
  const failed = (why: string): Answer => ({ kind: 'failed', why });
  if (error !== undefined) {
    const { code = error.message } = error as NodeJS.ErrnoException;
    if (code === 'ETIMEDOUT') return failed(`did not end within ${limitMs / 1000} s`);
    if (code === 'ENOBUFS') return failed(`printed more than ${LONGEST / 1024} KiB`);
    return failed(`cannot be started (${code})`);
  }
  if (status === 0) {
    printed.set(known, stdout);
    return { kind: 'printed', text: stdout };
  }
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  return failed(`ended with ${signal ?? status}${last === '' ? '' : `: ${last}`}`);
}
