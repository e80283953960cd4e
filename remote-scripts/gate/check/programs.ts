import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CHILD_ENVIRONMENT } from '../environment.ts';
import { bad, good, type Finding } from './finding.ts';

/** Programs that the gate starts, and the Debian package that brings each. */
const PROGRAMS: readonly (readonly [string, string])[] = [
  ['rsync', 'rsync'],
  ['rrsync', 'rsync'],
  ['python3', 'python3'],
  ['flock', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['prlimit', 'util-linux'],
  ['sync', 'coreutils'],
];

/** rrsync 3.4.2 to 3.4.4 silently ignore --link-dest, and older ones lack options that we need (FACTS 1, 19). */
const OLDEST_RSYNC = [3, 5, 0] as const;

/** Oldest Node.js release that has all that the gate uses. */
const OLDEST_NODE = 20;

/** Looks at the programs that a session starts. */
export function checkPrograms(): Finding[] {
  const missing = PROGRAMS.filter(([program]) => !installed(program));
  const node = Number(process.versions.node.split('.')[0]);
  return [
    ...missing.map(([program, name]) =>
      bad(`${program} is not in ${CHILD_ENVIRONMENT.PATH ?? ''}`, `apt-get install ${name}`),
    ),
    ...(missing.length === 0
      ? [good(`programs: ${PROGRAMS.map(([program]) => program).join(', ')}`), checkRsync()]
      : []),
    node >= OLDEST_NODE
      ? good(`node ${process.versions.node}`)
      : bad(`node ${process.versions.node} is too old`, `Install Node.js ${OLDEST_NODE} or newer.`),
  ];
}

function checkRsync(): Finding {
  const { stdout } = spawnSync('rsync', ['--version'], { encoding: 'utf8', env: CHILD_ENVIRONMENT });
  const version = /version v?(\d+)\.(\d+)\.(\d+)/.exec(stdout)?.slice(1).map(Number) ?? [];
  const text = `rsync ${version.join('.')}`;
  return isAtLeast(version, OLDEST_RSYNC)
    ? good(text)
    : bad(
        `${text} is older than ${OLDEST_RSYNC.join('.')}: its rrsync may ignore --link-dest, so that every push is a full copy`,
        'Install the security updates of your distribution.',
      );
}

/** Whether a version is not below another. */
export function isAtLeast(version: readonly number[], oldest: readonly number[]): boolean {
  for (const [index, least] of oldest.entries()) {
    const part = version[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

function installed(program: string): boolean {
  return (CHILD_ENVIRONMENT.PATH ?? '').split(':').some((directory) => existsSync(join(directory, program)));
}
