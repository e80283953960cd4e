import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { fstatSync } from 'node:fs';
import { systemClock } from '../src/platform/clock.ts';
import { leaveRemovedDirectory } from '../src/platform/current-directory.ts';
import { errorMessage } from '../src/platform/files.ts';
import { createLogger, isJournal } from '../src/platform/logger.ts';
import { runProcess } from '../src/platform/process.ts';
import { exitCodeOf } from '../src/shared/outcome.ts';
import { cronProblem } from '../src/shared/schedule.ts';
import { parseSnapshotId, type SnapshotId } from '../src/shared/snapshot-id.ts';
import { loadSecondaryConfig, SECONDARY_CONFIG, SecondaryConfigError } from './config/load.ts';
import { drillHost, type JobDrill } from './drill/drill-host.ts';
import { describeExits, EXIT } from './drill/exit-codes.ts';
import { drillsData, renderDrill } from './drill/report.ts';
import { lookAt, tellOfHost, type CommandDeps } from './prune/commands.ts';
import { refuseRoot } from './prune/places.ts';
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

// A reader that went away (`… | head`) must not end a drill in the middle. Unread output is simply lost.
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
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done.code : EXIT.usage.code;
    if (interruptedBy) return exitCodeOf('interrupted', interruptedBy);
    process.stderr.write(`offsite-drill: ${errorMessage(error)}\n`);
    return error instanceof StoreRefusal || error instanceof SecondaryConfigError ? EXIT.usage.code : EXIT.failed.code;
  }
}

interface Flags {
  readonly config: string;
  readonly job?: string;
  readonly snapshot?: SnapshotId;
  readonly json?: boolean;
}

function createProgram(finish: (code: number) => void): Command {
  return new Command('offsite-drill')
    .description(
      'Tries out whether what is stored can be used: reads the dumps in the newest sealed snapshot, and in an older one by turns, and starts\nthe command of secondary.yaml with each. Changes nothing in them. Runs as the account of the host, never as root.',
    )
    .version(globalThis.OFFSITE_RSYNC_VERSION ?? '0.0.0-dev')
    .exitOverride()
    .argument('<host>', 'the primary, as secondary.yaml names it')
    .option('--config <file>', "the secondary's settings", SECONDARY_CONFIG)
    .option('--job <job>', 'only this job, and now; default: every job whose drill is due')
    .option('--snapshot <id>', 'only this snapshot, and now', parseId)
    .option('--json', 'for programs')
    .addHelpText('after', `\n${describeExits()}`)
    .action(async (name: string, options: Flags) => finish(await drill(name, options)));
}

async function drill(name: string, { config, job, snapshot, json = false }: Flags): Promise<number> {
  const settings = await loadSecondaryConfig(config, { checkSchedule: cronProblem, reach: true });
  const host = settings.hosts.get(name);
  if (host === undefined) {
    const known = [...settings.hosts.keys()].join(', ');
    throw new StoreRefusal(`There is no host ${JSON.stringify(name)} in the settings; known: ${known}`);
  }
  const deps = commandDeps();
  refuseRoot(deps.uid, host, `offsite-drill ${name}`);
  const { plans, faults, places } = await lookAt(settings, host, deps);
  for (const fault of faults) deps.log('error', `${fault.job} cannot be examined: ${fault.reason}`);
  const idsOf = (plan: (typeof plans)[number]) =>
    plan.decisions.filter(({ action }) => action !== 'quarantine').map((decision) => decision.snapshot.id);
  const snapshots = new Map(plans.map((plan) => [plan.job, idsOf(plan)]));
  const request = { host, places, job, snapshot, snapshots };
  const show = ({ job: of, drill: one }: JobDrill) => json || deps.write(renderDrill(`${name}/${of}`, one));
  const onFile = (file: string) => deps.log('debug', `reading ${file}`);
  const made = await drillHost(request, { ...deps, signal: interruption.signal, onFile }, show);
  if (made === undefined) {
    deps.log('error', `Another drill of ${name} is running.`);
    return EXIT.locked.code;
  }
  if (json) deps.write(`${JSON.stringify(drillsData(name, made), null, 2)}\n`);
  // What is new is told at once, and not by the check of the next hour.
  if (made.length > 0) await tellOfHost(settings, host, deps);
  return made.some(({ drill: one }) => !one.ok) ? EXIT.bad.code : EXIT.done.code;
}

function parseId(text: string): SnapshotId {
  const id = parseSnapshotId(text);
  if (id === undefined) throw new InvalidArgumentError('Write an id as 2026-11-23T021500Z.');
  return id;
}

function commandDeps(): CommandDeps {
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
    color: false,
    signal: interruption.signal,
  };
}
