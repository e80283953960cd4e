import type { JobSettings, Settings } from '../config/settings.ts';
import { exitCodeOf } from '../shared/outcome.ts';
import { calendarOf } from './calendar.ts';
import { call, jobDropIn, jobService, VERIFICATION, type Program } from './services.ts';
import { MANUAL, unitText, type UnitFile } from './unit-text.ts';

/** The units that verify a job on a schedule, and the timer to enable. */
export interface VerificationUnits {
  readonly files: readonly UnitFile[];
  readonly timer: string;
}

/** The timer that verifies a job. */
export function verificationTimer(job: string): string {
  return `${VERIFICATION}${job}.timer`;
}

/**
 * The units that read the newest snapshot of a job and its source in full, and report what they find.
 * @returns undefined when the job has no `verify.schedule`
 * @throws UnitTextError when systemd cannot express the schedule
 */
export function verificationUnits(
  settings: Settings,
  job: JobSettings,
  program: Program,
): VerificationUnits | undefined {
  const { schedule, timezone } = job.verify;
  if (schedule === undefined) return undefined;
  const timer = verificationTimer(job.name);
  return {
    files: [
      verificationService(settings, program),
      jobDropIn(VERIFICATION, settings, job, program),
      {
        path: timer,
        text: unitText([`When the job ${job.name} is verified (verify.schedule). Written by "offsite-rsync units".`], {
          Unit: [`Description=Verify the newest off-site snapshot of ${job.name}`, MANUAL],
          Timer: [
            ...calendarOf(schedule, timezone).map((calendar) => `OnCalendar=${calendar}`),
            '# So that several hosts with one secondary do not all read at once.',
            'RandomizedDelaySec=15min',
            'Persistent=yes',
          ],
          Install: ['WantedBy=timers.target'],
        }),
      },
    ],
    timer,
  };
}

function verificationService(settings: Settings, program: Program): UnitFile {
  return jobService(settings, program, {
    template: VERIFICATION,
    comments: [
      'Compares the newest snapshot of the job %i with its source, reading both in full. Written by "offsite-rsync units".',
      'What differs from job to job is in offsite-rsync-verify@JOB.service.d/job.conf.',
    ],
    description: 'Verify the newest off-site snapshot of %i',
    reports: 'It reports what it finds',
    start: [
      `ExecStart=${call(program, ['verify', '--alert'])} %i`,
      '# No damage, but the source has changed since the snapshot.',
      `SuccessExitStatus=${exitCodeOf('not-identical')}`,
      'TimeoutStartSec=infinity',
    ],
  });
}
