import pc from 'picocolors';
import { loadConfig } from '../../config/load.ts';
import type { ObserveRuns, RunEvent } from '../../run/events.ts';
import { verifyJob, type VerifyReport } from '../../run/verify/verify-job.ts';
import { describeNotSent } from '../../run/source/not-sent.ts';
import { shortName } from '../../shared/long-names.ts';
import { OUTCOMES } from '../../shared/outcome.ts';
import { plainTable } from '../../shared/plain-table.ts';
import { parseSnapshotId, type SnapshotId } from '../../shared/snapshot-id.ts';
import { formatCount, formatDuration, formatSize } from '../../shared/units.ts';
import { WORST_FIRST, type DifferenceKind } from '../../verify/difference.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';
import { runDeps } from '../run/run.ts';
import { select, UsageError } from '../selection.ts';
import { alertVerification, tellsPeople } from './verify-alert.ts';

/** Options of `offsite-rsync verify`. */
export interface VerifyOptions {
  readonly config: string;
  readonly snapshot: string;
  readonly target?: string;
  readonly json?: boolean;
  /** Send alerts for what is found; for a timer. */
  readonly alert?: boolean;
}

/** Number of differences that are listed; the rest are only counted. */
const LISTED = 50;

const KIND_WORDS: Readonly<Record<DifferenceKind, string>> = {
  corruption: 'CORRUPT',
  missing: 'MISSING',
  metadata: 'metadata',
  unlinked: 'link',
  drift: 'drift',
  unseen: 'drift',
  extra: 'extra',
  clamped: 'time',
};

/** What the report says anyway. */
const IN_THE_REPORT: readonly RunEvent['event'][] = ['source-read', 'difference'];

/** Differences that are no fault of the snapshot. */
const HARMLESS: readonly DifferenceKind[] = ['drift', 'extra', 'clamped', 'unlinked'];

/**
 * `offsite-rsync verify [JOB]`: compares a snapshot with the source; both are read in full.
 * @returns 0 when everything was compared and is identical, 22 when there is no damage but not everything could be compared or is as it was,
 * 20, 21, or the code of the failure that prevented it; of several, the worst
 */
export async function verify(job: string | undefined, options: VerifyOptions, context: Context): Promise<number> {
  const settings = await loadConfig(options.config);
  context.tellings.stateDirectory = settings.stateDirectory;
  const wanted = wantedSnapshot(options.snapshot);
  const selected = select(settings, job === undefined ? [] : [job], options.target);
  const deps = runDeps({}, context);
  const observe: ObserveRuns = (event, scope) => {
    if (options.json !== true && !IN_THE_REPORT.includes(event.event)) deps.observe(event, scope);
  };
  const reports: VerifyReport[] = [];
  for (const { job: settingsOfJob, target } of selected) {
    if (context.signal.aborted && reports.length > 0) break;
    const request = { settings, job: settingsOfJob, target, force: false, signal: context.signal };
    const report = await verifyJob(request, wanted, { ...deps, observe });
    if (options.json === true) printJson(context, 'verify --json', report);
    else context.out(describe(report));
    if (!isSound(report) && tellsPeople(options.alert, context)) await alertVerification(report, settings, context);
    reports.push(report);
  }
  const worst = reports.find((report) => !isSound(report)) ?? reports.find(({ exitCode }) => exitCode !== 0);
  return worst?.exitCode ?? 0;
}

/** Whether no damage was found. */
function isSound({ outcome }: VerifyReport): boolean {
  return outcome === 'done' || outcome === 'not-identical';
}

function wantedSnapshot(text: string): SnapshotId | 'latest' {
  if (text === 'latest') return 'latest';
  const id = parseSnapshotId(text);
  if (id === undefined) {
    throw new UsageError(`"${text}" is not a snapshot id. Write one like 2026-11-23T021500Z, or latest.`);
  }
  return id;
}

function describe(report: VerifyReport): string {
  const name = `${report.job} → ${report.target}`;
  const which = report.snapshot === null ? '' : `, ${report.snapshot}`;
  const lines: string[] = [];
  const what = report.advice ?? OUTCOMES[report.outcome].advice;
  if (isSound(report)) {
    const clamped = report.comparison?.counts.clamped ?? 0;
    const times =
      clamped === 0
        ? ''
        : `, but for ${formatCount(clamped, 'time')} that the file system of the secondary cannot hold`;
    const unsent = report.notSent === null ? [] : describeNotSent(report.notSent);
    const identical = report.outcome === 'done';
    const but = identical && unsent.length > 0 && clamped === 0 ? ', but for what is not sent' : '';
    const mark = identical ? pc.green('✓') : pc.yellow('!');
    lines.push(
      `${mark} ${name}${which}: ${pc.bold(`${identical ? 'identical to the source' : report.reason}${times}${but}`)}`,
    );
    if (!identical) lines.push(`    what to do  ${what}`);
    lines.push(...unsent.map((line) => `    ${line}`));
  } else {
    lines.push(`${pc.red('✗')} ${name}${which}: ${pc.bold(report.reason)}`, `    what to do  ${what}`);
  }
  if (report.comparison) {
    const unread = report.comparison.unread.length;
    const but = unread === 0 ? '' : `, but for ${unread} that this host cannot read`;
    lines.push(
      `    compared  ${formatCount(report.files, 'file')}, ${formatSize(report.bytes)}, every file read on both sides${but} (${report.algorithm}), ${formatDuration(report.durationMs)}`,
    );
    if (report.extras === 'not-checked')
      lines.push('    extras    files that only the secondary has: not checked (a plain rrsync account refuses it)');
    lines.push(...differenceTable(report));
  }
  return `${lines.join('\n')}\n`;
}

function differenceTable({ comparison }: VerifyReport): string[] {
  const differences = [...(comparison?.differences ?? [])].sort(
    (a, b) => WORST_FIRST.indexOf(a.kind) - WORST_FIRST.indexOf(b.kind),
  );
  if (differences.length === 0) return [];
  const rows = differences.slice(0, LISTED).map(({ kind, name, what }) => {
    const word = KIND_WORDS[kind];
    return [HARMLESS.includes(kind) ? word : pc.red(word), shortName(name), what];
  });
  const table = plainTable(['', pc.dim('file'), pc.dim('differs in')], rows);
  const total = Object.values(comparison?.counts ?? {}).reduce((sum, count) => sum + count, 0);
  const more = total - Math.min(LISTED, differences.length);
  return [...table.split('\n').map((line) => `    ${line}`), ...(more > 0 ? [`    and ${more} more`] : [])];
}
