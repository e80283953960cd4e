import { ownValue } from '../shared/lookup.ts';
import type { UnitCommand } from './ask-systemd.ts';
import { ALERT, TRANSFER, VERIFICATION } from './services.ts';

/** How a unit ended, from the `MONITOR_*` variables that systemd sets for an `OnFailure=` unit (systemd.exec(5)). */
export interface MonitoredEnd {
  readonly unit: string;
  /** `exit-code`, `signal`, `timeout`, `oom-kill`, …; undefined when started by hand. */
  readonly result: string | undefined;
  /** Of the main process: `exited`, `killed`, `dumped`. */
  readonly exitCode: string | undefined;
  /** Of the main process: an exit code, or the name of a signal. */
  readonly exitStatus: string | undefined;
  /** systemd's id of that start of the unit. */
  readonly invocation: string | undefined;
}

/** What people have to be told about a failed unit. */
export type Verdict =
  | { readonly kind: 'told' }
  /** One of our processes ended by itself, with this code. Its note says whether people were told (state/told-note.ts). */
  | { readonly kind: 'ask'; readonly code: number; readonly job: string | undefined; readonly why: string }
  | { readonly kind: 'untold'; readonly job: string | undefined; readonly why: string };

/** Reads the variables. */
export function monitoredEnd(unit: string, environment: Readonly<Record<string, string | undefined>>): MonitoredEnd {
  return {
    unit,
    result: environment.MONITOR_SERVICE_RESULT,
    exitCode: environment.MONITOR_EXIT_CODE,
    exitStatus: environment.MONITOR_EXIT_STATUS,
    invocation: environment.MONITOR_INVOCATION_ID,
  };
}

/** The job of one of our transfers, or undefined for any other unit. */
export function jobOfUnit(unit: string): string | undefined {
  return unit.startsWith(ALERT) ? undefined : instanceIn(unit, TRANSFER);
}

/** The job of one of our verifications, or undefined for any other unit. */
export function verifiedByUnit(unit: string): string | undefined {
  return instanceIn(unit, VERIFICATION);
}

function instanceIn(unit: string, template: string): string | undefined {
  if (!unit.startsWith(template) || !unit.endsWith('.service')) return undefined;
  return unit.slice(template.length, -'.service'.length);
}

/** Results (systemd.exec(5), $SERVICE_RESULT) of a start that never came to a process. */
const NOT_EVEN_STARTED: ReadonlySet<string> = new Set(['start-limit-hit', 'resources', 'exec-condition']);

/**
 * Decides whether people still have to be told that a unit failed.
 *
 * One of our processes that ends by itself leaves a note that says whether people were told. A process that was killed, ran into the
 * unit's own limit or was never started has told nobody, or not about this failure.
 * @param afterStart commands of the unit's `ExecStartPost=`: there a run may have been started, or waited for
 */
export function judgeUnit(end: MonitoredEnd, afterStart: readonly UnitCommand[]): Verdict {
  const job = jobOfUnit(end.unit);
  const mainFailed = end.exitCode !== undefined && !(end.exitCode === 'exited' && end.exitStatus === '0');
  const ours = afterStart.map(ourCommand).find((command) => command !== undefined);
  if (job === undefined && ours !== undefined && !mainFailed && ours.command.code !== undefined) {
    return judgeCommand(ours, end);
  }
  const untold = { job: job ?? ours?.job, why: wordsOf(end) };
  // If it was not even started, the codes are those of the previous start. Only our processes leave a note, so no exit code of a backup
  // program can be mistaken for one of ours.
  const started = end.result === undefined || !NOT_EVEN_STARTED.has(end.result);
  return started && mainFailed && end.exitCode === 'exited'
    ? { kind: 'ask', code: Number(end.exitStatus), ...untold }
    : { kind: 'untold', ...untold };
}

interface OurCommand {
  readonly job: string | undefined;
  /** `wait`: it only waits for one of our units; `run`: it is the run itself. */
  readonly kind: 'wait' | 'run';
  readonly command: UnitCommand;
}

function ourCommand(command: UnitCommand): OurCommand | undefined {
  const waited = /\bsystemctl (?:--user )?start .*offsite-rsync@(\S+)\.service/.exec(command.line);
  if (waited) return { job: waited[1], kind: 'wait', command };
  const run = /(?:^|\/)(?:offsite-rsync|cli\.js) run\b(?:.*? ([A-Za-z0-9]\S*))?/.exec(command.line);
  return run ? { job: run[1], kind: 'run', command } : undefined;
}

function judgeCommand({ job, kind, command }: OurCommand, end: MonitoredEnd): Verdict {
  const { code, status = 0 } = command;
  if (kind === 'wait') {
    // 0: sent; something later made the unit fail. 1: our service failed, and has its own OnFailure=. Killed: stopping the backup has
    // stopped the transfer too, which sends an alert itself. The rest (4, 5, 203 …): it was never started.
    if (code !== 'exited' || status <= 1) return { kind: 'told' };
    const why = `the transfer could not be started: ${command.line} ended with exit code ${status}`;
    return { kind: 'untold', job, why };
  }
  if (code === 'exited' && status === 0) return { kind: 'told' };
  const why = wordsOf({ ...end, exitCode: code, exitStatus: String(status) });
  return code === 'exited' ? { kind: 'ask', code: status, job, why } : { kind: 'untold', job, why };
}

/** Exit codes that systemd gives when it cannot start a program (systemd.exec(5)), in words. */
const NOT_STARTED: Readonly<Record<string, string>> = {
  203: 'the program could not be started (203/EXEC): is node or offsite-rsync missing',
  226: 'its sandbox could not be set up (226/NAMESPACE): a path of the unit is missing',
  233: 'its runtime directory could not be made (233/RUNTIME_DIRECTORY)',
  238: 'its state directory could not be made (238/STATE_DIRECTORY)',
  243: 'its credentials could not be read (243/CREDENTIALS): look in /etc/offsite-rsync/credentials',
};

const RESULTS: Readonly<Record<string, string>> = {
  timeout: 'it took longer than the unit allows (TimeoutStartSec=) and was ended',
  'oom-kill': 'the memory of this host ran out, and the kernel killed it',
  'start-limit-hit': 'it was started too often within a short time, and not started again',
  resources: 'systemd could not start it: something that the unit needs is missing',
  watchdog: 'it did not answer in time',
  protocol: 'it did not start as its Type= says',
};

/** Why a unit failed, in words. */
function wordsOf({ result, exitCode, exitStatus = 'unknown' }: MonitoredEnd): string {
  const known = result === undefined ? undefined : ownValue(RESULTS, result);
  if (known !== undefined) return known;
  if (exitCode === 'killed' || exitCode === 'dumped') {
    return `it was killed by signal ${exitStatus}${exitCode === 'dumped' ? ' and left a core dump' : ''}`;
  }
  if (exitCode === 'exited' && exitStatus !== '0') {
    return ownValue(NOT_STARTED, exitStatus) ?? `it ended with exit code ${exitStatus}`;
  }
  return `systemd reports: ${result ?? 'nothing'}`;
}
