import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../../src/config/load.ts';
import { CONFIG } from '../../../src/config/options.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { targetReferences } from '../../../src/config/target-secrets.ts';
import { CHANNELS, secretsOf, type ChannelType } from '../../../src/notify/registry.ts';
import type { Options } from '../../../src/settings/option.ts';
import { descriptions, otherThanDeclared } from '../settings/support/shown.ts';

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

  it('shows each option with the value that its declaration gives as the example', () => {
    const { channels: _, ...shown } = parse(allOn) as Record<string, unknown>;
    const { alerts: channels, ...options } = CONFIG;
    expect(otherThanDeclared(options, shown)).toEqual([]);
    expect(channels.presence).toBe('default'); // its channels are looked at below
  });

  it('shows each channel with the values that its declarations give, where it shows one', () => {
    const { alerts } = parse(allOn) as { alerts: { channels: Record<string, Record<string, unknown>> } };
    for (const { type, ...shown } of Object.values(alerts.channels)) {
      const { options } = CHANNELS[type as ChannelType];
      const isShown = Object.entries<Options[string]>(options).filter(([key]) => key in shown);
      expect(otherThanDeclared(Object.fromEntries(isShown), shown), String(type)).toEqual([]);
    }
  });

  it('has a sentence for each option, which an editor shows', () => {
    const mute = descriptions(CONFIG).filter(([, text]) => !/^[A-Za-z$].*[.]$/.test(String(text)));
    expect(mute.map(([place]) => place)).toEqual([]);
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
