import { dirname } from 'node:path';
import { leavesOut, pathBelow } from '../config/left-out.ts';
import type { JobSettings, Settings } from '../config/settings.ts';
import { quoteWord, UnitTextError } from './unit-text.ts';

/** Name of the state and runtime directories below /var/lib and /run, for `StateDirectory=` and `RuntimeDirectory=`. */
const DIRECTORY = 'offsite-rsync';

/** What a setting of our sandbox hides, and how to show it again (systemd.exec(5), systemd 252). */
interface Cover {
  readonly places: readonly string[];
  /** The setting for services that need nothing there; undefined if the sandbox contains it already. */
  readonly hidden?: string;
  readonly shown: string;
}

const COVERS: readonly Cover[] = [
  { places: ['/home', '/root', '/run/user'], hidden: 'ProtectHome=yes', shown: 'ProtectHome=read-only' },
  { places: ['/tmp', '/var/tmp'], shown: 'PrivateTmp=no' },
  // Without CAP_SYS_MODULE and its system calls, no module can be loaded anyway.
  { places: ['/usr/lib/modules', '/lib/modules'], shown: 'ProtectKernelModules=no' },
];

/** Where our sandbox replaces what is really there, and lifting this would open far more. */
const NEVER_SHOWN: readonly string[] = ['/dev', '/proc', '/sys', '/run'];

/** The directories that our services write to. systemd creates them if they are the default ones. */
export function writablePlaces(settings: Settings): string[] {
  const { stateDirectory, runtimeDirectory, metricsFile } = settings;
  const extra = [
    ...(stateDirectory === `/var/lib/${DIRECTORY}` ? [] : [stateDirectory]),
    ...(runtimeDirectory === undefined || runtimeDirectory === `/run/${DIRECTORY}` ? [] : [runtimeDirectory]),
    ...(metricsFile === undefined ? [] : [dirname(metricsFile)]),
  ];
  return [
    `StateDirectory=${DIRECTORY}`,
    'StateDirectoryMode=0700',
    `RuntimeDirectory=${DIRECTORY}`,
    'RuntimeDirectoryMode=0700',
    '# Several jobs share it: the one that ends first must not take it from the others.',
    'RuntimeDirectoryPreserve=yes',
    // With "-": if one is missing, the run itself reports it, more clearly than systemd's 226/NAMESPACE.
    ...(extra.length === 0 ? [] : [`ReadWritePaths=${extra.map((path) => quoteWord(`-${path}`)).join(' ')}`]),
  ];
}

/**
 * The restrictions of the sandbox that must be lifted so that these paths can be read, and no others. A path above a hidden directory
 * counts like one inside it, because a source is read with everything below it.
 * @param paths everything that a service reads besides the system's own files, and the targets of symbolic links on the way
 */
export function readablePlaces(paths: readonly string[]): string[] {
  return COVERS.flatMap(({ places, hidden, shown }) => {
    if (paths.some((path) => places.some((place) => overlap(path, place)))) return [shown];
    return hidden === undefined ? [] : [hidden];
  });
}

/**
 * Refuses a job if our services could not see the real content of its source.
 * @param ways the source, and the targets of symbolic links on the way to it
 * @throws UnitTextError with the fix
 */
export function checkSourceShown(job: JobSettings, ways: readonly string[]): void {
  // Each of these is a separate file system on every machine with systemd, so a walk with one_file_system does not enter it.
  if (job.oneFileSystem) return;
  for (const source of ways) {
    for (const place of NEVER_SHOWN) {
      const inside = pathBelow(source, place);
      if (inside === undefined || leavesOut(job.exclude, inside)) continue;
      const fix =
        inside === ''
          ? 'Choose another source.'
          : `Add ${JSON.stringify(`/${inside}/*`)} to exclude, or set one_file_system: true.`;
      throw new UnitTextError(
        `The source of ${job.name} (${job.source}) contains ${place}, and none of our services sees the real ${place}: the backup would not contain what you expect. ${fix}`,
      );
    }
  }
}

function overlap(path: string, place: string): boolean {
  return pathBelow(path, place) !== undefined || pathBelow(place, path) !== undefined;
}
