import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { fstatSync } from 'node:fs';
import pc from 'picocolors';
import { systemClock } from '../src/platform/clock.ts';
import { leaveRemovedDirectory } from '../src/platform/current-directory.ts';
import { errorMessage } from '../src/platform/files.ts';
import { createLogger, isJournal } from '../src/platform/logger.ts';
import { runProcess } from '../src/platform/process.ts';
import { exitCodeOf } from '../src/shared/outcome.ts';
import { cronProblem } from '../src/shared/schedule.ts';
import { wordMeant } from '../src/shared/suggestion.ts';
import { loadSecondaryConfig, SECONDARY_CONFIG, SecondaryConfigError } from './config/load.ts';
import type { HostSettings, SecondarySettings } from './config/settings.ts';
import { runCheck, runPrune, runStatus, type CommandDeps } from './prune/commands.ts';
import { describeExits, EXIT } from './prune/exit-codes.ts';
import { createProgress } from '../src/platform/step-progress.ts';
import { runPin, runUnpin } from './prune/pin.ts';
import { runReport } from './prune/page/write-report.ts';
import { PruneRefusal } from './prune/refusal.ts';
import { StoreRefusal } from './store/refusal.ts';
import { runSimulation } from './prune/simulate.ts';

declare global {
  var OFFSITE_RSYNC_VERSION: string | undefined;
}

/** Days that a simulation may look ahead. */
const MOST_DAYS = 36_500;

/** Days that a calendar of the report can show: two years and a leap day. */
const MOST_CALENDAR_DAYS = 731;

const interruption = new AbortController();
let interruptedBy: NodeJS.Signals | undefined;
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interruptedBy = signal;
    interruption.abort();
  });
}

// A reader that went away (`… | head`) must not end a prune in the middle. Unread output is simply lost.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

process.umask(0o077);
leaveRemovedDirectory();
process.exitCode = await main(process.argv);

async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done.code;
  const program = createProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv]);
    return interruptedBy ? exitCodeOf('interrupted', interruptedBy) : code;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.code === 'commander.excessArguments') process.stderr.write(commandMeant(program, program.args[0]));
      return error.exitCode === 0 ? EXIT.done.code : EXIT.usage.code;
    }
    process.stderr.write(`offsite-prune: ${errorMessage(error)}\n`);
    if (error instanceof StoreRefusal || error instanceof SecondaryConfigError) return EXIT.usage.code;
    return interruptedBy ? exitCodeOf('interrupted', interruptedBy) : EXIT.failed.code;
  }
}

interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

interface RunFlags {
  readonly dryRun?: boolean;
  readonly simulate?: number;
  readonly release?: readonly string[];
}

function createProgram(finish: (code: number) => void): Command {
  const program = new Command('offsite-prune')
    .description(
      "Removes snapshots from the secondary by the secondary's own policy, and sends an alert when one is missing.\nRuns as the account of the host, never as root.",
    )
    .version(globalThis.OFFSITE_RSYNC_VERSION ?? '0.0.0-dev')
    .exitOverride();

  const run = program
    .command('run <host>', { isDefault: true })
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
    .addHelpText('after', `\n${describeExits()}`)
    .action(async (name: string, options: CommonOptions & RunFlags) => {
      const settings = await load(options.config);
      const host = hostOf(settings, name, commandMeant(program, name).trimEnd());
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
    });

  program
    .command('status [host]')
    .description('show how each job stands; without a host, all hosts of this account')
    .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
    .option('--json', 'for programs')
    .action(async (name: string | undefined, options: CommonOptions) => {
      const settings = await load(options.config);
      const only = name === undefined ? undefined : hostOf(settings, name);
      finish(await runStatus(settings, only, { json: options.json ?? false }, deps()));
    });

  program
    .command('check <host>')
    .description(
      'show how each job stands, and send alerts for what is new: overdue, on hold, in quarantine, a wrong clock; remove nothing',
    )
    .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
    .option('--json', 'for programs')
    .action(async (name: string, options: CommonOptions) => {
      const settings = await load(options.config);
      finish(await runCheck(settings, hostOf(settings, name), { json: options.json ?? false }, deps()));
    });
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
    });

  program
    .command('pin <host> <job> <id>')
    .description('keep a snapshot, whatever the policy says; it takes no place from another')
    .requiredOption('--why <text>', 'for whoever comes after you')
    .option('--until <day>', 'the last day on which it holds, such as 2027-03-31; default: until it is unpinned')
    .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
    .action(async (name: string, job: string, id: string, options: CommonOptions & { why: string; until?: string }) => {
      const settings = await load(options.config);
      finish(await runPin(settings, hostOf(settings, name), { ...options, job, id }, deps()));
    });

  program
    .command('unpin <host> <job> <id>')
    .description('leave a pinned snapshot to the policy again')
    .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
    .action(async (name: string, job: string, id: string, options: CommonOptions) => {
      const settings = await load(options.config);
      finish(await runUnpin(settings, hostOf(settings, name), { job, id }, deps()));
    });
  // "run" may be left out, so the general help includes its help.
  program.addHelpText('after', () => `\nWithout a command: ${run.helpInformation()}\n${describeExits()}`);
  return program;
}

async function load(config: string): Promise<SecondarySettings> {
  return loadSecondaryConfig(config, { checkSchedule: cronProblem, reach: true });
}

function hostOf(settings: SecondarySettings, name: string, command = ''): HostSettings {
  const host = settings.hosts.get(name);
  if (host) return host;
  const known = [...settings.hosts.keys()];
  const meant = wordMeant(name, known);
  const hint = command || (meant === undefined ? '' : `Did you mean "${meant}"?`);
  throw new PruneRefusal(
    `There is no host ${JSON.stringify(name)} in the settings; known: ${known.join(', ')}${hint && `. ${hint}`}`,
  );
}

// "run" may be left out, so a mistyped command looks like the name of a host.
function commandMeant(program: Command, word = ''): string {
  const meant = wordMeant(
    word,
    program.commands.map((command) => command.name()),
  );
  return meant === undefined ? '' : `Did you mean "offsite-prune ${meant}"?\n`;
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

function deps(): CommandDeps {
  const journal = isJournal(process.env, fstatSync(2));
  const progress = createProgress(process.stderr, systemClock);
  return {
    uid: process.getuid?.() ?? 0,
    runProcess,
    clock: systemClock,
    log: createLogger({
      write: (text) => process.stderr.write(text),
      redact: (text) => text,
      level: 'info',
      style: journal ? 'journal' : 'plain',
    }),
    environment: process.env,
    write: (text) => process.stdout.write(text),
    color: process.stdout.isTTY && pc.isColorSupported,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    onProgress: (step) => progress({ doing: 'deleting', ...step }),
    onSimulated: (step) => progress({ doing: 'simulating day', ...step }),
    signal: interruption.signal,
  };
}
