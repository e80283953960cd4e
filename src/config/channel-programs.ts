import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { errorCode, errorMessage } from '../platform/files.ts';
import type { ChannelSettings } from '../shared/alert-settings.ts';
import type { Settings } from './settings.ts';

/**
 * Programs that alert channels start and that cannot be started here: such a channel looks well until the first failure,
 * of which nobody hears then.
 * @param environment whose PATH is searched for a name without a slash, as when it is started
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

interface Program {
  readonly path: string;
  readonly advice: string;
}

function programOf(channel: ChannelSettings): Program | undefined {
  switch (channel.type) {
    case 'sendmail':
      return {
        path: channel.program,
        advice: 'Install a mail system (Debian: msmtp-mta), or name its program, or use type: email.',
      };
    case 'command':
      return { path: channel.command[0] ?? '', advice: 'Correct the first word of command.' };
    case 'desktop':
      return { path: 'notify-send', advice: 'Install it (Debian: apt-get install libnotify-bin).' };
    case 'webhook':
    case 'ntfy':
    case 'ping':
    case 'email':
      return undefined;
    default:
      return channel satisfies never;
  }
}

function problemOf(program: string, searched: string): string | undefined {
  if (program.includes('/')) return startProblem(program);
  const places = searched.split(delimiter).filter((directory) => directory !== '');
  const found = places.some((directory) => startProblem(join(directory, program)) === undefined);
  return found ? undefined : `${program} is not found in PATH`;
}

function startProblem(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return `${path} is no program`;
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return `${path} does not exist`;
    return code === 'EACCES' ? `${path} cannot be executed by this user` : `${path}: ${errorMessage(error)}`;
  }
}
