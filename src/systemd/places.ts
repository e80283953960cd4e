import { dirname } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { quoteWord } from './unit-text.ts';

/** What state and runtime directories are called below /var/lib and /run, in `StateDirectory=` and `RuntimeDirectory=`. */
const DIRECTORY = 'offsite-rsync';

/** Where homes lie, which `ProtectHome=yes` hides. */
const HOMES = /^\/(home|root|run\/user)(\/|$)/;
/** What `PrivateTmp=yes` hides. */
const TEMPORARY = /^(\/var)?\/tmp(\/|$)/;

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
 * What of the sandbox must be lifted so that these paths can be read, and no more.
 * @param paths all that a service reads beside the system's own files
 */
export function readablePlaces(paths: readonly string[]): string[] {
  return [
    paths.some((path) => HOMES.test(path)) ? 'ProtectHome=read-only' : 'ProtectHome=yes',
    ...(paths.some((path) => TEMPORARY.test(path)) ? ['PrivateTmp=no'] : []),
  ];
}
