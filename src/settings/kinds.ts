import { parseDuration, parsePercent, parseSize } from '../shared/units.ts';
import { secretReferenceSchema, type SecretReference } from '../shared/secret-reference.ts';
import {
  below,
  exampleOf,
  kind,
  readAll,
  referencesIn,
  schemaOf,
  type Kind,
  type Options,
  type Schema,
  type SettingsOf,
  type WrittenOf,
} from './option.ts';

/** A value with a JSON Schema of its own, used as it is written. */
export function ofSchema<Value>(schema: Schema): Kind<Value> {
  return kind<Value>(schema);
}

/** Yes or no. */
export const flag = kind<boolean>({ type: 'boolean' });

/** Text in a format of formats.ts, used as it is written. */
export function formatted(format: string): Kind<string> {
  return kind<string>({ type: 'string', format });
}

export const path = formatted('absolute-path');

/** `/srv/` means `/srv`. */
export const directory = kind<string, string>(
  { type: 'string', format: 'absolute-path' },
  { read: (text) => text.replace(/(?<=.)\/+$/, '') },
);

export const cron = formatted('cron');
export const timezone = formatted('timezone');

/** Read as milliseconds. */
export const duration = kind<string, number, 'Ms'>(
  { type: 'string', format: 'duration' },
  { read: (text) => checked(parseDuration(text), text), unit: 'Ms' },
);

/** Read as milliseconds, or undefined for `off`. */
export const durationOrOff = kind<string, number | undefined, 'Ms'>(
  { type: 'string', format: 'duration-or-off' },
  { read: (text) => (text === 'off' ? undefined : checked(parseDuration(text), text)), unit: 'Ms' },
);

/** Read as bytes. */
export const size = kind<string, number>(
  { type: 'string', format: 'size' },
  { read: (text) => checked(parseSize(text), text) },
);

/** Bytes per second, also as a bare number. rsync's `--bwlimit` has a minimum of 1 KiB. */
export const rate = kind<string | number, number>(
  { type: ['string', 'integer'], format: 'size', minimum: 1024, maximum: Number.MAX_SAFE_INTEGER },
  { read: (value) => (typeof value === 'string' ? checked(parseSize(value), value) : value) },
);

/** Read as a number from 0 to 1. */
export const share = kind<string, number>(
  { type: 'string', format: 'percent' },
  { read: (text) => checked(parsePercent(text), text) },
);

/** Read as a number from 0 to 1, or undefined for `off`. */
export const shareOrOff = kind<string, number | undefined>(
  { type: 'string', format: 'percent-or-off' },
  { read: (text) => (text === 'off' ? undefined : checked(parsePercent(text), text)) },
);

/** A whole number. Beyond the greatest, it would be another one than was written. */
export function integer({
  minimum,
  maximum = Number.MAX_SAFE_INTEGER,
}: {
  readonly minimum: number;
  readonly maximum?: number;
}): Kind<number> {
  return kind<number>({ type: 'integer', minimum, maximum });
}

/** One of several words. */
export function choice<const Words extends readonly string[]>(words: Words): Kind<Words[number]> {
  return kind<Words[number]>({ type: 'string', enum: words });
}

/** A list of words out of several: at least one, none twice. */
export function choices<const Words extends readonly string[]>(words: Words): Kind<readonly Words[number][]> {
  return list({ items: { type: 'string', enum: words }, minItems: 1, uniqueItems: true });
}

/** The same, and the list may be empty. */
export function choicesOrNone<const Words extends readonly string[]>(words: Words): Kind<readonly Words[number][]> {
  return list({ items: { type: 'string', enum: words }, uniqueItems: true });
}

/** A list of texts. @param limits JSON Schema keywords for the list and its items */
export function list<Text extends string = string>(limits: Schema): Kind<readonly Text[]> {
  return kind<readonly Text[]>({ type: 'array', items: { type: 'string', minLength: 1 }, ...limits });
}

/** A program and its arguments. */
export const commandLine = list({
  items: [{ type: 'string', minLength: 1, fault: 'the first element is the program and cannot be empty' }],
  additionalItems: { type: 'string' },
  minItems: 1,
});

/** A secret, by reference. */
export const secret = kind<SecretReference>(secretReferenceSchema, {
  references: (reference) => [{ path: '', reference }],
});

/** Any number of secrets, each under the name of an environment variable. */
export const secretsByVariable = kind<Readonly<Record<string, SecretReference>>>(
  {
    type: 'object',
    propertyNames: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
    additionalProperties: secretReferenceSchema,
  },
  { references: (value) => Object.entries(value).map(([path, reference]) => ({ path, reference })) },
);

/** A group of options that can all be left out, and so can the group. */
export function group<const O extends Options>(options: O, description: string) {
  return groupKind(options).byDefault({} as WrittenOf<O>, description, exampleOf(options));
}

/** A group of options that is there or not. If it is, its required options must be given. */
export function optionalGroup<const O extends Options>(options: O, description: string) {
  return groupKind(options).optional(description, exampleOf(options));
}

function groupKind<const O extends Options>(options: O): Kind<WrittenOf<O>, SettingsOf<O>> {
  return kind<WrittenOf<O>, SettingsOf<O>>(schemaOf(options), {
    read: (written) => readAll(options, written),
    references: (written) => referencesIn(options, written),
  });
}

/** One or more groups of the same options, each under a name of its own; read as a map in the order of the file. */
export function named<const O extends Options>(options: O, description: string, example: string) {
  type Written = Readonly<Record<string, WrittenOf<O>>>;
  type Read = ReadonlyMap<string, SettingsOf<O> & { readonly name: string }>;
  const schema = {
    ...{ type: 'object', minProperties: 1, propertyNames: { format: 'name' } },
    additionalProperties: schemaOf(options),
  };
  return kind<Written, Read>(schema, {
    read: (written) =>
      new Map(Object.entries(written).map(([name, each]) => [name, { name, ...readAll(options, each) }])),
    references: (written) =>
      Object.entries(written).flatMap(([name, each]) => below(name, referencesIn(options, each))),
  }).required(description, { [example]: exampleOf(options) });
}

function checked(value: number | undefined, text: string): number {
  if (value === undefined) throw new RangeError(`${text} passed the schema but cannot be read`);
  return value;
}
