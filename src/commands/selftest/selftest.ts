import { open, rm } from 'node:fs/promises';
import { loadConfig } from '../../config/load.ts';
import { errorCode, whyKeptOut } from '../../platform/files.ts';
import { failureCode, interruptionOf } from '../../run/failure.ts';
import { runProtocol } from '../../run/selftest/protocol.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';
import { runDeps } from '../run/run.ts';
import { selectTarget, UsageError } from '../selection.ts';
import { temporaryDirectory } from '../temporary.ts';
import { acceptancePage, criterionLine } from './page.ts';

/** Options of `offsite-rsync selftest`. */
export interface SelftestOptions {
  readonly config: string;
  readonly target?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/**
 * `offsite-rsync selftest`: the acceptance protocol on these hosts. Sends a test backup, verifies it, cuts the line of a second one, and writes
 * down what was observed. Those who get alerts get one.
 * @returns 0 if all criteria hold, otherwise 42
 * @throws UsageError if the target is not known or the page cannot be written
 */
export async function selftest(options: SelftestOptions, context: Context): Promise<number> {
  const settings = await loadConfig(options.config);
  const target = selectTarget(settings, options.target);
  const path = options.out ?? `acceptance-${context.clock.now().toISOString().slice(0, 10)}.md`;
  const page = await openNew(path);
  let written = false;
  let directory: string | undefined;
  try {
    directory = await temporaryDirectory('offsite-rsync-selftest');
    const { signal } = context;
    const deps = { ...runDeps({ json: false }, context), observe: () => undefined, watched: true };
    const report = await runProtocol({ settings, target, directory, signal }, deps, (criterion) => {
      if (options.json !== true && !signal.aborted) context.out(`${criterionLine(criterion)}\n`);
    });
    if (signal.aborted) {
      const failure = interruptionOf(signal);
      context.log('error', `${failure.reason}: nothing was written`);
      return failureCode(failure);
    }
    await page.writeFile(context.redactor.redact(acceptancePage(report)));
    written = true;
    if (options.json === true) printJson(context, 'selftest --json', report);
    else context.out(`${report.accepted ? 'Accepted' : 'Not accepted'}; the page to file is ${path}\n`);
    return report.exitCode;
  } finally {
    await page.close();
    if (!written) await rm(path, { force: true });
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

/** Makes the file before anything is sent. A page that was filed is not overwritten. */
async function openNew(path: string) {
  try {
    return await open(path, 'wx', 0o644);
  } catch (error) {
    throw new UsageError(
      errorCode(error) === 'EEXIST'
        ? `${path} is there already: name another file with --out.`
        : `${path} cannot be written${whyKeptOut(error)}. Name another file with --out.`,
    );
  }
}
