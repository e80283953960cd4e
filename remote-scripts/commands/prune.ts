import { InvalidArgumentError, Option, type Command } from 'commander';
import pc from 'picocolors';
import { createProgress } from '../../src/platform/step-progress.ts';
import { cronProblem } from '../../src/shared/schedule.ts';
import { loadSecondaryConfig, SECONDARY_CONFIG } from '../config/load.ts';
import type { SecondarySettings } from '../config/settings.ts';
import { describeExits } from '../program/exits.ts';
import { withExamples } from '../../src/shared/examples.ts';
import type { DeclaredProgram, Finish, FrameDeps } from '../program/frame.ts';
import { commandMeant, hostOf } from '../program/names.ts';
import { runCheck, runPrune, runStatus, type CommandDeps } from '../prune/commands.ts';
import { EXIT } from '../prune/exit-codes.ts';
import { runReport } from '../prune/page/write-report.ts';
import { runPin, runUnpin } from '../prune/pin.ts';
import { runSimulation } from '../prune/simulate.ts';

/** Days that a simulation may look ahead. */
const MOST_DAYS = 36_500;

/** Days that a calendar of the report can show: two years and a leap day. */
const MOST_CALENDAR_DAYS = 731;

/** `offsite-prune`, as it is run and as the manual describes it. */
export const PRUNE: DeclaredProgram = {
  name: 'offsite-prune',
  description:
    "Removes snapshots from the secondary by the secondary's own policy, and sends an alert when one is missing.\nRuns as the account of the host, never as root.",
  exits: EXIT,
  define: defineCommands,
};

interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

interface RunFlags {
  readonly dryRun?: boolean;
  readonly simulate?: number;
  readonly release?: readonly string[];
}

