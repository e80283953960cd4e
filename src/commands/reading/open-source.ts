import { rm } from 'node:fs/promises';
import { loadForReading } from '../../config/load.ts';
import { openDisk } from '../../read/disk.ts';
import { chooseSnapshot } from '../../read/choose-snapshot.ts';
import { openSecondary } from '../../read/open-secondary.ts';
import { ReadError, type SnapshotSource } from '../../read/snapshot-source.ts';
import { OUTCOMES } from '../../shared/outcome.ts';
import { isName, NAME_RULE } from '../../shared/names.ts';
import type { ListedSnapshot } from '../../shared/store-listing.ts';
import { formatCount } from '../../shared/units.ts';
import { failureCode, type Failure } from '../../run/failure.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';
import { foundFromHere } from '../list/list-history.ts';
import { targetsOf } from '../list/list.ts';
import { UsageError } from '../selection.ts';
import { temporaryDirectory } from '../temporary.ts';
import type { ReadDeps } from '../../restore/reading.ts';

/** Options of every command that reads what is stored. */
export interface SourceOptions {
  readonly config: string;
  /** A directory of this machine that holds the snapshots. */
  readonly from?: string;
  readonly metadata?: SnapshotSource['metadata'];
  readonly target?: string;
  /** Path of a private read key. */
  readonly identity?: string;
  readonly json?: boolean;
}

interface Readable {
  readonly source: SnapshotSource;
  /** What verifications from this host have found, by the ids of snapshots. */
  readonly found: ReadonlyMap<string, string>;
}

/** Opens the place where the snapshots of a job are. @throws UsageError, ConfigError, SecretError, ReadError */
async function openSource(job: string, options: SourceOptions, context: Context): Promise<Readable> {
  const { from, metadata, config, target: wanted, identity } = options;
  if (!isName(job)) throw new UsageError(`"${job}" cannot be the name of a job: ${NAME_RULE}.`);
  if (from !== undefined) {
    if (identity !== undefined || wanted !== undefined)
      throw new UsageError('--from reads a directory of this machine: leave out --identity and --target, or --from.');
    return { source: await openDisk(from, job, metadata ?? 'fake_super'), found: new Map() };
  }
  if (metadata !== undefined) throw new UsageError('--metadata goes with --from: a secondary says it itself.');
  const settings = await loadForReading(config);
  const targets = targetsOf(settings, job, wanted);
  const [target] = targets;
  if (target === undefined || targets.length > 1)
    throw new UsageError(`Say from where, with --target: ${targets.map(({ name }) => name).join(', ')}`);
  const warn = (problem: string) => context.log('warning', problem);
  const found = await foundFromHere(settings, job, target.name, warn);
  return { source: await openSecondary({ settings, target, identity, job, signal: context.signal }, context), found };
}

/** An opened source, and what a command does with it. */
export interface Opened {
  readonly source: SnapshotSource;
  /**
   * Finds the snapshot that is meant, and warns if damage in it is known.
   * @param incomplete whether one without a seal will do, by its id
   * @throws ReadError when there is none
   */
  readonly choose: (wanted: string, incomplete?: boolean) => ListedSnapshot;
  readonly deps: ReadDeps;
}

/**
 * Opens the place where snapshots are, works with it, and leaves nothing behind. A failure is told to people or programs.
 * @param work returns the exit code
 */
export async function withSource(
  job: string,
  options: SourceOptions,
  context: Context,
  work: (opened: Opened) => Promise<number>,
): Promise<number> {
  const { runProcess, signal, log } = context;
  const scratch = await temporaryDirectory('offsite-read');
  try {
    const { source, found } = await openSource(job, options, context);
    const choose = (wanted: string, incomplete = false) => {
      const snapshots = source.jobs.find((each) => each.job === job)?.snapshots ?? [];
      const chosen = chooseSnapshot(snapshots, wanted, incomplete);
      if (chosen.kind === 'none') {
        const unsealed = snapshots.some(({ sealed }) => sealed) ? undefined : snapshots.at(-1)?.id;
        throw new ReadError({
          outcome: 'usage',
          reason: `${job} in ${source.name}: ${chosen.reason}`,
          advice:
            unsealed === undefined
              ? 'Name another snapshot.'
              : `What is there without a seal, nobody has verified: --incomplete --snapshot ${unsealed} takes the newest.`,
        });
      }
      for (const warning of knownOf(chosen.snapshot, found))
        log('warning', `${job}, ${chosen.snapshot.id}: ${warning}`);
      return chosen.snapshot;
    };
    try {
      return await work({ source, choose, deps: { runProcess, signal, scratch } });
    } finally {
      await source.close();
    }
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    return tellFailure(error.failure, job, options, context);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What is known of damage in a snapshot. */
function knownOf({ id, damaged }: ListedSnapshot, found: ReadonlyMap<string, string>): string[] {
  const reason = found.get(id);
  const more = 'a restore names them, where there is a manifest';
  return [
    ...(damaged === null || damaged === 0
      ? []
      : [`${formatCount(damaged, 'stored file')} known to be damaged; ${more}`]),
    ...(reason === undefined ? [] : [`a verification from here found damage: ${reason}`]),
  ];
}

/** Says why a command could not do what was asked. @returns the exit code */
function tellFailure(failure: Failure, job: string, { json }: Pick<SourceOptions, 'json'>, context: Context): number {
  const { outcome, reason, advice = OUTCOMES[outcome].advice } = failure;
  const exitCode = failureCode(failure);
  if (json === true) printJson(context, 'restore --json', { job, outcome, exitCode, reason, advice });
  else {
    context.log('error', reason);
    context.log('info', `What to do: ${advice}`);
  }
  return exitCode;
}
