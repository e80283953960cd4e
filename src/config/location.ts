import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const DIRECTORY = 'offsite-rsync';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the configuration of root is. */
export const SYSTEM_CONFIG_FILE = `/etc/${DIRECTORY}/config.yaml`;

/**
 * Where the configuration is, unless `--config` or OFFSITE_RSYNC_CONFIG says otherwise: below /etc for root, in the user's own
 * configuration (XDG Base Directory Specification) for everybody else.
 */
export function defaultConfigFile(environment: Environment = process.env, uid = process.getuid?.()): string {
  return uid === 0
    ? SYSTEM_CONFIG_FILE
    : join(own(environment, 'XDG_CONFIG_HOME', '.config'), DIRECTORY, 'config.yaml');
}

/** Where history and state are, unless `state_dir` says otherwise. */
export function defaultStateDirectory(environment: Environment = process.env, uid = process.getuid?.()): string {
  return uid === 0 ? `/var/lib/${DIRECTORY}` : join(own(environment, 'XDG_STATE_HOME', '.local/state'), DIRECTORY);
}

/** A relative path in such a variable is to be ignored, says the specification. */
function own(environment: Environment, variable: string, below: string): string {
  const named = environment[variable];
  return named !== undefined && isAbsolute(named) ? named : join(environment.HOME ?? homedir(), below);
}
