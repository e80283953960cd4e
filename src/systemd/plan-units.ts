import { leavesOut, pathBelow } from '../config/left-out.ts';
import type { JobSettings, Settings } from '../config/settings.ts';
import { missingInUnits, programOf } from '../notify/registry.ts';
import { couplingUnit, type Coupling } from './coupling.ts';
import { awakeService } from './awake-unit.ts';
import { alertReferences, credentialNames, environmentNames, jobReferences } from './credentials.ts';
import { checkSourceShown } from './places.ts';
import {
  alertService,
  freshnessUnits,
  jobDropIn,
  managerOf,
  TRANSFER,
  transferService,
  type Program,
} from './services.ts';
import { checkServiceName, UnitTextError, type UnitFile } from './unit-text.ts';
import { verificationTimer, verificationUnits } from './verification-units.ts';

/** All files for one job, and what else is needed. */
export interface UnitPlan {
  readonly files: readonly UnitFile[];
  /** Credentials that an administrator has to put into place. */
  readonly credentials: readonly string[];
  /** Units to enable. */
  readonly enable: readonly string[];
  /** Our timers that an earlier configuration of this job may have left and that are no longer wanted. */
  readonly obsolete: readonly string[];
  /** What an administrator should know about this configuration. */
  readonly notes: readonly string[];
}

/**
 * Generates all units of one job. Pure: the same settings always give exactly the same text.
 * @throws UnitTextError when a unit cannot contain a name or path, or none of our units can serve the job
 */
export function planUnits(settings: Settings, job: JobSettings, coupling: Coupling, program: Program): UnitPlan {
  if (coupling.style !== 'path') checkServiceName(coupling.backupUnit);
  const waysTo = program.waysTo ?? ((path: string) => [path]);
  const users = managerOf(program).kind === 'user';
  if (!users) checkSourceShown(job, waysTo(job.source)); // there is no sandbox that could hide it

  if (coupling.style === 'path') checkMarker(job, waysTo(job.source), waysTo(coupling.marker));
  const stoppedWith = coupling.style === 'exec-start-post' ? coupling.backupUnit : undefined;
  const coupled = couplingUnit(job.name, coupling, managerOf(program));
  const verification = verificationUnits(settings, job, program);
  const references = [...jobReferences(settings, job), ...alertReferences(settings)];
  return {
    files: [
      coupled,
      transferService(settings, program),
      jobDropIn(TRANSFER, settings, job, program, stoppedWith),
      ...(users ? [] : [awakeService()]),
      alertService(settings, program),
      ...freshnessUnits(settings, program),
      ...(verification?.files ?? []),
    ],
    credentials: credentialNames(references),
    enable: [
      ...(coupling.style === 'path' ? [coupled.path] : []),
      'offsite-rsync-freshness.timer',
      ...(verification ? [verification.timer] : []),
    ],
    obsolete: verification ? [] : [verificationTimer(job.name)],
    notes: notesOn(settings, job, environmentNames(references)),
  };
}

/** The marker must not be part of the backup. */
function checkMarker(job: JobSettings, sources: readonly string[], markers: readonly string[]): void {
  for (const source of sources) {
    for (const marker of markers) {
      const inside = pathBelow(source, marker);
      if (inside === undefined || leavesOut(job.exclude, inside)) continue;
      throw new UnitTextError(
        `The marker ${marker} lies in the source of ${job.name} (${source}): it would be sent, and would make an old backup look fresh. ` +
          `Touch one beside the source${inside === '' ? '' : `, or add ${JSON.stringify(`/${inside}`)} to exclude`}.`,
      );
    }
  }
}

function notesOn(settings: Settings, job: JobSettings, variables: readonly string[]): string[] {
  const notes: string[] = [];
  if (settings.secretsFile === undefined && variables.length > 0) {
    notes.push(
      `The configuration looks for ${variables.join(', ')} in the environment, which is empty in a unit. ` +
        'Name a secrets_file, or turn them into { credential: NAME }.',
    );
  }
  if (job.expect === undefined) {
    notes.push(
      `The job ${job.name} does not say when a snapshot is due (expect:), so nobody is told when no backup is made at all.`,
    );
  }
  for (const [name, channel] of Object.entries(settings.alerts.channels)) {
    const missing = missingInUnits(channel);
    if (missing !== undefined) {
      notes.push(`The alert channel ${name} ${missing}`);
    } else if (programOf(channel) !== undefined) {
      notes.push(
        `The alert channel ${name} starts a program in the sandbox of the unit, where the file system is read-only and nothing ` +
          'gains privileges. Try it (docs/operations.md, "Alert programs in the sandbox").',
      );
    }
  }
  return notes;
}
