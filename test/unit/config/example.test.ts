import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { targetReferences } from '../../../src/config/target-secrets.ts';
import { CHANNELS, secretsOf } from '../../../src/notify/registry.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const text = readFileSync(new URL('../../../config.example.yaml', import.meta.url), 'utf8');
/** With everything on that stands behind a `#` without a blank. */
const allOn = text.replace(/^( *)#(?=[a-z])/gm, '$1');

describe('config.example.yaml', () => {
  it('is valid as copied, with the secrets that the README has you write and no others', () => {
    const settings = parseConfig('config.example.yaml', text);
    expect([...settings.jobs.keys()]).toEqual(['postgres']);
    expect(settings.jobs.get('postgres')?.expect).toBeDefined();
    expect(settings.targets.get('vault')?.secondary).toBe('gate');
    const { identity, knownHosts } = settings.targets.get('vault')!;
    expect([identity, knownHosts]).toEqual([
      { file: '/etc/offsite-rsync/vault.key' },
      { file: '/etc/offsite-rsync/vault.known_hosts' },
    ]);
    const written = [...readme.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name);
    expect(written).toContain('VAULT_HOST');
    const target = settings.targets.get('vault')!;
    expect(target.port).toEqual({ env: 'VAULT_PORT' }); // 22 when it is not set
    const ofAlerts = Object.values(settings.alerts.channels).flatMap(secretsOf);
    const names = [...targetReferences({ ...target, port: undefined }), ...ofAlerts.map(({ reference }) => reference)]
      .map((reference) => ('env' in reference ? reference.env : undefined))
      .filter((name) => name !== undefined);
    expect(names).toContain('NTFY_URL');
    expect(names.filter((name) => !written.includes(name))).toEqual([]);
  });

  it('is valid with all on that is switched off', () => {
    const settings = parseConfig('config.example.yaml', allOn);
    const shown = Object.values(settings.alerts.channels).map(({ type }) => type);
    expect(shown.sort()).toEqual(Object.keys(CHANNELS).sort());
    expect(settings.metricsFile).toBeDefined();
    expect(settings.runtimeDirectory).toBeDefined();
  });

  it('speaks of every key that the schema knows', () => {
    const missing = keysOf(configSchema).filter((key) => !new RegExp(`(^|[\\s{])${key}:`, 'm').test(allOn));
    expect(missing).toEqual([]);
  });

  it('shows the defaults as they are', () => {
    const { targets, jobs } = parseConfig('config.example.yaml', text);
    const bare = parseConfig(
      'bare',
      `version: 1
targets: { vault: { host: {env: H}, user: {env: U}, identity: {env: I}, known_hosts: {env: K} } }
jobs: { postgres: { source: /var/backups/postgres } }`,
    );
    const { exclude, expect: due, ...job } = jobs.get('postgres')!;
    expect(exclude.length + (due ? 1 : 0)).toBe(3);
    expect(bare.jobs.get('postgres')).toMatchObject(job);
    const { host, port, user, identity, knownHosts, ...target } = targets.get('vault')!;
    expect([host, port, user, identity, knownHosts]).not.toContain(undefined);
    expect(bare.targets.get('vault')).toMatchObject(target);
  });
});

function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) =>
    key === 'properties' && typeof value === 'object' && value !== null
      ? [...Object.keys(value), ...Object.values(value).flatMap(keysOf)]
      : Array.isArray(value)
        ? value.flatMap(keysOf)
        : keysOf(value),
  );
}
