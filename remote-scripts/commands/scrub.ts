import { InvalidArgumentError, Option, type Command } from 'commander';
import { createProgress } from '../../src/platform/step-progress.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { loadSecondaryConfig, SECONDARY_CONFIG } from '../config/load.ts';
import type { HostSettings } from '../config/settings.ts';
import { describeExits } from '../program/exits.ts';
import { withExamples } from '../../src/shared/examples.ts';
import type { DeclaredProgram, Finish, FrameDeps } from '../program/frame.ts';
import { commandMeant, hostOf, unknownName } from '../program/names.ts';
import { runList, runManifests, runScrub, type CommandDeps } from '../scrub/commands.ts';
import { EXIT } from '../scrub/exit-codes.ts';

/** `offsite-scrub`, as it is run and as the manual describes it. */
export const SCRUB: DeclaredProgram = {
  name: 'offsite-scrub',
  description:
    'Proves that the snapshots of a host still hold the bytes that they were sealed with, and tells people if not.\nRuns as the account of the host, never as root.',
  exits: EXIT,
  interrupted: 'interrupted; the next run goes on from here',
  define: defineCommands,
};

interface CommonOptions {
  readonly config: string;
  readonly job?: string;
}

interface RunFlags extends CommonOptions {
  readonly now?: boolean;
  readonly all?: boolean;
  readonly snapshot?: SnapshotId;
  readonly list?: boolean;
  readonly json?: boolean;
}

function defineCommands(program: Command, finish: Finish, frame: FrameDeps): void {
  const deps = () => commandDeps(frame);
  const run = withExamples(
    program
      .command('run', { isDefault: true })
      .argument('<host>', 'the primary, as secondary.yaml names it')
      .description(
        'make the manifests that are missing, and read the share of today; "run" may be left out: offsite-scrub HOST',
      )
      .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
      .option('--job <job>', 'only this job')
      .addOption(
        new Option('--now', 'read all that is left of the cycle (scrub.every)').conflicts(['all', 'snapshot', 'list']),
      )
      .addOption(new Option('--all', 'read everything, from the beginning').conflicts(['snapshot', 'list']))
      .addOption(new Option('--snapshot <id>', 'read this snapshot, whole').argParser(parseId).conflicts(['list']))
      .option('--list', 'show what is known to be damaged; read nothing')
      .option('--json', 'for programs')
      .addHelpText('after', `\n${describeExits(EXIT)}`)
      .action(async (name: string, flags: RunFlags) => {
        const settings = await loadSecondaryConfig(flags.config);
        const host = hostOf(settings, name, commandMeant(program, name));
        const { json = false, snapshot } = flags;
        const job = jobOf(host, flags.job);
        const wish = flags.all ? 'all' : flags.now ? 'rest' : 'share';
        finish(
          flags.list
            ? await runList(settings, host, { job, json }, deps())
            : await runScrub(settings, host, { wish, snapshot, job, json }, deps()),
        );
      }),
    ['offsite-scrub db1 --list', 'what is known to be damaged'],
    ['offsite-scrub db1 --snapshot 2026-11-23T021500Z', 'read one snapshot now'],
    ['offsite-scrub db1', 'what the daily timer does'],
  );

  withExamples(
    program
      .command('manifests')
      .argument('<host>', 'the primary, as secondary.yaml names it')
      .description('make the manifests that are missing, and read nothing else; the gate starts this after a seal')
      .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
      .option('--job <job>', 'only this job')
      .action(async (name: string, flags: CommonOptions) => {
        const settings = await loadSecondaryConfig(flags.config);
        const host = hostOf(settings, name);
        finish(await runManifests(settings, host, { job: jobOf(host, flags.job) }, deps()));
      }),
    ['offsite-scrub manifests db1 --job postgres', 'what the gate starts after a seal'],
  );
  // "run" may be left out, so the general help includes its help.
  program.addHelpText('after', () => `\nWithout a command: ${run.helpInformation()}\n${describeExits(EXIT)}`);
}

function jobOf({ jobs, name }: HostSettings, job: string | undefined): string | undefined {
  if (job === undefined || jobs.has(job)) return job;
  throw unknownName('job', job, [...jobs.keys()], `in ${name}`);
}

function parseId(text: string): SnapshotId {
  const id = parseSnapshotId(text);
  if (id !== undefined) return id;
  throw new InvalidArgumentError('Write the id of a snapshot, such as 2026-11-23T021500Z.');
}

function commandDeps(frame: FrameDeps): CommandDeps {
  const progress = createProgress(process.stderr, frame.clock);
  return {
    ...frame,
    // 99: what is under way is not done.
    onProgress: (share, name) =>
      progress({ doing: 'percent', number: Math.min(99, Math.floor(share * 100)), of: 100, name }),
  };
}
