import { Command, CommanderError, Option } from 'commander';
import { DEFAULT_CONFIG_FILE } from './config/location.ts';
import type { Context } from './commands/context.ts';
import { listenForSignals } from './commands/signals.ts';
import type { AlertUnitOptions } from './commands/alert/alert-unit.ts';
import type { HistoryOptions } from './commands/history/history.ts';
import type { ReportOptions } from './commands/report.ts';
import type { RunOptions } from './commands/run/run.ts';
import type { DemoOptions } from './commands/demo.ts';
import type { DoctorOptions } from './commands/doctor.ts';
import type { ValidateOptions } from './commands/config/config-validate.ts';
import type { StatusOptions } from './commands/status/status.ts';
import type { AlertTestOptions } from './commands/alert/alert-test.ts';
import type { UnitsOptions } from './commands/units.ts';
import type { VerifyOptions } from './commands/verify/verify.ts';
import { leaveRemovedDirectory } from './platform/current-directory.ts';
import { restoreLocale } from './platform/locale.ts';
import { OUTCOMES, exitCodeOf } from './shared/outcome.ts';
import { version } from './shared/version.ts';

type Action = (context: Context) => Promise<number>;

/**
 * Loads each command's code only when it is called, so that start-up stays short.
 * @param perform runs a command; `unattended`: a timer or unit may have started it, so a failure is told to people
 */
function buildProgram(perform: (action: Action, unattended?: boolean) => Promise<void>): Command {
  const program = new Command('offsite-rsync')
    .description(
      'Takes every finished backup off the machine it protects, over rsync and ssh, and proves that it arrived.',
    )
    .version(version)
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError('Help: offsite-rsync --help')
    .exitOverride()
    .addHelpText('after', exitCodeHelp);
  const configOption = () =>
    new Option('-c, --config <file>', 'configuration file').env('OFFSITE_RSYNC_CONFIG').default(DEFAULT_CONFIG_FILE);

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
      perform(async (context) => (await import('./commands/run/run.ts')).run(jobs, options, context), true),
    );

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
      perform(async (context) => (await import('./commands/verify/verify.ts')).verify(job, options, context), true),
    );

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
        async (context) => (await import('./commands/status/status.ts')).status(job, options, context),
        options.alert === true,
      ),
    );

  program
    .command('history')
    .description('the latest runs, the newest at the bottom')
    .argument('[job]', 'name of a job; default: all')
    .option('-t, --target <name>', 'only to this target')
    .option('-l, --limit <number>', 'how many runs; default: 20, or all with --json')
    .option('--json', 'one run per line, as JSON')
    .addOption(configOption())
    .action((job: string | undefined, options: HistoryOptions) =>
      perform(async (context) => (await import('./commands/history/history.ts')).history(job, options, context)),
    );

  program
    .command('report')
    .description('one HTML page: calendar, sizes, traffic, verifications and what is stale')
    .requiredOption('-o, --out <file>', 'the file to write; - for standard output')
    .option('-d, --days <number>', 'how many days it shows', '90')
    .addOption(configOption())
    .action((options: ReportOptions) =>
      perform(async (context) => (await import('./commands/report.ts')).report(options, context)),
    );

  const alert = program.command('alert').description('test the alert channels, or send the alert of a unit');
  alert
    .command('test')
    .description('send a test message through one channel, or all')
    .argument('[channel]', 'name of a channel; default: all')
    .addOption(configOption())
    .action((channel: string | undefined, options: AlertTestOptions) =>
      perform(async (context) => (await import('./commands/alert/alert-test.ts')).alertTest(channel, options, context)),
    );

  alert
    .command('unit')
    .description('for OnFailure=: send an alert that a unit failed, unless the run in it has sent one')
    .argument('<unit>', 'name of the unit')
    .addOption(configOption())
    .action((unit: string, options: AlertUnitOptions) =>
      perform(
        async (context) => (await import('./commands/alert/alert-unit.ts')).alertUnit(unit, options, context),
        true,
      ),
    );

  const config = program.command('config').description('check the configuration, or print its schema');
  config
    .command('validate')
    .description('check the configuration file and list all problems')
    .option('--secrets', 'also check that the secrets can be read here')
    .addOption(configOption())
    .action((options: ValidateOptions) =>
      perform(async (context) =>
        (await import('./commands/config/config-validate.ts')).validateConfig(options, context),
      ),
    );

  config
    .command('schema')
    .description('print the JSON Schema of the configuration, for an editor')
    .action(() =>
      perform(async (context) => (await import('./commands/config/config-schema.ts')).printSchema(context)),
    );

  program
    .command('units')
    .description('systemd units that couple a job to its local backup: print them, or write them')
    .argument('<job>', 'name of a job')
    .option('-b, --backup-unit <unit>', 'the service that makes the backup')
    .addOption(
      new Option(
        '-s, --style <style>',
        'the backup waits for the transfer, the transfer follows it, or a marker file starts it',
      )
        .choices(['exec-start-post', 'on-success', 'path'])
        .default('exec-start-post'),
    )
    .option('-m, --marker <file>', 'with --style path: the file that is touched when a backup is complete')
    .option('-w, --write', 'write them to /etc/systemd/system')
    .option('-n, --dry-run', 'with --write: say what would be written')
    .option('--root <dir>', 'put everything below this directory, without asking this machine')
    .addOption(configOption())
    .action((job: string, options: UnitsOptions) =>
      perform(async (context) => (await import('./commands/units.ts')).units(job, options, context)),
    );

  program
    .command('doctor')
    .description('check everything that a run needs, including a dry run of the push')
    .argument('[job]', 'name of a job; default: all')
    .addOption(configOption())
    .action((job: string | undefined, options: DoctorOptions) =>
      perform(async (context) => (await import('./commands/doctor.ts')).doctor(job, options, context)),
    );

  program
    .command('demo')
    .description('show it all on this machine: a private sshd, pushes, a flipped byte, a cut line')
    .option('--keep', 'keep the temporary directory')
    .action((options: DemoOptions) =>
      perform(async (context) => (await import('./commands/demo.ts')).demo(options, context)),
    );
  return program;
}

function exitCodeHelp(): string {
  const rows = Object.entries(OUTCOMES).map(([name, { code, title }]) => {
    const shown = name === 'interrupted' ? '128+n' : String(code);
    return `  ${shown.padStart(5)}  ${title}`;
  });
  return `\nExit codes:\n${rows.join('\n')}`;
}

async function main(): Promise<void> {
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
