import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { configSchema } from '../../../src/config/schema.ts';

const text = readFileSync(new URL('../../../config.example.yaml', import.meta.url), 'utf8');

describe('config.example.yaml', () => {
  it('is valid', () => {
    const settings = parseConfig('config.example.yaml', text);
    expect([...settings.jobs.keys()]).toEqual(['postgres']);
    expect(settings.targets.get('vault')?.secondary).toBe('gate');
    expect(Object.keys(settings.alerts.channels)).toHaveLength(7);
  });

  it('speaks of every key that the schema knows', () => {
    const missing = keysOf(configSchema).filter((key) => !new RegExp(`(^|[\\s#{])${key}:`, 'm').test(text));
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
