import type { ListOptions } from '../commands/list/list.ts';
import { configOption, withExamples, type Declare } from './declaring.ts';

/** What shows and brings back what is stored. */
export const declareRestoring: Declare = (program, perform) => {
  withExamples(
    program
      .command('list')
      .description('the snapshots of a job: what lies there, with a read key; otherwise what this host has sealed')
      .argument('[job]', 'name of a job; default: all')
      .option('-t, --target <name>', 'only on this target')
      .option('-i, --identity <file>', 'private ssh key that may read; default: read_identity of the target')
      .option('--json', 'one job and target per line, as JSON')
      .addOption(configOption())
      .action((job: string | undefined, options: ListOptions) =>
        perform(async (context) => (await import('../commands/list/list.ts')).list(job, options, context)),
      ),
    ['offsite-rsync list postgres', 'what this host has sealed'],
    ['offsite-rsync list --identity /media/usb/offsite-read.key', 'what lies on the secondary, of all jobs'],
  );
};
