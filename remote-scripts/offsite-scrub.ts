import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { fstatSync } from 'node:fs';
import { systemClock } from '../src/platform/clock.ts';
import { leaveRemovedDirectory } from '../src/platform/current-directory.ts';
import { errorMessage } from '../src/platform/files.ts';
import { createLogger, isJournal } from '../src/platform/logger.ts';
import { runProcess } from '../src/platform/process.ts';
import { createProgress } from '../src/platform/step-progress.ts';
import { exitCodeOf } from '../src/shared/outcome.ts';
import { parseSnapshotId, type SnapshotId } from '../src/shared/snapshot-id.ts';
import { wordMeant } from '../src/shared/suggestion.ts';
import { loadSecondaryConfig, SECONDARY_CONFIG, SecondaryConfigError } from './config/load.ts';
import type { HostSettings, SecondarySettings } from './config/settings.ts';
import { runList, runManifests, runScrub, type CommandDeps } from './scrub/commands.ts';
import { describeExits, EXIT } from './scrub/exit-codes.ts';
import { StoreRefusal } from './store/refusal.ts';

declare global {
  var OFFSITE_RSYNC_VERSION: string | undefined;
}

const interruption = new AbortController();
let interruptedBy: NodeJS.Signals | undefined;
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interruptedBy = signal;
    interruption.abort();
  });
}

// A reader that went away (`… | head`) must not end a scrub in the middle. Unread output is simply lost.
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
    if (interruptedBy) {
      process.stderr.write('offsite-scrub: interrupted; the next run goes on from here\n');
      return exitCodeOf('interrupted', interruptedBy);
    }
    process.stderr.write(`offsite-scrub: ${errorMessage(error)}\n`);
    const refused = error instanceof StoreRefusal || error instanceof SecondaryConfigError;
    return refused ? EXIT.usage.code : EXIT.failed.code;
  }
}

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

function createProgram(finish: (code: number) => void): Command {
  const program = new Command('offsite-scrub')
    .description(
      'Proves that the snapshots of a host still hold the bytes that they were sealed with, and tells people if not.\nRuns as the account of the host, never as root.',
    )
    .version(globalThis.OFFSITE_RSYNC_VERSION ?? '0.0.0-dev')
    .exitOverride();

  const run = program
    .command('run <host>', { isDefault: true })
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
    .addHelpText('after', `\n${describeExits()}`)
    .action(async (name: string, flags: RunFlags) => {
      const settings = await loadSecondaryConfig(flags.config);
      const host = hostOf(settings, name, commandMeant(program, name).trimEnd());
      const { json = false, snapshot } = flags;
      const job = jobOf(host, flags.job);
      const wish = flags.all ? 'all' : flags.now ? 'rest' : 'share';
      finish(
        flags.list
          ? await runList(settings, host, { job, json }, deps())
          : await runScrub(settings, host, { wish, snapshot, job, json }, deps()),
      );
    });

  program
    .command('manifests <host>')
    .description('make the manifests that are missing, and read nothing else; the gate starts this after a seal')
    .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
    .option('--job <job>', 'only this job')
    .action(async (name: string, flags: CommonOptions) => {
      const settings = await loadSecondaryConfig(flags.config);
      const host = hostOf(settings, name);
      finish(await runManifests(settings, host, { job: jobOf(host, flags.job) }, deps()));
    });
  // "run" may be left out, so the general help includes its help.
  program.addHelpText('after', () => `\nWithout a command: ${run.helpInformation()}\n${describeExits()}`);
  return program;
}

function hostOf(settings: SecondarySettings, name: string, command = ''): HostSettings {
  const host = settings.hosts.get(name);
  if (host) return host;
  throw new StoreRefusal(unknown('host', name, [...settings.hosts.keys()], 'the settings', command));
}

function jobOf({ jobs, name }: HostSettings, job: string | undefined): string | undefined {
  if (job === undefined || jobs.has(job)) return job;
  throw new StoreRefusal(unknown('job', job, [...jobs.keys()], name));
}

function unknown(what: string, name: string, known: readonly string[], where: string, command = ''): string {
  const meant = wordMeant(name, known);
  const hint = command || (meant === undefined ? '' : `Did you mean "${meant}"?`);
  return `There is no ${what} ${JSON.stringify(name)} in ${where}; known: ${known.join(', ')}${hint && `. ${hint}`}`;
}

// "run" may be left out, so a mistyped command looks like the name of a host.
function commandMeant(program: Command, word = ''): string {
  const meant = wordMeant(
    word,
    program.commands.map((command) => command.name()),
  );
  return meant === undefined ? '' : `Did you mean "offsite-scrub ${meant}"?\n`;
}

function parseId(text: string): SnapshotId {
  const id = parseSnapshotId(text);
  if (id !== undefined) return id;
  throw new InvalidArgumentError('Write the id of a snapshot, such as 2026-11-23T021500Z.');
}

function deps(): CommandDeps {
  const progress = createProgress(process.stderr, systemClock);
  return {
    uid: process.getuid?.() ?? 0,
    runProcess,
    clock: systemClock,
    log: createLogger({
      write: (text) => process.stderr.write(text),
      redact: (text) => text,
      level: 'info',
      style: isJournal(process.env, fstatSync(2)) ? 'journal' : 'plain',
    }),
    environment: process.env,
    write: (text) => process.stdout.write(text),
    // 99: what is under way is not done.
    onProgress: (share, name) =>
      progress({ doing: 'percent', number: Math.min(99, Math.floor(share * 100)), of: 100, name }),
    signal: interruption.signal,
  };
}
