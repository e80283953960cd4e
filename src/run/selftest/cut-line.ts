import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Delivery } from '../../notify/deliver.ts';
import type { RunProcess } from '../../platform/process.ts';
import { exitCodeOf, OUTCOMES } from '../../shared/outcome.ts';
import type { SnapshotId } from '../../shared/snapshot-id.ts';
import { formatDuration, formatSize } from '../../shared/units.ts';
import { sessionEnvironment } from '../../ssh/connection.ts';
import { loadJobState } from '../../state/job-state.ts';
import { takeRunLock } from '../../state/run-lock.ts';
import type { RunRecord } from '../../state/run-record.ts';
import { DeadlinePassed } from '../failure.ts';
import { lockName, type CallerDeps, type RunRequest } from '../request.ts';
import { runJob } from '../run-job.ts';
import { observing } from './observing.ts';
import type { Criterion } from './selftest-report.ts';

/** The third criterion. */
export interface CutObserved {
  readonly criterion: Criterion;
  /** The attempt that is there now; undefined if nothing was sent. */
  readonly id: SnapshotId | undefined;
}

/** Share of the source that has to be sent before the line is cut. */
const CUT_AFTER = 0.25;

/** A run whose line was cut. */
interface CutRun {
  readonly record: RunRecord;
  readonly id: SnapshotId | undefined;
  /** What was sent when the line was cut; undefined if it was not. */
  readonly cut: { readonly bytes: number; readonly totalBytes: number; readonly at: number } | undefined;
  /** When the run had ended, before anybody was told. */
  readonly endedAt: number;
  readonly deliveries: readonly Delivery[];
  /** The private directory of the run, as far as it was seen. */
  readonly directory: string | undefined;
}

/** Makes a run, kills its ssh in the middle of the push, and looks at what is left. Nothing of it is sealed, however it ends. */
export async function observeCut(request: RunRequest, deps: CallerDeps): Promise<CutObserved> {
  const observed = observing('interrupted', deps.clock);
  const run = await runAndCut(request, deps);
  const { reason } = run.record;
  const { cut, endedAt, id } = run;
  const wrong: string[] = [];
  if (cut === undefined) {
    return { criterion: observed.end([], [`The line could not be cut in the middle of the push: ${reason}`]), id };
  }
  const { outcome, exitCode } = run.record;
  const share = Math.round((cut.bytes / cut.totalBytes) * 100);
  const ended = `${OUTCOMES[outcome].title} (exit ${exitCode}), ${reason}`;
  const told = [
    `The line was cut (ssh ended by SIGKILL) when ${formatSize(cut.bytes)} of ${formatSize(cut.totalBytes)} had been sent, ${share} %.`,
    `The run ended ${formatDuration(Math.round(endedAt - cut.at))} later: ${ended}.`,
  ];
  if (exitCode !== exitCodeOf('connection-lost'))
    wrong.push(`The run ended otherwise than by a lost connection: ${ended}`);
  const accepted = run.deliveries.filter(({ sent }) => sent).map(({ channel }) => channel);
  for (const { channel, reason: why = 'no reason was given' } of run.deliveries.filter(({ sent }) => !sent))
    told.push(`The alert was not accepted by ${channel}: ${why}.`);
  if (accepted.length > 0) told.push(`The alert was accepted by ${accepted.join(', ')}.`);
  else if (run.deliveries.length > 0) wrong.push('No alert channel accepted the alert.');
  else wrong.push('Nobody was told: no channel below alerts.channels wants to hear of failures.');
  const left = await whatIsLeft(request, run, deps);
  wrong.push(...left);
  if (left.length === 0)
    told.push('Nothing is left of the run: no process, no lock, no private file. It was not sealed.');
  return { criterion: observed.end(told, wrong), id };
}

async function runAndCut(request: RunRequest, deps: CallerDeps): Promise<CutRun> {
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const deliveries: Delivery[] = [];
  let directory: string | undefined;
  let attempt: SnapshotId | undefined;
  let id: SnapshotId | undefined;
  let cut: CutRun['cut'];
  let cutting: Promise<void> | undefined;
  let endedAt = 0;
  const runProcess: RunProcess = (spec) => {
    directory ??= configFileOf(spec.args);
    return deps.runProcess(spec);
  };
  const record = await runJob(
    { ...request, signal },
    {
      ...deps,
      runProcess,
      tellings: {
        stateDirectory: undefined,
        sum: () => undefined,
        add: (_telling, made = []) => deliveries.push(...made),
      },
      observe: (event, scope) => {
        deps.observe(event, scope);
        if (event.event === 'run-finished') endedAt = deps.clock.monotonic();
        else if (event.event === 'attempt-started') attempt = event.snapshot;
        else if (event.event === 'progress' && event.step === 'push' && directory !== undefined) {
          const { bytes, totalBytes } = event;
          id = attempt;
          if (bytes < totalBytes * CUT_AFTER) return;
          cutting ??= killSsh(directory, request.target.name, deps.runProcess).then((killed) => {
            if (killed) cut = { bytes, totalBytes, at: deps.clock.monotonic() };
          });
        } else if (event.event === 'step-started' && event.step !== 'connect' && event.step !== 'push') {
          // It must not come to a seal.
          stop.abort(new DeadlinePassed('everything was sent before the line was cut'));
        }
      },
    },
  );
  await cutting;
  return { record, id, cut, endedAt, deliveries, directory: directory && dirname(directory) };
}

/** The configuration of ssh in the words of an rsync. */
function configFileOf(args: readonly string[]): string | undefined {
  const shell = args[args.indexOf('-e') + 1] ?? '';
  return /^ssh -F (\S+)$/.exec(shell)?.[1];
}

/** Kills the ssh that holds the connection. @returns whether it was there */
async function killSsh(configFile: string, alias: string, runProcess: RunProcess): Promise<boolean> {
  let pid: number | undefined;
  const onStderrLine = (line: string) => (pid ??= Number(/\(pid=(\d+)\)/.exec(line)?.[1] ?? 0) || undefined);
  const args = ['-F', configFile, '-O', 'check', alias];
  await runProcess({ program: 'ssh', args, env: sessionEnvironment(), timeoutMs: 10_000, onStderrLine });
  if (pid === undefined) return false;
  process.kill(pid, 'SIGKILL');
  return true;
}

async function whatIsLeft(request: RunRequest, { directory, record }: CutRun, deps: CallerDeps): Promise<string[]> {
  const left: string[] = [];
  if (directory !== undefined) {
    if (existsSync(directory)) left.push(`The private directory of the run is still there: ${directory}`);
    const pids = await processesNaming(directory);
    if (pids.length > 0) left.push(`Processes of the run are still there: ${pids.join(', ')}`);
  }
  const { settings, job, target } = request;
  const lock = await takeRunLock(settings.stateDirectory, lockName(request), deps.clock.now());
  if (lock.kind === 'locked') await lock.release();
  else left.push('The lock of the run is still held.');
  const { state } = await loadJobState(settings.stateDirectory, job.name, target.name);
  if (state.sealed !== null || record.snapshot !== null) left.push('A snapshot was sealed.');
  return left;
}

/** The processes that have a path in their arguments, as those of a run have its private directory. */
async function processesNaming(path: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map((pid) =>
      readFile(`/proc/${pid}/cmdline`, 'utf8').then(
        (words) => words.includes(path),
        () => false,
      ),
    ),
  );
  return pids.filter((_, index) => found[index]);
}
