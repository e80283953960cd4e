import type { Options } from '../../../../src/settings/option.ts';

type Group = Readonly<Record<string, unknown>>;

/**
 * Where an example file differs from the declarations of its options: an option is not shown, or has another value than
 * the example of its declaration. Groups are compared too, and named groups by the names in the example.
 * @param shown the content of the file
 * @param place keys that lead to it, for messages
 */
export function otherThanDeclared(options: Options, shown: Group, place = ''): string[] {
  return Object.entries(options).flatMap(([key, option]) => differences(option.example, shown[key], `${place}${key}`));
}

function differences(example: unknown, shown: unknown, place: string): string[] {
  if (shown === undefined) return [`${place} is not shown`];
  if (isGroup(example) && isGroup(shown)) {
    return Object.entries(example).flatMap(([key, value]) => differences(value, shown[key], `${place}.${key}`));
  }
  const [is, ought] = [JSON.stringify(shown), JSON.stringify(example)];
  return is === ought ? [] : [`${place} is ${is}, its declaration says ${ought}`];
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every description in a schema, with the keys that lead to it; undefined if an option has none. */
export function descriptions(options: Options): [string, unknown][] {
  return Object.entries(options).flatMap(([key, { schema }]) => inSchema(schema, key));
}

function inSchema(schema: Group, place: string): [string, unknown][] {
  const { properties, additionalProperties: named } = schema;
  const below = { ...(properties as Group | undefined), ...(isGroup(named) ? (named.properties as Group) : {}) };
  return [
    [place, schema.description],
    ...Object.entries(below).flatMap(([key, inner]) => inSchema(inner as Group, `${place}.${key}`)),
  ];
}
