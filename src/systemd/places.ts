import { dirname } from 'node:path';
import { leavesOut, pathBelow } from '../config/left-out.ts';
import type { JobSettings, Settings } from '../config/settings.ts';
import { quoteWord, UnitTextError } from './unit-text.ts';

/** What state and runtime directories are called below /var/lib and /run, in `StateDirectory=` and `RuntimeDirectory=`. */
const DIRECTORY = 'offsite-rsync';

/** What a setting of our sandbox hides, and what shows it again (systemd.exec(5), systemd 252). */
interface Cover {
  readonly places: readonly string[];
  /** For services that need nothing there; undefined: the sandbox says so already. */
  readonly hidden?: string;
  readonly shown: string;
}

const COVERS: readonly Cover[] = [
  { places: ['/home', '/root', '/run/user'], hidden: 'ProtectHome=yes', shown: 'ProtectHome=read-only' },
  { places: ['/tmp', '/var/tmp'], shown: 'PrivateTmp=no' },
  // Without CAP_SYS_MODULE and its system calls nothing is loaded all the same.
  { places: ['/usr/lib/modules', '/lib/modules'], shown: 'ProtectKernelModules=no' },
];

/** Where our sandbox puts something else in place of what is there, and nothing can be lifted without opening far more. */
const NEVER_SHOWN: readonly string[] = ['/dev', '/proc', '/sys', '/run'];

/** The directories that our services write to, made by systemd where they are the usual ones. */
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
    // With "-": where one is missing, the run itself says so, and better than systemd's 226/NAMESPACE.
    ...(extra.length === 0 ? [] : [`ReadWritePaths=${extra.map((path) => quoteWord(`-${path}`)).join(' ')}`]),
  ];
}

/**
 * What of the sandbox must be lifted so that these paths can be read, and no more. A path above what is hidden counts
 * like one in it: a source is read with all that is below it.
 * @param paths all that a service reads beside the system's own files, and where symbolic links lead them
 */
export function readablePlaces(paths: readonly string[]): string[] {
  return COVERS.flatMap(({ places, hidden, shown }) => {
    if (paths.some((path) => places.some((place) => overlap(path, place)))) return [shown];
    return hidden === undefined ? [] : [hidden];
  });
}

/**
 * Refuses a job of whose source a service of ours would see something else than there is.
 * @param ways the source, and where symbolic links lead it
 * @throws UnitTextError with the fix
 */
export function checkSourceShown(job: JobSettings, ways: readonly string[]): void {
  // Each of these is a file system of its own on every machine with systemd: a walk of the source's own does not enter it.
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
        `The source of ${job.name} (${job.source}) holds ${place}, and no service of ours sees ${place} as it is: the backup would be another than you think. ${fix}`,
      );
    }
  }
}

function overlap(path: string, place: string): boolean {
  return pathBelow(path, place) !== undefined || pathBelow(place, path) !== undefined;
}
