import type { RunOptions } from '../commands/run/run.ts';
import type { VerifyOptions } from '../commands/verify/verify.ts';
import { withExamples } from '../shared/examples.ts';
import { configOption, type Declare } from './declaring.ts';

/** What moves and proves backups. */
export const declareSending: Declare = (program, perform) => {
  withExamples(
    program
      .command('run')
      .description('send jobs off-site, verify and seal them')
      .argument('[job...]', 'names of jobs')
      .option('--all', 'all jobs of the configuration')
      .option('-t, --target <name>', 'only to this target')
      .option('--json', 'one event per line on standard output, as JSON')
      .option('-n, --dry-run', 'show what would be sent; write nothing, tell nobody')
      .option('-f, --force', 'send although a guard objects to the source')
      .addOption(configOption())
      .action((jobs: string[], options: RunOptions) =>
        perform(async (context) => (await import('../commands/run/run.ts')).run(jobs, options, context), true),
      ),
    ['offsite-rsync run postgres', 'send one job to all its targets'],
    ['offsite-rsync run --all --dry-run', 'what would be sent'],
    ['offsite-rsync run postgres --target nas --json', 'one target, for a program'],
  );

  withExamples(
    program
      .command('verify')
      .description('compare a snapshot with the source; both are read in full')
      .argument('[job]', 'name of a job; default: all')
      .option('-s, --snapshot <id>', 'which snapshot', 'latest')
      .option('-t, --target <name>', 'only on this target')
      .option('--json', 'one report per line, as JSON')
      .option('--alert', 'send an alert when damage is found or the check fails; for a timer')
      .addOption(configOption())
      .action((job: string | undefined, options: VerifyOptions) =>
        perform(async (context) => (await import('../commands/verify/verify.ts')).verify(job, options, context), true),
      ),
    ['offsite-rsync verify postgres', 'compare the newest snapshot with the source'],
    ['offsite-rsync verify postgres --snapshot 2026-11-20T020000Z', 'compare an older one'],
  );
};
