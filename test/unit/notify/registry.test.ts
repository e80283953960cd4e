import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMON_OPTIONS } from '../../../src/notify/channel.ts';
import { CHANNELS, secretsOf, type ChannelSettings } from '../../../src/notify/registry.ts';
import type { Options } from '../../../src/settings/option.ts';
import { alerts } from '../../../src/notify/settings.ts';
import { compileSchema } from '../../../src/settings/schema-compiler.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const validate = compileSchema({ type: 'object', properties: { alerts: alerts.schema } });
const types = Object.keys(CHANNELS).sort();

it('lists each file of the folder of channels, under the name of the file', () => {
  const files = readdirSync(new URL('../../../src/notify/channels', import.meta.url));
  expect(files.map((name) => name.replace(/\.ts$/, '')).sort()).toEqual(types);
});

describe.each(Object.entries<{ readonly options: Options }>(CHANNELS))('the channel %s', (type, { options }) => {
  it('tells every reference that its settings can hold, by its place', () => {
    const credentials: unknown[] = [];
    const filled = Object.entries(options).map(([key, { schema }]) => [key, filledIn(schema, key, credentials)]);
    const settings = Object.fromEntries([['type', type], ...filled]) as ChannelSettings;
    expect(validate({ alerts: { channels: { it: settings } } }), JSON.stringify(validate.errors)).toBe(true);
    expect(secretsOf(settings).map(({ reference }) => reference)).toEqual(credentials);
    for (const { path, reference } of secretsOf(settings)) {
      const found = path.split('.').reduce((value: unknown, key) => (value as Record<string, unknown>)[key], settings);
      expect(found).toBe(reference);
    }
  });

  it('says of each option what it is', () => {
    for (const [key, { schema }] of Object.entries({ ...COMMON_OPTIONS, ...options })) {
      expect(schema.description, key).toMatch(/^[A-Z].*[.…]$/);
    }
  });
});

/** A value for an option, with a credential of its own wherever its schema lets a reference stand. */
function filledIn(schema: Readonly<Record<string, unknown>>, key: string, credentials: unknown[]): unknown {
  if (schema.$ref === 'secret-reference') {
    const reference = { credential: `${key}-${credentials.length}` };
    credentials.push(reference);
    return reference;
  }
  if (schema.type === 'object') {
    const inner = schema.additionalProperties as Readonly<Record<string, unknown>>;
    return Object.fromEntries(['ONE', 'TWO'].map((name) => [name, filledIn(inner, name, credentials)]));
  }
  return schema.default ?? (schema.type === 'string' ? 'text' : ['/bin/true']);
}

describe('every channel is named', () => {
  it('in the table of docs/operations.md, with each option of its own and no other', () => {
    const [, table = ''] = /^### Channels\n([\s\S]*?)(?=^#)/m.exec(read('docs/operations.md')) ?? [];
    const rows = [...table.matchAll(/^\| `(\w+)` \|[^|]*\|([^|]*)\|$/gm)].map(([, type = '', cell = '']) => {
      return [type, [...cell.matchAll(/`(\w+)`/g)].map(([, key]) => key).sort()];
    });
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(CHANNELS).map(([type, { options }]) => [type, Object.keys(options).sort()])),
    );
  });

  it("in the secondary's example, which shows only some", () => {
    const [, list = ''] =
      /^# The same channels as on the primary: ([\w, ]+)\./m.exec(read('remote-scripts/secondary.example.yaml')) ?? [];
    expect(list.split(', ').sort()).toEqual(types);
  });
});
