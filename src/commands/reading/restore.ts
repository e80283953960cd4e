import { realpath } from 'node:fs/promises';
import pc from 'picocolors';
import { displayName } from '../../rsync/itemized.ts';
import { admit, examineDestination, isInside } from '../../restore/destination.ts';
import { OWN, unfinishedIn } from '../../restore/own-directory.ts';
import { parseNames } from '../../restore/names.ts';
import {
  restore as restoreSnapshot,
  type RestoreDeps,
  type Restored,
  type RestoreStep,
} from '../../restore/restore.ts';
import type { ManifestLack } from '../../restore/proof.ts';
import { failureCode } from '../../run/failure.ts';
import { ReadError } from '../../read/snapshot-source.ts';
import { OUTCOMES } from '../../shared/outcome.ts';
import type { SnapshotId } from '../../shared/snapshot-id.ts';
import { formatCount, formatDuration, formatSize } from '../../shared/units.ts';
import type { Context } from '../context.ts';
import { createProgressBar } from '../run/progress-bar.ts';
import { printJson } from '../json-output.ts';
import { reportOf, unreadIn, type RestoreEvent } from './reports.ts';
import { withSource, type SourceOptions } from './open-source.ts';

/** Options of `offsite-rsync restore`. */
export interface RestoreOptions extends SourceOptions {
  readonly to: string;
  readonly snapshot: string;
  readonly incomplete?: boolean;
  readonly overwrite?: boolean;
  readonly dryRun?: boolean;
}

/** Entries that are listed; the rest are only counted. */
const LISTED = 50;

/**
 * `offsite-rsync restore JOB --to DIR [PATH…]`: brings a snapshot back, or some names of it, and proves that it arrived.
 * @returns 0 when all of it is there as it was stored
 */
export function restore(
  job: string,
  paths: readonly string[],
  options: RestoreOptions,
  context: Context,
): Promise<number> {
  return withSource(job, options, context, async ({ source, choose, deps }) => {
    const names = parseNames(paths);
    const standing = await examineDestination(options.to);
    if (options.from !== undefined && (await isInside(standing.path, await realpath(options.from))))
      throw new ReadError({
        outcome: 'usage',
        reason: `${standing.path} lies among the snapshots.`,
        advice: 'Name a directory elsewhere.',
      });
    const request = { job, wanted: options.snapshot, names: names.map((name) => name.toString('latin1')) };
    const begun = admit(standing, request, options.overwrite === true);
    const snapshot = choose(begun?.snapshot ?? options.snapshot, options.incomplete);
    const name = `${job}, ${snapshot.id} → ${standing.path}`;
    const started = context.clock.monotonic();
    const spec = {
      ...{ source, job, snapshot, wanted: options.snapshot, names, standing, begun },
      ...{ overwrite: options.overwrite === true, dryRun: options.dryRun === true },
    };
    const restored = await restoreSnapshot(spec, {
      ...deps,
      ...(options.json === true
        ? printing(job, snapshot.id, context)
        : showing(name, spec.begun !== undefined, context)),
    });
    const took = context.clock.monotonic() - started;
    const failure = restored.failure;
    const left = spec.dryRun ? undefined : await unfinishedIn(standing.path);
    if (options.json === true)
      printJson(context, 'restore --json', reportOf(job, source.name, spec.dryRun, took, restored, left));
    else context.out(describe(name, spec.dryRun, took, restored, left));
    return failure === undefined ? 0 : failureCode(failure);
  });
}

const STEPS: Readonly<Record<RestoreStep, string>> = {
  looking: 'looking at what the snapshot holds',
  fetching: 'fetching',
  manifest: 'reading it all, and comparing with the manifest',
  comparing: 'comparing with the snapshot',
};

/** Milliseconds between two events of progress. */
const PROGRESS_EVERY = 200;

function showing(name: string, resumed: boolean, context: Context): Pick<RestoreDeps, 'onStep' | 'onProgress'> {
  const bar = context.interactive ? createProgressBar(context.clock) : undefined;
  return {
    onStep: (step) => {
      bar?.clear();
      const goesOn = step === 'fetching' && resumed ? '; going on where it stopped' : '';
      context.log('info', `${name}: ${STEPS[step]}${goesOn}`);
    },
    onProgress: (position) => bar?.update(name, position),
  };
}

