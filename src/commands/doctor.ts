import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pc from 'picocolors';
import { loadConfig } from '../config/load.ts';
import { programProblems } from '../config/channel-programs.ts';
import { secretProblems } from '../config/secret-problems.ts';
import type { Settings, TargetSettings } from '../config/settings.ts';
import { silences } from '../config/silence.ts';
import { makePrivateDirectory, whyKeptOut, writeFileAtomic } from '../platform/files.ts';
import { UnfitFileError } from '../platform/regular-file.ts';
import { localRsyncVersion } from '../rsync/version.ts';
import { describeFileSystems } from '../run/source/file-systems.ts';
import { describeNotSent } from '../run/source/not-sent.ts';
import { previewRun } from '../run/preview.ts';
import type { Probe } from '../run/probe.ts';
import { OUTCOMES } from '../shared/outcome.ts';
import { formatCount, formatSize } from '../shared/units.ts';
import { isOlder, OLDEST_NODE } from '../shared/versions.ts';
import type { Context } from './context.ts';
import { runDeps } from './run/run.ts';
import { select, type Selected } from './selection.ts';

/** Options of `offsite-rsync doctor`. */
export interface DoctorOptions {
  readonly config: string;
}

/** The result of one check: fine, worth knowing, or wrong. */
interface Finding {
  readonly kind: 'good' | 'note' | 'bad';
  readonly text: string;
}

/**
 * Older versions do not resolve paths safely (facts.md#the-price-of-safe-paths), and the rrsync of some ignores an
 * anchored --link-dest (facts.md#anchored-link-dest).
 */
const GOOD_RSYNC = '3.5.0';

/**
 * `offsite-rsync doctor [JOB]`: checks everything that a run needs, including a dry run of the push. It writes nothing
 * to the secondary and sends no alert.
 * @returns 0 if nothing is wrong, otherwise the exit code that a run would have, or 1
 */
export async function doctor(job: string | undefined, options: DoctorOptions, context: Context): Promise<number> {
  const settings = await loadConfig(options.config);
  const selected = select(settings, job === undefined ? [] : [job], undefined);
  const here: readonly Finding[] = [
    { kind: 'good', text: `${options.config} is valid` },
    nodeFinding(),
    await rsyncFinding(context),
    await stateFinding(settings),
    ...alertFindings(settings),
    ...silences(settings).map((text) => ({ kind: 'note', text }) as const),
    ...programProblems(settings, context.environment).map((text) => ({ kind: 'bad', text }) as const),
    ...secretProblems(settings, context.environment).map((text) => ({ kind: 'bad', text }) as const),
  ];
  show(context, 'This host', here);
  let worst = here.some(({ kind }) => kind === 'bad') ? 1 : 0;
  for (const pair of selected) {
    if (context.signal.aborted) break;
    const code = await examine(settings, pair, context);
    if (worst <= 1 && code !== 0) worst = code;
  }
  return worst;
}

async function examine(settings: Settings, { job, target }: Selected, context: Context): Promise<number> {
  const deps = { ...runDeps({ json: false }, context), observe: () => undefined };
  const preview = await previewRun({ settings, job, target, force: false, signal: context.signal }, deps, {
    probe: true,
  });
  const findings: Finding[] = [];
  if (preview.kind === 'failed') {
    findings.push({ kind: 'bad', text: `${OUTCOMES[preview.outcome].title}: ${preview.reason}` });
    findings.push({ kind: 'note', text: preview.advice });
  } else {
    const { files, bytes, figures, objections, unchecked, fileSystems, notSent } = preview;
    findings.push({ kind: 'good', text: `the source holds ${formatCount(files, 'file')}, ${formatSize(bytes)}` });
    const differing = [...describeFileSystems(fileSystems), ...describeNotSent(notSent), ...unchecked];
    findings.push(...differing.map((text) => ({ kind: 'note', text }) as const));
    findings.push(...objections.map((text) => ({ kind: 'bad', text }) as const));
    findings.push({ kind: 'good', text: 'push: a dry run was accepted' });
    findings.push(...preview.probes.map(probeFinding));
    if (preview.exitCode === 0) findings.push(answersFinding(target));
    if (figures.basis !== null && figures.linkedFiles === 0 && figures.newFiles > 0) {
      findings.push({
        kind: 'note',
        text: `nothing would be linked to ${figures.basis}: everything is new, or the basis is gone`,
      });
    }
  }
  show(context, `${job.name} → ${target.name}`, findings);
  return preview.exitCode;
}

const PROBE_MARKS = { accepted: 'good', untried: 'note', failed: 'bad' } as const;

function probeFinding({ session, kind, text }: Probe): Finding {
  return { kind: PROBE_MARKS[kind], text: `${session}: ${text}` };
}

/** For when every session was accepted, which shows that the kind of secondary is the configured one. */
function answersFinding({ secondary }: TargetSettings): Finding {
  return secondary === 'gate'
    ? { kind: 'good', text: 'the gate answers: what is sealed cannot be changed from here' }
    : {
        kind: 'note',
        text: 'plain rrsync is NOT append-only: anyone with the key can overwrite older snapshots, and extra files there are not noticed',
      };
}

function nodeFinding(): Finding {
  return isOlder(process.version, OLDEST_NODE)
    ? { kind: 'bad', text: `node ${process.versions.node} is too old: install Node.js ${OLDEST_NODE} or newer` }
    : { kind: 'good', text: `node ${process.versions.node}` };
}

async function rsyncFinding(context: Context): Promise<Finding> {
  const version = await localRsyncVersion(context.runProcess);
  if (version === undefined) return { kind: 'bad', text: 'rsync cannot be started: apt-get install rsync' };
  return isOlder(version, GOOD_RSYNC)
    ? { kind: 'note', text: `rsync ${version} works here; the secondary should have ${GOOD_RSYNC} or newer` }
    : { kind: 'good', text: `rsync ${version}` };
}

const TRIAL_BYTES = 64 * 1024;

async function stateFinding(settings: Settings): Promise<Finding> {
  try {
    await makePrivateDirectory(settings.stateDirectory);
    // Only writing shows that a file system is full or read-only. The size is that of a state with its history.
    const trial = join(settings.stateDirectory, '.doctor');
    await writeFileAtomic(trial, Buffer.alloc(TRIAL_BYTES)).finally(() => rm(trial, { force: true }));
    return { kind: 'good', text: `${settings.stateDirectory} can be written` };
  } catch (error) {
    if (error instanceof UnfitFileError) return { kind: 'bad', text: `state_dir: ${error.message}` };
    return { kind: 'bad', text: `state_dir cannot be written${whyKeptOut(error)}` };
  }
}

function alertFindings(settings: Settings): Finding[] {
  const names = Object.keys(settings.alerts.channels);
  return names.length === 0
    ? [] // reported by `silences`
    : [{ kind: 'good', text: `alerts go to ${names.join(', ')} (try: offsite-rsync alert test)` }];
}

function show(context: Context, title: string, findings: readonly Finding[]): void {
  const marks = { good: pc.green('✓'), note: pc.yellow('·'), bad: pc.red('✗') };
  const lines = findings.map(({ kind, text }) => `  ${marks[kind]} ${text.replaceAll('\n', '\n    ')}\n`);
  context.out(`${pc.bold(title)}\n${lines.join('')}`);
}
