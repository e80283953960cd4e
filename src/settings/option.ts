import type { PlacedReference } from '../shared/secret-reference.ts';

/** Whether the file must give an option; if not, whether the option has a default. */
type Presence = 'required' | 'default' | 'optional';

/** A JSON Schema (draft 7), or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/**
 * One option of a configuration: type, presence, default, description and an example, all declared here and nowhere
 * else. The JSON Schema, the types and the settings follow from it; a test compares the example file with it. `Written`
 * is the value as the file has it, with defaults filled in; `Read` is the same value ready for use.
 */
export interface Option<Written, Read = Written, P extends Presence = Presence, Unit extends string = string> {
  readonly presence: P;
  /** JSON Schema of the value, with its description and its default. */
  readonly schema: Schema;
  /** What the example file shows. */
  readonly example: Written;
  /** Ends the name of the setting: `Ms` for a duration. */
  readonly unit: Unit;
  /** Makes the setting from a value that the schema has accepted. */
  read(written: Written): Read;
  /** The references to secrets in a value, each with its path below the option. */
  references(written: Written): readonly PlacedReference[];
}

/** Options by their keys in the file. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any value: each option knows its own type
export type Options = Readonly<Record<string, Option<any, any>>>;

type WrittenAs<O> = O extends { readonly example: infer Written } ? Written : never;
type ReadAs<O> = O extends { read(written: never): infer Read } ? Read : never;
type Maybe<O> = O extends { readonly presence: 'optional' } ? undefined : never;
type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;
type SettingName<K extends string, O> = O extends { readonly unit: infer Unit extends string }
  ? `${CamelCase<K>}${Unit}`
  : never;

/** The content of a file that the schema has accepted, with defaults filled in. */
export type WrittenOf<O extends Options> = {
  readonly [K in keyof O as O[K]['presence'] extends 'optional' ? never : K]: WrittenAs<O[K]>;
} & {
  readonly [K in keyof O as O[K]['presence'] extends 'optional' ? K : never]?: WrittenAs<O[K]>;
};

/** The same ready for use: `max_delay: 10m` is `maxDelayMs: 600000`. What was left out is undefined. */
export type SettingsOf<O extends Options> = {
  readonly [K in keyof O & string as SettingName<K, O[K]>]: ReadAs<O[K]> | Maybe<O[K]>;
};

/** A type of value. One of the three functions makes an option of it. */
export interface Kind<Written, Read = Written, Unit extends string = ''> {
  /** The file must give it. */
  required(description: string, example: Written): Option<Written, Read, 'required', Unit>;
  /** It may be left out, and there is no default. */
  optional(description: string, example: Written): Option<Written, Read, 'optional', Unit>;
  /** @param example what the example file shows, if not the default */
  byDefault(value: Written, description: string, example?: Written): Option<Written, Read, 'default', Unit>;
}

/**
 * Makes a {@link Kind}.
 * @param schema the JSON Schema of its values
 */
export function kind<Written, Read = Written, Unit extends string = ''>(
  schema: Schema,
  {
    read = (written) => written as unknown as Read,
    references = () => [],
    unit = '' as Unit,
  }: Partial<Pick<Option<Written, Read, Presence, Unit>, 'read' | 'references' | 'unit'>> = {},
): Kind<Written, Read, Unit> {
  const option = <P extends Presence>(presence: P, description: string, example: Written, more: Schema = {}) => ({
    ...{ presence, example, unit, read, references },
    schema: { ...schema, description, ...more },
  });
  return {
    required: (description, example) => option('required', description, example),
    optional: (description, example) => option('optional', description, example),
    byDefault: (value, description, example = value) => option('default', description, example, { default: value }),
  };
}

/** The JSON Schema (draft 7) of a group of options. It allows no other keys. */
export function schemaOf(options: Options) {
  const all = Object.entries(options);
  const required = all.flatMap(([key, { presence }]) => (presence === 'required' ? [key] : []));
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(all.map(([key, { schema }]) => [key, schema])),
  };
}

/**
 * Turns what the schema has accepted into settings ready for use.
 * @throws RangeError when the schema has not accepted it, which is a bug
 */
export function readAll<const O extends Options>(options: O, written: WrittenOf<O>): SettingsOf<O> {
  const values: Readonly<Record<string, unknown>> = written;
  const read = Object.entries(options).map(([key, option]) => {
    const value = values[key];
    return [`${camelCase(key)}${option.unit}`, value === undefined ? undefined : (option.read(value) as unknown)];
  });
  return Object.fromEntries(read) as SettingsOf<O>;
}

/** Every reference to a secret in a group of options, with the keys that lead to it, joined by dots. */
export function referencesIn<const O extends Options>(options: O, written: WrittenOf<O>): PlacedReference[] {
  const values: Readonly<Record<string, unknown>> = written;
  return Object.entries(options).flatMap(([key, option]) => {
    const value = values[key];
    return value === undefined ? [] : below(key, option.references(value));
  });
}

/** Puts a key before the paths of references. */
export function below(key: string, found: readonly PlacedReference[]): PlacedReference[] {
  return found.map(({ path, reference }) => ({ path: path === '' ? key : `${key}.${path}`, reference }));
}

/** The name of a setting without its unit, from the key in the file. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** What the example file shows of a group. */
export function exampleOf<const O extends Options>(options: O): WrittenOf<O> {
  return Object.fromEntries(
    Object.entries(options).map(([key, { example }]) => [key, example as unknown]),
  ) as WrittenOf<O>;
}
