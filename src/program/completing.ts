import { Argument } from 'commander';
import type { Shell } from '../commands/completion/scripts.ts';
import { withExamples } from '../shared/examples.ts';
import type { Declare } from './declaring.ts';

/** What makes shells complete our commands. */
export const declareCompleting: Declare = (program, perform) => {
  withExamples(
    program
      .command('completion')
      .description('print what makes a shell complete commands, options, and names of jobs and targets')
      .addArgument(new Argument('<shell>', 'which one').choices(['bash', 'zsh', 'fish']))
      .action((shell: Shell) =>
        perform(async (context) => (await import('../commands/completion/completion.ts')).printScript(shell, context)),
      ),
    ['offsite-rsync completion bash > /etc/bash_completion.d/offsite-rsync', 'for every bash from now on'],
    ['offsite-rsync completion zsh > /usr/local/share/zsh/site-functions/_offsite-rsync', 'for zsh'],
    ['offsite-rsync completion fish > /etc/fish/completions/offsite-rsync.fish', 'for fish'],
  );

  // What those scripts call at each TAB.
  withExamples(
    program
      .command('complete', { hidden: true })
      .argument('[word...]')
      .action((words: string[]) =>
        perform(async (context) =>
          (await import('../commands/completion/completion.ts')).complete(program, words, context),
        ),
      ),
    ['offsite-rsync complete -- run p', 'the jobs that begin with a p'],
  );
};
