import { secretReferenceSchema, type PlacedReference, type SecretReference } from '../shared/secret-reference.ts';

/** How an option gets its value: the file must give it, a default does, or nobody may. */
type Presence = 'required' | 'default' | 'optional';

/** One option of a channel: the one place of its schema, its default, its type, and of whether it refers to secrets. */
export interface Option<Value, Present extends Presence = Presence> {
  readonly presence: Present;
  /** JSON Schema of the value, with its description and its default. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** The references in a validated value, with their place below the option; none unless it is a secret. */
  references?(value: Value): readonly PlacedReference[];
}

/** The options of a channel by their keys in the configuration. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever value: each option knows its own
export type Options = Readonly<Record<string, Option<any>>>;

/** The settings that options describe, validated and with their defaults. */
export type SettingsOf<O extends Options> = {
  readonly [K in keyof O as O[K]['presence'] extends 'optional' ? never : K]: ValueOf<O[K]>;
} & {
  readonly [K in keyof O as O[K]['presence'] extends 'optional' ? K : never]?: ValueOf<O[K]>;
};

type ValueOf<O> = O extends Option<infer Value> ? Value : never;

/** A secret that must be given, by reference. */
export function secret(description: string): Option<SecretReference, 'required'> {
  return { presence: 'required', schema: { ...secretReferenceSchema, description }, references: here };
}

/** A secret that may be left out. */
export function optionalSecret(description: string): Option<SecretReference, 'optional'> {
  return { ...secret(description), presence: 'optional' };
}

/** Any number of secrets, each under the name of an environment variable. */
export function secretsByVariable(description: string): Option<Readonly<Record<string, SecretReference>>, 'default'> {
  return withDefault<Readonly<Record<string, SecretReference>>>(
    {
      type: 'object',
      description,
      propertyNames: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
      additionalProperties: secretReferenceSchema,
    },
    {},
    (value) => Object.entries(value).map(([path, reference]) => ({ path, reference })),
  );
}

/** One word of several. */
export function choice<const Words extends readonly string[]>(
  words: Words,
  byDefault: Words[number],
  description: string,
): Option<Words[number], 'default'> {
  return withDefault({ type: 'string', enum: words, description }, byDefault);
}

/** Several of several words, at least one, none twice. */
export function choices<const Words extends readonly string[]>(
  words: Words,
  byDefault: readonly Words[number][],
  description: string,
): Option<readonly Words[number][], 'default'> {
  const items = { type: 'string', enum: words };
  return withDefault({ type: 'array', items, minItems: 1, uniqueItems: true, description }, byDefault);
}

/** Yes or no. */
export function flag(byDefault: boolean, description: string): Option<boolean, 'default'> {
  return withDefault({ type: 'boolean', description }, byDefault);
}

/** A whole number. */
export function integer(
  limits: { readonly minimum: number; readonly maximum: number },
  byDefault: number,
  description: string,
): Option<number, 'default'> {
  return withDefault({ type: 'integer', ...limits, description }, byDefault);
}

/** A text of a format of formats.ts. */
export function formatted(format: string, byDefault: string, description: string): Option<string, 'default'> {
  return withDefault({ type: 'string', format, description }, byDefault);
}

/** A program and its arguments. */
export function commandLine(description: string): Option<readonly string[], 'required'> {
  const program = { type: 'string', minLength: 1, fault: 'the first element is the program and cannot be empty' };
  const items = [program];
  return {
    presence: 'required',
    schema: { type: 'array', items, additionalItems: { type: 'string' }, minItems: 1, description },
  };
}

function withDefault<Value>(
  schema: Option<Value>['schema'],
  byDefault: Value,
  references?: (value: Value) => readonly PlacedReference[],
): Option<Value, 'default'> {
  return { presence: 'default', schema: { ...schema, default: byDefault }, ...(references ? { references } : {}) };
}

function here(reference: SecretReference): readonly PlacedReference[] {
  return [{ path: '', reference }];
}
