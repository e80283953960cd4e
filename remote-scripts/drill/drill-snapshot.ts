import { join } from 'node:path';
import type { Clock } from '../../src/platform/clock.ts';
import { errorMessage, exists } from '../../src/platform/files.ts';
import type { RunProcess } from '../../src/platform/process.ts';
import { formatDuration } from '../../src/shared/units.ts';
import type { DrillSettings } from '../config/settings.ts';
import type { Drill } from '../store/drill-record.ts';
import { CHILD_ENVIRONMENT } from '../store/environment.ts';
import type { Chosen } from './choose.ts';
import { checkSnapshot, type DumpsFound } from './dumps.ts';
import { runCommand, type CommandResult } from './own-command.ts';

/** What a drill with one snapshot needs. */
export interface DrillDeps {
  readonly runProcess: RunProcess;
  readonly clock: Clock;
  /** Aborted when the program is to end. */
  readonly signal: AbortSignal;
  /** Called before each dump that is read. */
  readonly onFile: (name: string) => void;
}

/** Where a drill takes place. */
export interface DrillPlaces {
  /** The directory of the job. */
  readonly snapshots: string;
  readonly scratch: string;
}

/** Milliseconds in which a program that reads a dump must do something. */
const STALL = 10 * 60_000;

/** Longest delay that a timer takes. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Tries out one snapshot: reads its dumps, then starts the command. Nothing in it is changed.
 * @returns undefined when the snapshot has been removed meanwhile, so that nothing is known of it
 * @throws the reason of the signal, when it is aborted
 */
export async function drillSnapshot(
  { id, which }: Chosen,
  settings: DrillSettings,
  places: DrillPlaces,
  deps: DrillDeps,
): Promise<Drill | undefined> {
  const { clock } = deps;
  const snapshot = join(places.snapshots, id);
  const started = clock.now();
  const begun = clock.monotonic();
  const late = AbortSignal.timeout(Math.min(settings.timeoutMs, LONGEST_TIMER));
  const limits = { signal: AbortSignal.any([deps.signal, late]), stallMs: STALL };
  let found: DumpsFound = { whole: 0, broken: [], unchecked: [] };
  let own: CommandResult = { failure: undefined, output: [] };
  let failure: string | undefined;
  try {
    if (settings.checks === 'auto') {
      const environment = { ...CHILD_ENVIRONMENT, HOME: '/nonexistent' };
      found = await checkSnapshot(snapshot, { run: deps.runProcess, environment, limits }, deps.onFile);
    }
    if (settings.command !== undefined) {
      const timeoutMs = Math.max(1000, settings.timeoutMs - (clock.monotonic() - begun));
      const where = { snapshot, scratch: places.scratch, path: CHILD_ENVIRONMENT.PATH };
      own = await runCommand({ command: settings.command, ...where, timeoutMs, signal: deps.signal }, deps.runProcess);
    }
  } catch (error) {
    failure = errorMessage(error);
  }
  deps.signal.throwIfAborted();
  if (late.aborted) failure = `the drill was not through after ${formatDuration(settings.timeoutMs)} (drill.timeout)`;
  if (!(await exists(snapshot))) return undefined;
  const wrong = own.failure ?? failure;
  return {
    ...{ id, which, started, durationMs: Math.round(clock.monotonic() - begun) },
    ...found,
    ok: found.broken.length === 0 && wrong === undefined,
    failure: wrong,
    output: own.output,
  };
}
