import { existsSync } from 'node:fs';
import { access, constants, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { defaultConfigFile } from '../config/location.ts';
import { errorCode, errorMessage, exists, isFull } from '../platform/files.ts';
import { pathsOnTheWay } from '../platform/paths-on-the-way.ts';
import { askSystemd } from '../systemd/ask-systemd.ts';
import { STYLES, type Coupling } from '../systemd/coupling.ts';
import { encryptedCredential } from '../systemd/credentials.ts';
import { planUnits, type UnitPlan } from '../systemd/plan-units.ts';
import { SYSTEM, userManager, type Manager } from '../systemd/manager.ts';
import type { Program } from '../systemd/services.ts';
import { checkServiceName, UnitTextError } from '../systemd/unit-text.ts';
import { writeUnits } from '../systemd/write-units.ts';
import type { Context } from './context.ts';
import { select, UsageError } from './selection.ts';

/** Options of `offsite-rsync units`. */
export interface UnitsOptions {
  readonly config: string;
  readonly backupUnit?: string;
  readonly style: string;
  readonly marker?: string;
  readonly write?: boolean;
  readonly dryRun?: boolean;
  readonly root?: string;
  readonly user?: boolean;
}

/**
 * `offsite-rsync units JOB`: prints the units that couple a job to its backup, or writes them.
 * @returns 0
 * @throws UsageError when the options contradict each other, or the style does not work with this kind of backup unit
 */
export async function units(jobName: string, options: UnitsOptions, context: Context): Promise<number> {
  const settings = await loadConfig(options.config);
  const [selected] = select(settings, [jobName], undefined);
  if (!selected) throw new UsageError(`The job "${jobName}" has no target.`);
  const root = options.root === undefined ? '' : resolve(options.root);
  const manager = options.user === true ? userManager(context.environment) : SYSTEM;
  const plan = await asUsage(async () => {
    const coupling = couplingOf(options);
    const notes = root === '' ? await askAboutBackup(coupling, manager.kind, context) : [];
    const planned = planUnits(settings, selected.job, coupling, {
      ...(await programOf(options.config)),
      manager,
      encrypted: (name) => manager.kind === 'system' && existsSync(join(root, encryptedCredential(manager, name))),
      // Links of this machine say nothing about another root.
      ...(root === '' ? { waysTo: pathsOnTheWay } : {}),
    });
    return { ...planned, notes: [...notes, ...planned.notes] };
  });
  if (options.write === true) await write(plan, manager, root, options.dryRun === true, context);
  else context.out(plan.files.map(({ path, text }) => `# ${join(manager.units, path)}\n${text}`).join('\n'));
  for (const note of plan.notes) context.log('warning', note);
  if (options.write !== true) context.log('info', 'Nothing was written. Add --write to put this into place.');
  return 0;
}

function couplingOf({ style, backupUnit, marker }: UnitsOptions): Coupling {
  if (style === 'path') {
    if (marker === undefined) {
      throw new UsageError('--style path needs --marker FILE: the file that is touched when a backup is complete.');
    }
    if (backupUnit !== undefined) {
      throw new UsageError('--style path watches a file, whoever made the backup: leave out --backup-unit.');
    }
    return { style, marker: resolve(marker) };
  }
  if (style !== 'exec-start-post' && style !== 'on-success') {
    throw new UsageError(`There is no style "${style}"; known: ${STYLES.join(', ')}.`);
  }
  if (marker !== undefined) throw new UsageError('--marker belongs to --style path.');
  if (backupUnit === undefined) {
    throw new UsageError(
      'Name the service that makes the backup: --backup-unit pg-backup.service (or see --style path).',
    );
  }
  const named = backupUnit.includes('.') ? backupUnit : `${backupUnit}.service`;
  return { style, backupUnit: checkServiceName(named) };
}

/** Refuses a style that would silently not work with this service. */
async function askAboutBackup(coupling: Coupling, manager: Manager['kind'], context: Context): Promise<string[]> {
  if (coupling.style === 'path') return [];
  const { backupUnit, style } = coupling;
  const facts = await askSystemd(backupUnit, context.runProcess, manager);
  if (!facts) return [];
  if (!facts.loaded) return [`systemd does not know ${backupUnit} here: is that its name?`];
  if (style === 'exec-start-post' && facts.type !== undefined && facts.type !== 'oneshot') {
    throw new UsageError(
      `${backupUnit} has Type=${facts.type}: its ExecStartPost= runs as soon as it has started, not when the backup is made. ` +
        'Use --style on-success, or make it Type=oneshot.',
    );
  }
  if (style === 'on-success' && facts.remainAfterExit) {
    throw new UsageError(
      `${backupUnit} has RemainAfterExit=yes: it never ends, so OnSuccess= is never triggered. Use --style exec-start-post.`,
    );
  }
  return [];
}

async function write(plan: UnitPlan, manager: Manager, root: string, dryRun: boolean, context: Context): Promise<void> {
  const written = await writeUnits(plan.files, manager.units, root, dryRun).catch((error: unknown) => {
    if (errorCode(error) === undefined || isFull(error)) throw error;
    throw new UsageError(`${errorMessage(error)}. Run it as root, or without --write to only look at the units.`);
  });
  for (const { path, change } of written) {
    const words = {
      made: dryRun ? 'would make' : 'made',
      replaced: dryRun ? 'would replace' : 'replaced',
      unchanged: 'unchanged',
    };
    context.out(`${words[change].padEnd(dryRun ? 13 : 9)}  ${path}\n`);
  }
  const missing: string[] = [];
  for (const name of plan.credentials) {
    const path = join(manager.credentials, name);
    if (!(await isThere(join(root, path))) && !existsSync(join(root, encryptedCredential(manager, name))))
      missing.push(path);
  }
  const obsolete: string[] = [];
  for (const unit of plan.obsolete) if (await isThere(join(root, manager.units, unit))) obsolete.push(unit);
  const systemctl = manager.kind === 'user' ? 'systemctl --user' : 'systemctl';
  const steps = [
    // The configuration no longer has these. Stopping a unit is for the administrator to decide, so it is only
    // suggested.
    ...obsolete.flatMap((unit) => [`${systemctl} disable --now ${unit}`, `rm ${join(manager.units, unit)}`]),
    ...(missing.length === 0 ? [] : [`install -d -m 0700 ${manager.credentials}`]),
    ...missing.map((path) => `install -m 0600 /dev/stdin ${path}    # type or paste the value, then Ctrl-D`),
    ...(written.every(({ change }) => change === 'unchanged') ? [] : [`${systemctl} daemon-reload`]),
    `${systemctl} enable --now ${plan.enable.join(' ')}`,
    // A user's manager ends with the last session otherwise, and starts with the first.
    ...(manager.kind === 'user' ? ['loginctl enable-linger'] : []),
  ];
  context.out(`\nNext${manager.kind === 'user' ? '' : ', as root'}:\n${steps.map((step) => `  ${step}\n`).join('')}`);
}

/** How units call this program. */
async function programOf(config: string): Promise<Program> {
  const script = resolve(process.argv[1] ?? '');
  // Units would not find a node in another place by the "env node" of the first line. One beside the program is named there.
  const beside = join(dirname(await realpath(script).catch(() => script)), 'node');
  const found =
    (/^\/usr\/(local\/)?bin\/node$/.test(process.execPath) || process.execPath === beside) &&
    (await executable(script));
  return {
    words: found ? [script] : [process.execPath, script],
    config: resolve(config) === defaultConfigFile() ? undefined : resolve(config),
  };
}

async function asUsage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnitTextError) throw new UsageError(error.message);
    throw error;
  }
}

/** Directories of credentials are closed to all but root: to whom they are closed, nothing is there. */
function isThere(path: string): Promise<boolean> {
  return exists(path).catch(() => false);
}

function executable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
