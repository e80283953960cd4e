import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { defaultConfigFile } from '../config/location.ts';

/** The service manager that runs our units: the system's, or that of an ordinary user. */
export interface Manager {
  readonly kind: 'system' | 'user';
  /** Where units of one's own are. */
  readonly units: string;
  /** Where credentials are put: one file each, mode 0600, named as in the configuration. */
  readonly credentials: string;
  /** The words that ask it. */
  readonly systemctl: readonly string[];
  /** What is started without anybody's doing. */
  readonly wantedBy: string;
}

/** The manager of the system. */
export const SYSTEM: Manager = {
  kind: 'system',
  units: '/etc/systemd/system',
  credentials: '/etc/offsite-rsync/credentials',
  systemctl: ['/usr/bin/systemctl'],
  wantedBy: 'multi-user.target',
};

/** The manager of the user who calls us. */
export function userManager(environment: Readonly<Record<string, string | undefined>>): Manager {
  const { HOME = homedir(), XDG_CONFIG_HOME: own = '' } = environment;
  return {
    kind: 'user',
    units: join(isAbsolute(own) ? own : join(HOME, '.config'), 'systemd/user'),
    credentials: join(dirname(defaultConfigFile(environment)), 'credentials'),
    systemctl: ['/usr/bin/systemctl', '--user'],
    wantedBy: 'default.target',
  };
}
