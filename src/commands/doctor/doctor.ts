import pc from 'picocolors';
import { loadConfig } from '../../config/load.ts';
import { exitCodeOf } from '../../shared/outcome.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';
import { select } from '../selection.ts';
import type { Finding, JobFindings } from './finding.ts';
import { findingsHere } from './here.ts';
import { examineJob } from './job-findings.ts';

/** Options of `offsite-rsync doctor`. */
export interface DoctorOptions {
  readonly config: string;
  readonly json?: boolean;
  /** Send nothing to the secondary, so what must not work there is not tried. */
  readonly dryRun?: boolean;
}

/** Something is wrong that would end no run. */
const FINDINGS = exitCodeOf('findings');

/**
 * `offsite-rsync doctor [JOB]`: checks everything that a run needs, including a dry run of the push, and tries what must not work with the
 * key. That sends one small attempt to each target, which is never sealed. It sends no alert.
 * @returns 0 if nothing is wrong, otherwise the exit code that a run would have, or 42
 */
export async function doctor(job: string | undefined, options: DoctorOptions, context: Context): Promise<number> {
  const settings = await loadConfig(options.config);
  const selected = select(settings, job === undefined ? [] : [job], undefined);
  const here = await findingsHere(settings, options.config, context);
  const shows = options.json !== true;
  if (shows) show(context, 'This host', here);
  let worst = here.some(({ kind }) => kind === 'bad') ? FINDINGS : 0;
  const jobs: JobFindings[] = [];
  const tried = new Set<string>();
  for (const pair of selected) {
    if (context.signal.aborted) break;
    const trials = options.dryRun !== true && !tried.has(pair.target.name);
    const found = await examineJob(settings, pair, trials, context);
    if (found.appendOnly !== null) tried.add(pair.target.name);
    if (shows) show(context, `${found.job} → ${found.target}`, found.findings);
    jobs.push(found);
    // What a run would end with says more.
    if ([0, FINDINGS].includes(worst) && found.exitCode !== 0) worst = found.exitCode;
  }
  if (!shows) {
    const at = context.clock.now().toISOString();
    printJson(context, 'doctor --json', { version: 1, host: context.host, at, exitCode: worst, here, jobs });
  }
  return worst;
}

function show(context: Context, title: string, findings: readonly Finding[]): void {
  const marks = { good: pc.green('✓'), note: pc.yellow('·'), bad: pc.red('✗') };
  const lines = findings.map(({ kind, text }) => `  ${marks[kind]} ${text.replaceAll('\n', '\n    ')}\n`);
  context.out(`${pc.bold(title)}\n${lines.join('')}`);
}
