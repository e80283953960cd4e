import { CommanderError } from 'commander';
import { listenForSignals } from './commands/signals.ts';
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
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const program = buildProgram(async (action, unattended = false) => {
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
}

await main();
// Whatever a library still keeps open (an idle connection, a hanging notify-send) must not hold up the unit that waits
// for us. On Linux, writes to pipes, files and terminals are synchronous (process.stdout in Node's manual).
process.exit();
