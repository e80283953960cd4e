import type { JobSettings, Settings } from '../config/settings.ts';
import { AWAKE } from './awake-unit.ts';
import { alertReferences, credentialLines, secretPaths, jobReferences } from './credentials.ts';
import { HARDENING, NO_MANAGER_SOCKETS, READS_EVERYTHING, USER_HARDENING } from './hardening.ts';
import { SYSTEM, type Manager } from './manager.ts';
import { readablePlaces, writablePlaces } from './places.ts';
import { commandLine, MANUAL, quoteWord, unitText, type UnitFile } from './unit-text.ts';

/** How our services call the program, and what they find on this machine. */
export interface Program {
  /** Absolute paths: `['/usr/local/bin/offsite-rsync']`, or node and the script. */
  readonly words: readonly string[];
  /** The configuration; undefined: the default place. */
  readonly config: string | undefined;
  /** The path itself and the targets of symbolic links on this machine on the way to it; default: there are no links. */
  readonly waysTo?: (path: string) => readonly string[];
  /** What runs our units; default: the system's. */
  readonly manager?: Manager;
  /** Whether a credential is there encrypted (systemd-creds(1)); default: none is. */
  readonly encrypted?: (name: string) => boolean;
}

/** The template of the transfers; `offsite-rsync@JOB.service`. */
export const TRANSFER = 'offsite-rsync@';
/** The template of the scheduled verifications; `offsite-rsync-verify@JOB.service`. */
export const VERIFICATION = 'offsite-rsync-verify@';
/** The template of the alerts; its instance is the name of the unit that failed. */
export const ALERT = 'offsite-rsync-alert@';
/** Sends an alert that a unit failed, even if the run in it could not. */
export const ON_FAILURE = `OnFailure=${ALERT}%n.service`;

const FRESHNESS = 'offsite-rsync-freshness';

/** Seconds for each target beyond its deadline: ending rsync, recording, and two rounds of alerts. */
const MARGIN = 600;

/** `offsite-rsync@.service`: one job to all of its targets. What differs between jobs: {@link jobDropIn}. */
export function transferService(settings: Settings, program: Program): UnitFile {
  return jobService(settings, program, {
    template: TRANSFER,
    comments: [
      'Sends the job %i off-site, verifies and seals it. Written by "offsite-rsync units"; what differs from job to job is',
      'in offsite-rsync@JOB.service.d/job.conf. Changes of your own: systemctl edit offsite-rsync@JOB.service',
    ],
    description: 'Send the backup %i off-site',
    wants: isUsers(program) ? [] : [`Wants=${AWAKE}%i.service`],
    reports: 'The run reports its own failures',
    start: [
      `ExecStart=${call(program, ['run'])} %i`,
      '# systemctl status shows what the run is doing. "all": systemd-notify, which tells it, is a process of its own.',
      'NotifyAccess=all',
      '# The run has a deadline of its own; job.conf sets a second one a little later.',
      'TimeoutStartSec=infinity',
      '# The controller ends rsync and ssh itself, records the end and sends the alert. What is left after two minutes is killed.',
    ],
  });
}

/** A template of services that read the source of a job and open a connection to its target. */
export function jobService(
  settings: Settings,
  program: Program,
  unit: {
    readonly template: string;
    readonly comments: readonly string[];
    readonly description: string;
    /** Further lines of its section `Unit`. */
    readonly wants?: readonly string[];
    /** What already sends alerts, so that `OnFailure=` is only for the rest. */
    readonly reports: string;
    /** How it starts, and how long that may take. */
    readonly start: readonly string[];
  },
): UnitFile {
  return {
    path: `${unit.template}.service`,
    text: unitText(unit.comments, {
      Unit: [
        `Description=${unit.description}`,
        MANUAL,
        ...(unit.wants ?? []),
        ...whenOnline(program),
        `# ${unit.reports}. This is for one that was killed, or that never started.`,
        ON_FAILURE,
      ],
      Service: [
        'Type=oneshot',
        ...unit.start,
        'KillMode=mixed',
        'TimeoutStopSec=2min',
        'Nice=10',
        'IOSchedulingClass=best-effort',
        'IOSchedulingPriority=7',
        ...sandbox(settings, program, [NO_MANAGER_SOCKETS, 'ProtectHome=yes']),
      ],
    }),
  };
}

/**
 * `…@JOB.service.d/job.conf`: credentials, deadline and source of one job.
 * @param template {@link TRANSFER} or {@link VERIFICATION}
 * @param stoppedWith the backup unit that waits for the transfer: stopping it stops the transfer as well
 */
