import type { JobSettings, Settings } from '../config/settings.ts';
import { couplingUnit, type Coupling } from './coupling.ts';
import { alertReferences, credentialNames, environmentNames, targetReferences } from './credentials.ts';
import { alertService, freshnessUnits, jobDropIn, transferService, type Program } from './services.ts';
import { checkServiceName, type UnitFile } from './unit-text.ts';

/** All files for one job, and what else it takes. */
export interface UnitPlan {
  readonly files: readonly UnitFile[];
  /** Credentials that an administrator has to put into place. */
  readonly credentials: readonly string[];
  /** Units to be enabled. */
  readonly enable: readonly string[];
  /** What an administrator should know about this configuration. */
  readonly notes: readonly string[];
}

/**
 * Words every unit of one job. Pure: the same settings give the same text to the letter.
 * @throws UnitTextError when a name or path cannot stand in a unit
 */
export function planUnits(settings: Settings, job: JobSettings, coupling: Coupling, program: Program): UnitPlan {
  if (coupling.style !== 'path') checkServiceName(coupling.backupUnit);
  const stoppedWith = coupling.style === 'exec-start-post' ? coupling.backupUnit : undefined;
  const coupled = couplingUnit(job.name, coupling);
  const references = [...targetReferences(settings, job), ...alertReferences(settings)];
  return {
    files: [
      coupled,
      transferService(settings, program),
      jobDropIn(settings, job, program, stoppedWith),
      alertService(settings, program),
      ...freshnessUnits(settings, program),
    ],
    credentials: credentialNames(references),
    enable: [...(coupling.style === 'path' ? [coupled.path] : []), 'offsite-rsync-freshness.timer'],
    notes: notesOn(settings, job, environmentNames(references)),
  };
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
  for (const [name, { type }] of Object.entries(settings.alerts.channels)) {
    if (type === 'desktop') {
      notes.push(`The alert channel ${name} needs a desktop; a unit has none. Use another channel beside it.`);
    }
    if (type === 'sendmail' || type === 'command') {
      notes.push(
        `The alert channel ${name} starts a program in the sandbox of the unit, where the file system is read-only and nothing ` +
          'gains privileges. Try it (docs/operations.md, "Alert programs in the sandbox").',
      );
    }
  }
  return notes;
}