function defineCommands(program: Command, finish: Finish, frame: FrameDeps): void {
  const deps = () => commandDeps(frame);
  const run = withExamples(
    program
      .command('run', { isDefault: true })
      .argument('<host>', 'the primary, as secondary.yaml names it')
      .description('decide what to remove, remove it and send alerts; "run" may be left out: offsite-prune HOST')
      .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
      .option(
        '--dry-run',
        'show every snapshot with all reasons, and how much space removal would really free; change nothing',
      )
      .addOption(
        new Option('--simulate <days>', 'show what the policy would keep over that time; change nothing')
          .argParser(parseDays)
          .conflicts(['dryRun']),
      )
      .addOption(
        new Option('--release <job:mark>', 'carry out a plan that is on hold, once, as --dry-run has shown it')
          .argParser((mark: string, before: readonly string[] | undefined) => [...(before ?? []), mark])
          .conflicts(['dryRun', 'simulate']),
      )
      .option('--json', 'for programs')
      .addHelpText('after', `\n${describeExits(EXIT)}`)
      .action(async (name: string, options: CommonOptions & RunFlags) => {
        const settings = await load(options.config);
        const host = hostOf(settings, name, commandMeant(program, name));
        const json = options.json ?? false;
        finish(
          options.simulate === undefined
            ? await runPrune(
                settings,
                host,
                { dryRun: options.dryRun ?? false, release: options.release ?? [], json },
                deps(),
              )
            : await runSimulation(settings, host, { days: options.simulate, json }, deps()),
        );
      }),
    ['offsite-prune db1 --dry-run', 'what would go and what stays, with all reasons'],
    ['offsite-prune db1 --simulate 365', 'what the policy keeps over a year'],
    ['offsite-prune db1', 'what the timer does'],
  );

  withExamples(
    program
      .command('status')
      .argument('[host]', 'the primary, as secondary.yaml names it; default: all')
      .description('show how each job stands; without a host, all hosts of this account')
      .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
      .option('--json', 'for programs')
      .action(async (name: string | undefined, options: CommonOptions) => {
        const settings = await load(options.config);
        const only = name === undefined ? undefined : hostOf(settings, name);
        finish(await runStatus(settings, only, { json: options.json ?? false }, deps()));
      }),
    ['offsite-prune status', 'how everything stands'],
  );

  withExamples(
    program
      .command('check')
      .argument('<host>', 'the primary, as secondary.yaml names it')
      .description(
        'show how each job stands, and send alerts for what is new: overdue, on hold, in quarantine, a wrong clock; remove nothing',
      )
      .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
      .option('--json', 'for programs')
      .action(async (name: string, options: CommonOptions) => {
        const settings = await load(options.config);
        finish(await runCheck(settings, hostOf(settings, name), { json: options.json ?? false }, deps()));
      }),
    ['offsite-prune check db1', 'what the hourly timer does'],
  );
  withExamples(
    program
      .command('report')
      .description('write one HTML page about all hosts of this machine (as root), or of this account')
      .requiredOption('--out <file>', 'the page; - for standard output')
      .option('--days <number>', 'days of the calendars', parseCalendarDays, 365)
      .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
      .addOption(new Option('--part <host>', 'for the report itself').hideHelp())
      .action(async (options: CommonOptions & { out: string; days: number; part?: string }) => {
        const settings = await load(options.config);
        const part = options.part === undefined ? undefined : hostOf(settings, options.part);
        finish(await runReport(settings, { ...options, part, program: process.argv[1] ?? '' }, deps()));
      }),
    ['offsite-prune report --out /var/www/secondary.html', 'a page about all hosts'],
  );

  withExamples(
    program
      .command('pin')
      .argument('<host>', 'the primary, as secondary.yaml names it')
      .argument('<job>', 'name of a job')
      .argument('<id>', 'the snapshot')
      .description('keep a snapshot, whatever the policy says; it takes no place from another')
      .requiredOption('--why <text>', 'for whoever comes after you')
      .option('--until <day>', 'the last day on which it holds, such as 2027-03-31; default: until it is unpinned')
      .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
      .action(
        async (name: string, job: string, id: string, options: CommonOptions & { why: string; until?: string }) => {
          const settings = await load(options.config);
          finish(await runPin(settings, hostOf(settings, name), { ...options, job, id }, deps()));
        },
      ),
    [
      "offsite-prune pin db1 postgres 2026-11-23T021500Z --why 'the last one before the migration' --until 2027-03-31",
      'keep it until April',
    ],
  );

  withExamples(
    program
      .command('unpin')
      .argument('<host>', 'the primary, as secondary.yaml names it')
      .argument('<job>', 'name of a job')
      .argument('<id>', 'the snapshot')
      .description('leave a pinned snapshot to the policy again')
      .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
      .action(async (name: string, job: string, id: string, options: CommonOptions) => {
        const settings = await load(options.config);
        finish(await runUnpin(settings, hostOf(settings, name), { job, id }, deps()));
      }),
    ['offsite-prune unpin db1 postgres 2026-11-23T021500Z', 'let the policy decide again'],
  );
  // "run" may be left out, so the general help includes its help.
  program.addHelpText('after', () => `\nWithout a command: ${run.helpInformation()}\n${describeExits(EXIT)}`);
}

async function load(config: string): Promise<SecondarySettings> {
  return loadSecondaryConfig(config, { checkSchedule: cronProblem, reach: true });
}

function parseDays(text: string): number {
  const days = Number(text);
  if (Number.isSafeInteger(days) && days > 0 && days <= MOST_DAYS) return days;
  throw new InvalidArgumentError(`Write a number of days from 1 to ${MOST_DAYS}.`);
}

function parseCalendarDays(text: string): number {
  const days = Number(text);
  if (/^\d+$/.test(text) && days > 0 && days <= MOST_CALENDAR_DAYS) return days;
  throw new InvalidArgumentError(`Write a number of days from 1 to ${MOST_CALENDAR_DAYS}.`);
}

function commandDeps(frame: FrameDeps): CommandDeps {
  const progress = createProgress(process.stderr, frame.clock);
  return {
    ...frame,
    color: process.stdout.isTTY && pc.isColorSupported,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    onProgress: (step) => progress({ doing: 'deleting', ...step }),
    onSimulated: (step) => progress({ doing: 'simulating day', ...step }),
  };
}
