import type { RunEvent, RunScope } from '../run/events.ts';
import type { Preview } from '../run/preview.ts';
import type { SelftestReport } from '../run/selftest/selftest-report.ts';
import type { VerifyReport } from '../run/verify/verify-job.ts';
import { redactDeep } from '../shared/redaction.ts';
import type { RunRecord } from '../state/run-record.ts';
import type { AlertTestReport } from './alert/alert-test.ts';
import type { ValidationReport } from './config/config-validate.ts';
import type { Context } from './context.ts';
import type { DoctorReport } from './doctor/finding.ts';
import type { ShownJob } from './list/list-table.ts';
import type { DiffReport, ReadFailure, RestoreEvent, RestoreReport } from './reading/reports.ts';
import type { StatusReport } from './status/status-report.ts';

/**
 * What each command prints with `--json`: one object a line, in UTF-8. docs/json.md is made from this and from what the programs of the
 * secondary print (npm run docs:json). Times are in
 * ISO 8601 and UTC, durations in milliseconds, sizes in bytes. A later version may add properties and events; it removes none and changes
 * the meaning of none within one major version.
 */
export interface JsonOutputs {
  /** An event of a run, as it happens. The last of a run is `run-finished`, with its record. */
  readonly 'run --json': RunEvent & RunScope & { readonly time: string };
  /** What a run would send. Events of a run come before it. */
  readonly 'run --dry-run --json': {
    readonly event: 'preview';
    readonly job: string;
    readonly target: string;
  } & Preview;
  /** What a verification has shown, one line for each job and target. */
  readonly 'verify --json': VerifyReport;
  /** What happens in a restore, an event a line; the last line says what was restored, or why nothing was. */
  readonly 'restore --json': RestoreEvent | RestoreReport | ReadFailure;
  /** What changed from one snapshot to another; or why that cannot be told. */
  readonly 'diff --json': DiffReport | ReadFailure;
  /** How every job stands. */
  readonly 'status --json': StatusReport;
  /** What `doctor` has found. */
  readonly 'doctor --json': DoctorReport;
  /** What `selftest` has observed. */
  readonly 'selftest --json': SelftestReport;
  /** The configuration with every default filled in. Of secrets it has only where they are. */
  readonly 'config show --json': WholeConfiguration;
  /** What is wrong with the configuration. */
  readonly 'config validate --json': ValidationReport;
  /** Whether test messages got out. */
  readonly 'alert test --json': AlertTestReport;
  /** A run, as the history has it. */
  readonly 'history --json': RunRecord;
  /** What is stored of a job on a target, one line for each. */
  readonly 'list --json': ShownJob;
}

/** The configuration itself: the form of the file, which is declared with its options. */
export type WholeConfiguration = Readonly<Record<string, unknown>>;

/**
 * Prints a result for programs, redacted.
 * @param command which of {@link JsonOutputs} it is
 */
export function printJson<Command extends keyof JsonOutputs>(
  context: Pick<Context, 'out' | 'redactor'>,
  command: Command,
  value: JsonOutputs[Command],
): void;
export function printJson({ out, redactor }: Pick<Context, 'out' | 'redactor'>, _command: string, value: object): void {
  out(`${JSON.stringify(redactDeep(value, redactor.redact))}\n`);
}
