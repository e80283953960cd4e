import { describe, expect, it } from 'vitest';
import { extendConfig, type Additions } from '../../../../src/commands/init/configuration.ts';
import { parseConfig } from '../../../../src/config/load.ts';

const nothing: Additions = {
  secretsFile: undefined,
  stateDirectory: undefined,
  target: undefined,
  job: undefined,
  channel: undefined,
};
const all: Additions = {
  secretsFile: '/etc/offsite-rsync/secrets.env',
  stateDirectory: undefined,
  target: [
    'vault',
    {
      secondary: 'gate',
      host: { env: 'VAULT_HOST' },
      port: { env: 'VAULT_PORT' },
      user: { env: 'VAULT_USER' },
      identity: { file: '/etc/offsite-rsync/vault.key' },
      known_hosts: { file: '/etc/offsite-rsync/vault.known_hosts' },
    },
  ],
  job: [
    'postgres',
    { source: '/var/backups/postgres', expect: { schedule: '15 2 * * *', timezone: 'UTC', grace: '3h' } },
  ],
  channel: ['phone', { type: 'ntfy', url: { env: 'NTFY_URL' } }],
};

describe('a configuration', () => {
  it('that is new is valid, names its schema first, and reads like the example', () => {
    const text = extendConfig(undefined, all);
    expect(text).toMatch(/^# yaml-language-server: \$schema=\S+\n/);
    expect(text.slice(text.indexOf('version'))).toBe(`version: 1
secrets_file: /etc/offsite-rsync/secrets.env
targets:
  vault:
    secondary: gate
    host: { env: VAULT_HOST }
    port: { env: VAULT_PORT }
    user: { env: VAULT_USER }
    identity: { file: /etc/offsite-rsync/vault.key }
    known_hosts: { file: /etc/offsite-rsync/vault.known_hosts }
jobs:
  postgres:
    source: /var/backups/postgres
    expect: { schedule: 15 2 * * *, timezone: UTC, grace: 3h }
alerts:
  channels:
    phone:
      type: ntfy
      url: { env: NTFY_URL }
`);
    expect(parseConfig('c', text).jobs.get('postgres')?.expect?.schedule).toBe('15 2 * * *');
  });

  it('that is there keeps what it says and its comments, and gets what is new', () => {
    const before = `# mine\nversion: 1\ntargets:\n  vault: # far away\n    host: {env: H}\n    user: {env: U}\n    identity: {env: I}\n    known_hosts: {env: K}\njobs:\n  db:\n    source: /a # the dumps\n`;
    const after = extendConfig(before, { ...nothing, job: ['www', { source: '/b' }] });
    expect(after).toContain('# far away');
    expect(after).toContain('# the dumps');
    expect([...parseConfig('c', after).jobs.keys()]).toEqual(['db', 'www']);
  });
});
