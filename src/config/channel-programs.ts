import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { errorCode, errorMessage } from '../platform/files.ts';
import { programOf } from '../notify/registry.ts';
import type { Settings } from './settings.ts';

/**
 * The programs of alert channels that cannot be started here. Such a channel seems fine until the first failure, which
 * then nobody hears of.
 * @param environment its PATH is searched for a name without a slash, as it is when the program is started
 */
export function programProblems(
  { alerts }: Pick<Settings, 'alerts'>,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return Object.entries(alerts.channels).flatMap(([name, channel]) => {
    const program = programOf(channel);
    const problem = program && problemOf(program.path, environment.PATH ?? '');
    return problem === undefined ? [] : [`alert channel ${name}: ${problem}. ${program?.advice ?? ''}`];
  });
}

function problemOf(program: string, searched: string): string | undefined {
  if (program.includes('/')) return startProblem(program);
  const places = searched.split(delimiter).filter((directory) => directory !== '');
  const found = places.some((directory) => startProblem(join(directory, program)) === undefined);
  return found ? undefined : `${program} is not found in PATH`;
}

function startProblem(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return `${path} is not a program`;
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return `${path} does not exist`;
    return code === 'EACCES' ? `${path} cannot be executed by this user` : `${path}: ${errorMessage(error)}`;
  }
}
