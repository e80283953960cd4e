import { realpathSync } from 'node:fs';
import pc from 'picocolors';
import { playDemo, type Stage } from '../demo/demo.ts';
import { DemoError } from '../demo/private-sshd.ts';
import { failureCode, interruptionOf } from '../run/failure.ts';
import { exitCodeOf } from '../shared/outcome.ts';
import { formatDuration } from '../shared/units.ts';
import type { Context } from './context.ts';

/** Options of `offsite-rsync demo`. */
export interface DemoOptions {
  readonly keep?: boolean;
}

/**
 * `offsite-rsync demo`: the whole story on this machine, in a temporary directory.
 * @returns 0 if every acceptance criterion was observed; 42 if not; 2 when something it needs is missing
 */
export async function demo(options: DemoOptions, context: Context): Promise<number> {
  const began = context.clock.monotonic();
  context.out(`\n${pc.bold('offsite-rsync')}: backups leave the machine they protect, and prove that they arrived.\n`);
  try {
    const met = await playDemo({
      stage: stageOn(context.out),
      clock: context.clock,
      keep: options.keep === true,
      // The programs of the secondary lie beside the file itself, not beside a link to it.
      program: [process.execPath, realpathSync(process.argv[1] ?? '')],
      signal: context.signal,
    });
    if (context.signal.aborted) return failureCode(interruptionOf(context.signal));
    context.out(`\n${pc.dim(`took ${formatDuration(context.clock.monotonic() - began)}`)}\n`);
    return exitCodeOf(met ? 'done' : 'findings');
  } catch (error) {
    if (!(error instanceof DemoError)) throw error;
    context.log('error', error.message);
    return exitCodeOf('usage');
  }
}

function stageOn(out: (text: string) => void): Stage {
  let number = 0;
  return {
    step: (title) => {
      number += 1;
      out(`\n${pc.bold(pc.cyan(`${number}`))} ${pc.bold(title)}\n`);
    },
    say: (kind, text) => {
      const mark = { good: pc.green('✓'), bad: pc.red('!'), plain: pc.dim('·') }[kind];
      out(`  ${mark} ${text}\n`);
    },
    criterion: (met, text) => out(`  ${met ? pc.green('✓') : pc.red('✗')} ${text}\n`),
  };
}
