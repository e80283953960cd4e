import type { JobSettings, Settings } from '../config/settings.ts';
import { calendarOf } from './calendar.ts';
import { HARDENING, NO_MANAGER_SOCKETS, READS_EVERYTHING } from './hardening.ts';
import { writablePlaces } from './places.ts';
import { call, jobDropIn, ON_FAILURE, VERIFICATION, type Program } from './services.ts';
import { unitText, type UnitFile } from './unit-text.ts';

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
          Unit: [`Description=Verify the newest off-site snapshot of ${job.name}`],
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
  return {
    path: `${VERIFICATION}.service`,
    text: unitText(
      [
        'Compares the newest snapshot of the job %i with its source, reading both in full. Written by "offsite-rsync units".',
        'What differs from job to job is in offsite-rsync-verify@JOB.service.d/job.conf.',
      ],
      {
        Unit: [
          'Description=Verify the newest off-site snapshot of %i',
          'Wants=network-online.target',
          'After=network-online.target',
          '# It reports what it finds. This is for one that was killed, or that never started.',
          ON_FAILURE,
        ],
        Service: [
          'Type=oneshot',
          `ExecStart=${call(program, ['verify', '--alert'])} %i`,
          'TimeoutStartSec=infinity',
          'KillMode=mixed',
          'TimeoutStopSec=2min',
          'Nice=10',
          'IOSchedulingClass=best-effort',
          'IOSchedulingPriority=7',
          ...writablePlaces(settings),
          '',
          ...READS_EVERYTHING,
          NO_MANAGER_SOCKETS,
          'ProtectHome=yes',
          ...HARDENING,
        ],
      },
    ),
  };
}
