import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isOlder, OLDEST_NODE } from '../../../src/shared/versions.ts';
import { CHILD_ENVIRONMENT } from '../../store/environment.ts';
import { bad, good, type Finding } from './finding.ts';
import { tryLinking } from './try-linking.ts';

/** Programs that the gate starts, and the Debian package of each. */
const PROGRAMS: readonly (readonly [string, string])[] = [
  ['rsync', 'rsync'],
  ['rrsync', 'rsync'],
  ['python3', 'python3'],
  ['flock', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['prlimit', 'util-linux'],
  ['sync', 'coreutils'],
];

/** Checks the programs that a session starts. */
export function checkPrograms(): Finding[] {
  const missing = PROGRAMS.filter(([program]) => !installed(program));
  return [
    ...missing.map(([program, name]) =>
      bad(`${program} is not in ${CHILD_ENVIRONMENT.PATH}`, `apt-get install ${name}`),
    ),
    ...(missing.length === 0
      ? [good(`programs: ${PROGRAMS.map(([program]) => program).join(', ')}`), rsyncVersion(), tryLinking()]
      : []),
    isOlder(process.version, OLDEST_NODE)
      ? bad(`node ${process.versions.node} is too old`, `Install Node.js ${OLDEST_NODE} or newer.`)
      : good(`node ${process.versions.node}`),
  ];
}

function rsyncVersion(): Finding {
  const { stdout } = spawnSync('rsync', ['--version'], { encoding: 'utf8', env: CHILD_ENVIRONMENT });
  return good(`rsync ${/version v?(\S+)/.exec(stdout)?.[1] ?? 'of an unknown version'}`);
}

function installed(program: string): boolean {
  return CHILD_ENVIRONMENT.PATH.split(':').some((directory) => existsSync(join(directory, program)));
}
