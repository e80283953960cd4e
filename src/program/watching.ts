import type { AlertUnitOptions } from '../commands/alert/alert-unit.ts';
import type { HistoryOptions } from '../commands/history/history.ts';
import type { ReportOptions } from '../commands/report.ts';
import type { StatusOptions } from '../commands/status/status.ts';
import type { AlertTestOptions } from '../commands/alert/alert-test.ts';
import { withExamples } from '../shared/examples.ts';
import { configOption, type Declare } from './declaring.ts';

/** What shows how the backups stand, and tells people. */
export const declareWatching: Declare = (program, perform) => {
  withExamples(
    program
      .command('status')
      .description('how every job stands; exit code 40 when one is stale, 20 when its snapshot is damaged')
      .argument('[job]', 'name of a job; default: all')
      .option('-t, --target <name>', 'only on this target')
      .option('--json', 'one JSON object')
      .option('--nagios', 'one line for a monitor; exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN')
      .option('--alert', 'send an alert for stale jobs and write the metrics; for a timer')
      .addOption(configOption())
      .action((job: string | undefined, options: StatusOptions) =>
        perform(
          async (context) => (await import('../commands/status/status.ts')).status(job, options, context),
          options.alert === true,
        ),
      ),
    ['offsite-rsync status', 'how all jobs stand'],
    ['offsite-rsync status --nagios', 'for a monitor'],
  );

  withExamples(
    program
      .command('history')
      .description('the latest runs, the newest at the bottom')
      .argument('[job]', 'name of a job; default: all')
      .option('-t, --target <name>', 'only to this target')
      .option('-l, --limit <number>', 'how many runs; default: 20, or all with --json')
      .option('--json', 'one run per line, as JSON')
      .addOption(configOption())
      .action((job: string | undefined, options: HistoryOptions) =>
        perform(async (context) => (await import('../commands/history/history.ts')).history(job, options, context)),
      ),
    ['offsite-rsync history postgres --limit 50', 'the last fifty runs of a job'],
    ["offsite-rsync history --json | jq 'select(.exitCode != 0)'", 'every run that failed'],
  );

  withExamples(
    program
      .command('report')
      .description('one HTML page: calendar, sizes, traffic, verifications and what is stale')
      .requiredOption('-o, --out <file>', 'the file to write; - for standard output')
      .option('-d, --days <number>', 'how many days it shows', '90')
      .addOption(configOption())
      .action((options: ReportOptions) =>
        perform(async (context) => (await import('../commands/report.ts')).report(options, context)),
      ),
    ['offsite-rsync report --out /var/www/backups.html', 'the last 90 days'],
  );

  const alert = program.command('alert').description('test the alert channels, or send the alert of a unit');
  withExamples(
    alert
      .command('test')
      .description('send a test message through one channel, or all')
      .argument('[channel]', 'name of a channel; default: all')
      .option('--json', 'one JSON object')
      .addOption(configOption())
      .action((channel: string | undefined, options: AlertTestOptions) =>
        perform(async (context) =>
          (await import('../commands/alert/alert-test.ts')).alertTest(channel, options, context),
        ),
      ),
    ['offsite-rsync alert test', 'try all channels'],
  );

  withExamples(
    alert
      .command('unit')
      .description('for OnFailure=: send an alert that a unit failed, unless the run in it has sent one')
      .argument('<unit>', 'name of the unit')
      .option('--user', 'it is a unit of this user')
      .addOption(configOption())
      .action((unit: string, options: AlertUnitOptions) =>
        perform(
          async (context) => (await import('../commands/alert/alert-unit.ts')).alertUnit(unit, options, context),
          true,
        ),
      ),
    ['offsite-rsync alert unit pg-backup.service', 'what OnFailure= calls'],
  );
};
