import { resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { readTargetSecrets, secretSources } from '../config/target-secrets.ts';
import { renderPage } from '../insight/report/page.ts';
import { readReport } from '../insight/report/read-report.ts';
import { errorCode, errorMessage, writeFileAtomic } from '../platform/files.ts';
import { UnfitFileError } from '../platform/regular-file.ts';
import { SecretError } from '../platform/secrets.ts';
import { formatCount } from '../shared/units.ts';
import type { Context } from './context.ts';
import { readingState } from './reading-state.ts';
import { UsageError } from './selection.ts';

/** Options of `offsite-rsync report`. */
export interface ReportOptions {
  readonly config: string;
  /** The file to write; `-` for standard output. */
  readonly out: string;
  /** A number, as it was typed. */
  readonly days: string;
}

/** Days that a page can show: two years and a leap day. */
const MOST_DAYS = 731;

/**
 * `offsite-rsync report --out FILE`: one self-contained HTML page with a calendar, sizes and traffic of every job.
 * @returns 0, whatever the page says
 * @throws UsageError when the file cannot be written
 */
export async function report(options: ReportOptions, context: Context): Promise<number> {
  const days = parseDays(options.days);
  const settings = await loadConfig(options.config);
  learnSecrets(settings, context);
  const at = context.clock.now();
  const warn = (problem: string) => context.log('warning', problem);
  const jobs = await readingState(settings.stateDirectory, () => readReport(settings, days, at, warn));
  const page = renderPage({ host: context.host, at, jobs, redact: context.redactor.redact });
  if (options.out === '-') {
    context.out(page);
    return 0;
  }
  const path = resolve(options.out);
  try {
    await writeFileAtomic(path, page, 0o644);
  } catch (error) {
    if (error instanceof UnfitFileError) throw new UsageError(`The report cannot be written: ${error.message}`);
    if (errorCode(error) === undefined) throw error;
    throw new UsageError(`The report cannot be written to ${path}: ${errorMessage(error)}`);
  }
  const stale = jobs.filter(({ standing }) => standing.stale).length;
  const count = formatCount(jobs.length, 'backup');
  context.out(`${path}: ${count} over ${formatCount(days, 'day')}${stale === 0 ? '' : `, ${stale} stale`}.\n`);
  return 0;
}

/**
 * Makes the redactor know the secrets, because the page may leave this host. The history was already redacted when it
 * was written, so a secret that this user cannot read does no harm.
 */
function learnSecrets(settings: Settings, context: Context): void {
  for (const target of settings.targets.values()) {
    try {
      const sources = secretSources(settings.secretsFile, context.environment);
      context.redactor.learn(readTargetSecrets(target, sources).named);
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
    }
  }
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!/^\d+$/.test(text) || days < 1 || days > MOST_DAYS) {
    throw new UsageError(`--days ${text}: write a whole number from 1 to ${MOST_DAYS}.`);
  }
  return days;
}
