import { Ajv } from 'ajv';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { printSchema } from '../../../src/commands/config/config-schema.ts';
import { testContext } from './support.ts';

const EXAMPLE = new URL('../../../config.example.yaml', import.meta.url);

it('config schema prints one file by which any editor judges the example, and each mistake in it', () => {
  const context = testContext('2026-11-23T08:00:00Z');
  expect(printSchema(context)).toBe(0);
  const schema = JSON.parse(context.said()) as object;
  // A plain validator, as an editor has it: it knows neither our formats nor our keywords.
  const validate = new Ajv({ strict: false, validateFormats: false, useDefaults: false }).compile(schema);
  const config = () => parse(readFileSync(EXAMPLE, 'utf8')) as { targets: { vault: Record<string, unknown> } };
  expect(validate(config()), JSON.stringify(validate.errors)).toBe(true);
  for (const wrong of [{ hots: 1 }, { host: 'vault.example.org' }, { metadata: 'fake' }, { keepalive: { count: 0 } }]) {
    const { targets, ...rest } = config();
    expect(validate({ ...rest, targets: { vault: { ...targets.vault, ...wrong } } }), JSON.stringify(wrong)).toBe(
      false,
    );
  }
  expect(schema).toMatchObject({
    properties: {
      targets: { additionalProperties: { properties: { io_timeout: { description: expect.any(String) as string } } } },
    },
  });
});

it('config.schema.json is what config schema prints, and the first line of the example names it', () => {
  const context = testContext('2026-11-23T08:00:00Z');
  printSchema(context);
  const named = /^# yaml-language-server: \$schema=(\S+)$/m.exec(
    readFileSync(EXAMPLE, 'utf8').split('\n')[0] ?? '',
  )?.[1];
  expect(named).toBe('config.schema.json');
  const file = readFileSync(new URL(`../../../${named}`, import.meta.url), 'utf8');
  expect(file, 'make it anew: offsite-rsync config schema > config.schema.json').toBe(context.said());
});
