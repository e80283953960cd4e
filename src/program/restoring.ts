import { Option, type Command } from 'commander';
import type { ListOptions } from '../commands/list/list.ts';
import type { CatOptions } from '../commands/reading/cat.ts';
import type { SourceOptions } from '../commands/reading/open-source.ts';
import type { RestoreOptions } from '../commands/reading/restore.ts';
import { withExamples } from '../shared/examples.ts';
import { configOption, type Declare } from './declaring.ts';

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

  withExamples(
    reading(program.command('restore'))
      .description('bring a snapshot back, or some files of it, and prove that they are as they were stored')
      .argument('<job>', 'name of the job')
      .argument('[path...]', 'files and directories, by their names below the source of the job; default: everything')
      .requiredOption('--to <dir>', 'where to; made if it does not exist')
      .addOption(snapshotOption())
      .option('--overwrite', 'into a directory that holds something: replace what has the same name, and nothing else')
      .option('--incomplete', 'take an attempt without a seal too, by its id')
      .option('-n, --dry-run', 'say what would be written; write nothing')
      .option('--json', 'one report, as JSON')
      .action((job: string, paths: string[], options: RestoreOptions) =>
        perform(async (context) =>
          (await import('../commands/reading/restore.ts')).restore(job, paths, options, context),
        ),
      ),
    ['offsite-rsync restore postgres --to /restore --identity read.key', 'the newest snapshot, from the secondary'],
    [
      'offsite-rsync restore postgres --to /restore --identity read.key --snapshot 2026-11-20T03:00',
      'the newest of that time or before it',
    ],
    ['offsite-rsync restore postgres --to /restore --from /mnt/db1', 'from the disk of the secondary, mounted here'],
    ['offsite-rsync restore postgres db.sql conf.d --to /restore --from /mnt/db1', 'one file and one directory'],
  );

  withExamples(
    reading(program.command('diff'))
      .description('what is new, gone and changed from one snapshot to another')
      .argument('<job>', 'name of the job')
      .argument('<earlier>', 'an id, latest, or a time')
      .argument('<later>', 'an id, latest, or a time')
      .option('--json', 'one report, as JSON')
      .action((job: string, earlier: string, later: string, options: SourceOptions) =>
        perform(async (context) =>
          (await import('../commands/reading/diff.ts')).diff(job, earlier, later, options, context),
        ),
      ),
    ['offsite-rsync diff postgres 2026-11-20 latest --identity read.key', 'what changed since the end of that day'],
  );

  withExamples(
    reading(program.command('cat'))
      .description('write one file of a snapshot to standard output, once it has arrived whole')
      .argument('<job>', 'name of the job')
      .argument('<path>', 'the file, by its name below the source of the job')
      .addOption(snapshotOption())
      .option('--incomplete', 'take an attempt without a seal too, by its id')
      .action((job: string, path: string, options: CatOptions) =>
        perform(async (context) => (await import('../commands/reading/cat.ts')).cat(job, path, options, context)),
      ),
    ['offsite-rsync cat postgres db.sql --identity read.key | psql', 'the newest dump, at once'],
  );
};

/** Where the snapshots are. */
function reading(command: Command): Command {
  return command
    .option('-t, --target <name>', 'the secondary; default: the only target of the job')
    .option('-i, --identity <file>', 'private ssh key that may read; default: read_identity of the target')
    .option('--from <dir>', 'instead: a directory of this machine with the snapshots of the job, or of its host')
    .addOption(
      new Option('--metadata <kind>', 'with --from: how they were sent; default: fake_super').choices([
        'fake_super',
        'plain',
      ]),
    )
    .addOption(configOption());
}

function snapshotOption(): Option {
  return new Option('-s, --snapshot <which>', 'an id, latest, or a time: the newest of then').default('latest');
}
