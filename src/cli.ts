import { CommanderError } from 'commander';
import { listenForSignals } from './commands/signals.ts';
import { setImmediate } from 'node:timers/promises';
import { errorMessage, isFull } from './platform/files.ts';
import { leaveRemovedDirectory } from './platform/current-directory.ts';
import { restoreLocale } from './platform/locale.ts';
import { keepHeapSmall } from './platform/small-heap.ts';
import { buildProgram } from './program/program.ts';
import { exitCodeOf } from './shared/outcome.ts';

async function main(): Promise<void> {
  keepHeapSmall();
  restoreLocale(process.env);
  leaveRemovedDirectory();
  const { signal, hurry } = listenForSignals();
  // A reader that has gone (`… | head`) must not end a backup. What nobody reads is lost.
  process.stderr.on('error', () => undefined);
  const end: { unwritten?: unknown; unattended: boolean } = { unattended: false };
  process.stdout.on('error', (error: unknown) => {
    end.unwritten = error;
  });
  const program = buildProgram(async (action, unattended = false) => {
    end.unattended = unattended;
    const { processContext } = await import('./commands/context.ts');
    const context = processContext(signal, hurry);
    try {
      process.exitCode = await action(context);
    } catch (error) {
      const { reportFailure } = await import('./commands/alert/failure.ts');
      process.exitCode = await reportFailure(error, context, unattended);
    }
    if (process.exitCode !== 0 && process.env.INVOCATION_ID !== undefined) {
      const { leaveToldNote } = await import('./commands/alert/told.ts');
      await leaveToldNote(process.exitCode, context);
    }
  });
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // commander has said what is wrong; help and version are not errors.
    process.exitCode = error.exitCode === 0 ? 0 : exitCodeOf('usage');
  }
  await setImmediate(); // what a write has failed with is told after it
  if (!isFull(end.unwritten)) return;
  process.stderr.write(`error: What was to be printed is not complete: ${errorMessage(end.unwritten)}\n`);
  // A backup that is secured is no failure because a log is full.
  if (!end.unattended && (process.exitCode ?? 0) === 0) process.exitCode = exitCodeOf('no-space-here');
}

await main();
// Whatever a library still keeps open (an idle connection, a hanging notify-send) must not hold up the unit that waits
// for us. On Linux, writes to pipes, files and terminals are synchronous (process.stdout in Node's manual).
process.exit();
