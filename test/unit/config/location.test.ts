import { describe, expect, it } from 'vitest';
import { defaultConfigFile, defaultStateDirectory } from '../../../src/config/location.ts';

const places = (environment: Record<string, string>, uid: number) => [
  defaultConfigFile(environment, uid),
  defaultStateDirectory(environment, uid),
];

describe('the places of configuration and state', () => {
  it('are those of the system for root, whatever the environment says', () => {
    const environment = { HOME: '/root', XDG_CONFIG_HOME: '/x', XDG_STATE_HOME: '/y' };
    expect(places(environment, 0)).toEqual(['/etc/offsite-rsync/config.yaml', '/var/lib/offsite-rsync']);
  });

  it('are his own for an ordinary user', () => {
    const own = ['/home/me/.config/offsite-rsync/config.yaml', '/home/me/.local/state/offsite-rsync'];
    expect(places({ HOME: '/home/me' }, 1000)).toEqual(own);
    expect(places({ HOME: '/home/me', XDG_CONFIG_HOME: 'relative', XDG_STATE_HOME: '' }, 1000)).toEqual(own);
    expect(places({ HOME: '/home/me', XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s' }, 1000)).toEqual([
      '/c/offsite-rsync/config.yaml',
      '/s/offsite-rsync',
    ]);
  });
});
