import { Option } from 'commander';
import type { DemoOptions } from '../commands/demo.ts';
import type { DoctorOptions } from '../commands/doctor/doctor.ts';
import type { ShowOptions } from '../commands/config/config-show.ts';
import type { ValidateOptions } from '../commands/config/config-validate.ts';
import type { SecondaryBundleOptions } from '../commands/secondary-bundle.ts';
import type { SelftestOptions } from '../commands/selftest/selftest.ts';
import type { UnitsOptions } from '../commands/units.ts';
import { withExamples } from '../shared/examples.ts';
import { configOption, type Declare } from './declaring.ts';

/** What a host is set up with. */
export const declareSettingUp: Declare = (program, perform) => {
  const config = program
    .command('config')
    .description('check the configuration, show it with its defaults, or print its schema');
  withExamples(
    config
      .command('validate')
      .description('check the configuration file and list all problems')
      .option('--secrets', 'also check that the secrets can be read here')
      .option('--json', 'one JSON object')
      .addOption(configOption())
      .action((options: ValidateOptions) =>
        perform(async (context) =>
          (await import('../commands/config/config-validate.ts')).validateConfig(options, context),
        ),
      ),
    ['offsite-rsync config validate --secrets', 'check everything, the secrets too'],
  );

  withExamples(
    config
      .command('show')
      .description('the configuration with every default; of secrets only where they are, and whether they can be read')
      .option('--json', 'one JSON object')
      .addOption(configOption())
      .action((options: ShowOptions) =>
        perform(async (context) => (await import('../commands/config/config-show.ts')).showConfig(options, context)),
      ),
    ['offsite-rsync config show', 'what a run goes by'],
  );

  withExamples(
    config
      .command('schema')
      .description('print the JSON Schema of the configuration, for an editor')
      .action(() =>
        perform(async (context) => (await import('../commands/config/config-schema.ts')).printSchema(context)),
      ),
    ['offsite-rsync config schema > config.schema.json', 'for an editor'],
  );

  withExamples(
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
      .option('--user', 'for the service manager of this user, not of the system')
      .option('-w, --write', 'write them to /etc/systemd/system, or with --user to ~/.config/systemd/user')
      .option('-n, --dry-run', 'with --write: say what would be written')
      .option('--root <dir>', 'put everything below this directory, without asking this machine')
      .addOption(configOption())
      .action((job: string, options: UnitsOptions) =>
        perform(async (context) => (await import('../commands/units.ts')).units(job, options, context)),
      ),
    ['offsite-rsync units postgres --backup-unit pg-backup.service', 'print what couples a job to its backup'],
    ['offsite-rsync units postgres --backup-unit pg-backup.service --write', 'put it in place'],
  );

  withExamples(
    program
      .command('doctor')
      .description('check everything that a run needs, and try what must not work with the key')
      .argument('[job]', 'name of a job; default: all')
      .option('-n, --dry-run', 'send nothing, so try nothing that must not work')
      .option('--json', 'one JSON object')
      .addOption(configOption())
      .action((job: string | undefined, options: DoctorOptions) =>
        perform(async (context) => (await import('../commands/doctor/doctor.ts')).doctor(job, options, context)),
      ),
    ['offsite-rsync doctor', 'check all jobs'],
    ['offsite-rsync doctor postgres --dry-run', 'check one, and send nothing'],
  );

  withExamples(
    program
      .command('selftest')
      .description('the acceptance protocol on these hosts: send, verify, cut the line; write down what was observed')
      .option('-t, --target <name>', 'the secondary; needed only if there are several')
      .option('-o, --out <file>', 'the page to write; default: acceptance-DATE.md here')
      .option('--json', 'one JSON object, besides the page')
      .addOption(configOption())
      .action((options: SelftestOptions) =>
        perform(async (context) => (await import('../commands/selftest/selftest.ts')).selftest(options, context)),
      ),
    ['offsite-rsync selftest --target vault', 'try it, and write a page to file'],
  );

  withExamples(
    program
      .command('secondary-bundle')
      .description('write the archive that sets up a secondary without npm: programs, units, manual and installer')
      .option('-o, --output <file>', 'the file to write; default: offsite-rsync-secondary-VERSION.tar.gz here')
      .action((options: SecondaryBundleOptions) =>
        perform(async (context) => (await import('../commands/secondary-bundle.ts')).secondaryBundle(options, context)),
      ),
    ['offsite-rsync secondary-bundle --output /tmp/secondary.tar.gz', 'what is copied to the secondary'],
  );

  withExamples(
    program
      .command('demo')
      .description('show it all on this machine: a private sshd, pushes, a flipped byte, a cut line')
      .option('--keep', 'keep the temporary directory')
      .action((options: DemoOptions) =>
        perform(async (context) => (await import('../commands/demo.ts')).demo(options, context)),
      ),
    ['offsite-rsync demo', 'in a minute, and nothing stays'],
  );
};