/** The same for programs. */
function printing(job: string, snapshot: SnapshotId, context: Context): Pick<RestoreDeps, 'onStep' | 'onProgress'> {
  const { clock } = context;
  const print = (event: Omit<RestoreEvent, 'time' | 'job' | 'snapshot'>) =>
    printJson(context, 'restore --json', { time: clock.now().toISOString(), job, snapshot, ...event } as RestoreEvent);
  let step: RestoreStep = 'looking';
  let last = -Infinity;
  return {
    onStep: (next) => {
      step = next;
      last = -Infinity;
      print({ event: 'step-started', step });
    },
    onProgress: (position) => {
      const now = clock.monotonic();
      if (now - last < PROGRESS_EVERY) return;
      last = now;
      print({ event: 'progress', step, ...position });
    },
  };
}

function describe(name: string, dryRun: boolean, took: number, restored: Restored, left: string | undefined): string {
  const { failure, extent, received, proof, troubles, planned } = restored;
  const size = `${formatCount(extent.files, 'file')}, ${formatSize(extent.bytes)}`;
  if (dryRun) {
    const replaced = planned.filter(({ replaces }) => replaces);
    return lines([
      `${name}: nothing was written (--dry-run). Of ${size}:`,
      `    ${formatCount(planned.length - replaced.length, 'entry', 'entries')} new there, ${formatCount(replaced.length, 'entry', 'entries')} to be replaced`,
      ...some(replaced.map((entry) => `    replaced  ${displayName(entry.name)}`)),
    ]);
  }
  const told = failure === undefined ? [] : [`    what to do  ${failure.advice ?? OUTCOMES[failure.outcome].advice}`];
  const head =
    failure === undefined
      ? `${pc.green('✓')} ${name}: ${pc.bold('restored, and as it was stored')}`
      : `${pc.red('✗')} ${name}: ${pc.bold(failure.reason)}`;
  const fetched = `    restored  ${size} (${formatSize(received)} fetched), ${formatDuration(took)}`;
  const entries = [
    ...(proof?.manifest?.damaged ?? []).map((entry) => `    damaged   ${displayName(entry)}`),
    ...(proof?.comparison.different ?? []).map(
      ({ name: entry, what }) => `    differs   ${displayName(entry)}: ${what}`,
    ),
    ...(failure?.outcome === 'incomplete' ? troubles.map((line) => `    rsync     ${line}`) : []),
  ];
  return lines([
    head,
    ...told,
    ...(proof === undefined ? [] : [fetched, ...proofLines(restored)]),
    ...some(entries),
    ...limits(restored),
    ...(left === undefined
      ? []
      : [`    left      ${left}: the same command goes on with it; if it is not to, remove that directory`]),
  ]);
}

const LACKS: Readonly<Record<ManifestLack, string>> = {
  none: 'there is no manifest that would show damage there',
  'not-fetched': 'the manifest that would show damage there could not be fetched',
  damaged: 'the manifest that would show damage there is damaged itself',
  short: 'the manifest that would show damage there does not name every file',
};

function proofLines(restored: Restored): string[] {
  if (restored.proof === undefined) return [];
  const { lack } = restored.proof;
  const unread = unreadIn(restored);
  const but =
    unread === 0
      ? ''
      : `, but for ${formatCount(unread, 'entry', 'entries')} that ${unread === 1 ? 'its' : 'their'} own modes close to this user`;
  return [
    lack !== undefined
      ? `    proved    every file by checksum against what is stored (${LACKS[lack]})${but}`
      : `    proved    every file by the checksum with which the secondary sealed it${but}`,
  ];
}

/** What did not come, or not as it was, and why. */
function limits({ extent: { foreign, leftOut } }: Restored): string[] {
  const entries = (count: number) => formatCount(count, 'entry', 'entries');
  return [
    ...(leftOut === 0
      ? []
      : [
          `    left out  ${entries(leftOut)} named ${OWN}, where a restore keeps its own files: offsite-rsync cat brings a file of it`,
        ]),
    ...(foreign === 0
      ? []
      : [
          `    owners    ${entries(foreign)} of another owner or group: only root can restore those, so they belong to this user now`,
        ]),
  ];
}

function some(entries: readonly string[]): string[] {
  const more = entries.length - LISTED;
  return more > 0 ? [...entries.slice(0, LISTED), `    and ${more} more`] : [...entries];
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
