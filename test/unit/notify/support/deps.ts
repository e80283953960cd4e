import type { LogLevel } from '../../../../src/platform/logger.ts';
import { runProcess } from '../../../../src/platform/process.ts';
import { SecretError } from '../../../../src/platform/secrets.ts';
import type { AlertDeps } from '../../../../src/notify/deliver.ts';
import { alerts, type AlertSettings } from '../../../../src/notify/settings.ts';
import { compileSchema } from '../../../../src/settings/schema-compiler.ts';
import { parseYamlConfig } from '../../../../src/settings/yaml-config.ts';

const validate = compileSchema({ type: 'object', properties: { alerts: alerts.schema } });

/** Dependencies of a delivery with all that they were used for. */
export interface TestDeps extends AlertDeps {
  readonly lines: { readonly level: LogLevel; readonly text: string }[];
  /** Pauses that were asked for, in milliseconds; none is really waited for. */
  readonly pauses: number[];
}

/**
 * Real processes and a real network, but secrets from `secrets` by the name in `env`, and a clock that does not wait.
 */
export function testDeps(secrets: Readonly<Record<string, string>> = {}, change: Partial<AlertDeps> = {}): TestDeps {
  const lines: { level: LogLevel; text: string }[] = [];
  const pauses: number[] = [];
  return {
    lines,
    pauses,
    log: (level, text) => lines.push({ level, text }),
    redact: (text) => text,
    runProcess,
    readSecret: (reference) => {
      const name = 'env' in reference ? reference.env : '';
      const value = secrets[name];
      if (value === undefined) throw new SecretError(`The environment variable ${name} is not set.`);
      return value;
    },
    clock: {
      now: () => new Date('2026-11-23T04:15:00Z'),
      monotonic: () => 0,
      random: () => 0.5,
      sleep: (ms, signal) => {
        pauses.push(ms);
        signal?.throwIfAborted();
        return Promise.resolve();
      },
    },
    ...change,
  };
}

/** The settings as a config file gives them: validated, with defaults. One channel a line, in YAML's flow style. */
export function settings(channels: string): AlertSettings {
  const rows = channels.trim().split('\n');
  const yaml = `alerts:\n  channels:\n${rows.map((row) => `    ${row.trim()}`).join('\n')}\n`;
  const parsed = parseYamlConfig<{ alerts: AlertSettings }>(yaml, validate);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value.alerts;
}