export function jobDropIn(
  template: string,
  settings: Settings,
  job: JobSettings,
  program: Program,
  stoppedWith?: string,
): UnitFile {
  const references = [...jobReferences(settings, job), ...alertReferences(settings)];
  const paths = [job.source, ...ownPaths(settings, program), ...secretPaths(references)];
  return {
    path: `${template}${job.name}.service.d/job.conf`,
    text: unitText([`The job ${job.name}, as the configuration had it when "offsite-rsync units" wrote this.`], {
      ...(stoppedWith === undefined
        ? {}
        : { Unit: ['# If the backup is stopped, it is not to be sent either.', `StopPropagatedFrom=${stoppedWith}`] }),
      Service: [
        '# The deadline of the configuration for each target, and time to record the run and send alerts.',
        `TimeoutStartSec=${job.targets.length * (Math.ceil(job.deadlineMs / 1000) + MARGIN)}`,
        ...(isUsers(program) ? [] : [`ReadOnlyPaths=${quoteWord(`-${job.source}`)}`]),
        ...shownPlaces(paths, program),
        ...credentialLines(references, managerOf(program), program.encrypted),
      ],
    }),
  };
}

/** `offsite-rsync-alert@.service`: started by `OnFailure=` with the name of the failed unit as its instance. */
export function alertService(settings: Settings, program: Program): UnitFile {
  const references = alertReferences(settings);
  return {
    path: `${ALERT}.service`,
    text: unitText(
      ['Sends an alert that the unit %i failed, unless the run in it has sent one. Written by "offsite-rsync units".'],
      {
        Unit: ['Description=Tell that %i failed', MANUAL, ...whenOnline(program)],
        Service: [
          'Type=oneshot',
          `ExecStart=${call(program, ['alert', 'unit', ...(isUsers(program) ? ['--user'] : [])])} -- %i`,
          'TimeoutStartSec=5min',
          ...sandbox(settings, program),
          ...shownPlaces([...ownPaths(settings, program), ...secretPaths(references)], program),
          ...credentialLines(references, managerOf(program), program.encrypted),
        ],
      },
    ),
  };
}

/** The hourly check whether a snapshot was due and is missing: silence is a failure too. */
export function freshnessUnits(settings: Settings, program: Program): UnitFile[] {
  const references = alertReferences(settings);
  return [
    {
      path: `${FRESHNESS}.service`,
      text: unitText(['Sends an alert when a snapshot was due and is missing. Written by "offsite-rsync units".'], {
        Unit: ['Description=Check that the off-site snapshots are fresh', MANUAL, ON_FAILURE],
        Service: [
          'Type=oneshot',
          `ExecStart=${call(program, ['status', '--alert'])}`,
          'TimeoutStartSec=10min',
          'Nice=10',
          ...sandbox(settings, program, [NO_MANAGER_SOCKETS]),
          ...shownPlaces([...ownPaths(settings, program), ...secretPaths(references)], program),
          ...credentialLines(references, managerOf(program), program.encrypted),
        ],
      }),
    },
    {
      path: `${FRESHNESS}.timer`,
      text: unitText(['When offsite-rsync-freshness.service runs. Written by "offsite-rsync units".'], {
        Unit: ['Description=Hourly check that the off-site snapshots are fresh', MANUAL],
        Timer: ['OnCalendar=hourly', 'RandomizedDelaySec=5min', 'Persistent=yes'],
        Install: ['WantedBy=timers.target'],
      }),
    },
  ];
}

/** What runs our units. */
export function managerOf({ manager = SYSTEM }: Program): Manager {
  return manager;
}

function isUsers(program: Program): boolean {
  return managerOf(program).kind === 'user';
}

/** The manager of a user knows nothing of the network. */
function whenOnline(program: Program): string[] {
  return isUsers(program) ? [] : ['Wants=network-online.target', 'After=network-online.target'];
}

/** A user's manager can neither mount nor give capabilities; the directories there are made by the program itself. */
function sandbox(settings: Settings, program: Program, more: readonly string[] = []): string[] {
  if (isUsers(program)) return ['', ...USER_HARDENING];
  return [...writablePlaces(settings), '', ...READS_EVERYTHING, ...more, ...HARDENING];
}

function shownPlaces(paths: readonly string[], program: Program): string[] {
  return isUsers(program) ? [] : readablePlaces(waysOf(paths, program));
}

/** A command line that calls the program. */
export function call({ words, config }: Program, command: readonly string[]): string {
  return commandLine([...words, ...command, ...(config === undefined ? [] : ['--config', config])]);
}

function ownPaths(settings: Settings, { words, config }: Program): string[] {
  const { secretsFile, stateDirectory } = settings;
  return [...words, ...present(config), ...present(secretsFile), stateDirectory];
}

function waysOf(paths: readonly string[], { waysTo }: Program): string[] {
  return paths.flatMap((path) => waysTo?.(path) ?? [path]);
}

function present(path: string | undefined): string[] {
  return path === undefined ? [] : [path];
}
