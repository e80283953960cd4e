import { FORMATS } from '../../src/settings/formats.ts';
import type { Schema } from '../../src/settings/option.ts';
import { secretReferenceDefinition } from '../../src/shared/secret-reference.ts';
import type { Block, Span } from './roff.ts';
import { item, nameLine, paragraph, section, subsection } from './words.ts';

/** What a page says of a configuration file besides its options. */
export interface SettingsPage {
  readonly name: string;
  readonly purpose: string;
  readonly file: string;
  readonly description: string;
  readonly schema: Schema;
  /** What the example file shows, in the shape of the file. */
  readonly example: unknown;
  readonly seeAlso: readonly string[];
}

/** Formats in the words of the page, where the name in the schema is not the word. */
const WORDS: Readonly<Record<string, string>> = {
  'absolute-path': 'path',
  'alert-timeout': 'duration up to 1m',
  'duration-or-off': 'duration, or off',
  'percent-or-off': 'percent, or off',
  timezone: 'time zone',
};

/** The page of a configuration file: every option with its type, default, description and example. */
export function settingsPage(page: SettingsPage): readonly Block[] {
  const { name, purpose, file, description, schema, example, seeAlso } = page;
  const text = JSON.stringify(schema);
  const used = Object.entries(FORMATS).filter(([format]) => text.includes(`"format":"${format}"`));
  return [
    ...nameLine(name, purpose),
    section('Synopsis'),
    { kind: 'paragraph', text: [{ open: file }] },
    section('Description'),
    paragraph(description),
    section('Options'),
    ...groupOf('', schema, example),
    section('Values'),
    ...used.map(([format, { expectation }]) => item([{ open: WORDS[format] ?? format }], `${expectation}.`)),
    item(
      [{ open: 'secret' }],
      'a reference, never the value: `{ env: NAME }` a variable or a line of secrets_file, `{ file: /PATH }` a file that only its owner can read, `{ credential: NAME }` a credential of systemd.',
    ),
    section('See also'),
    paragraph(seeAlso.join(', ')),
  ];
}

/** The options of a group, and after them the groups in it, each under its own path. */
function groupOf(path: string, schema: Schema, example: unknown): readonly Block[] {
  const required = (schema.required ?? []) as readonly string[];
  const all = Object.entries(propertiesOf(schema)).map(([key, option]) => ({ key, option, shown: at(example, key) }));
  const isGroup = ({ option }: { readonly option: Schema }) =>
    option.properties !== undefined || isNamed(option.additionalProperties);
  return [
    ...all
      .filter((each) => !isGroup(each))
      .map(({ key, option, shown }) => describe(key, option, required.includes(key), shown)),
    ...all.filter(isGroup).flatMap(({ key, option, shown }) => subgroup(join(path, key), option, shown)),
  ];
}

function subgroup(path: string, option: Schema, shown: unknown): readonly Block[] {
  const head = [subsection(path), paragraph(descriptionOf(option))];
  const { additionalProperties: each } = option;
  if (!isNamed(each)) return [...head, ...groupOf(path, option, shown)];
  const below = `${path}.NAME`;
  if (each.allOf !== undefined) return [...head, ...variantsOf(below, each)];
  const [first] = Object.values((shown ?? {}) as Readonly<Record<string, unknown>>);
  return [subsection(below), paragraph(descriptionOf(option)), ...groupOf(below, each, first)];
}

/** Settings of which `type` says what other options there are: what all have, and then each type. */
function variantsOf(path: string, schema: Schema): readonly Block[] {
  const branches = (schema.allOf as readonly Variant[]).map(({ if: { properties }, then }) => ({
    type: properties.type.const,
    required: then.required ?? [],
    options: Object.entries(then.properties).filter(([key]) => key !== 'type'),
  }));
  const [first, ...others] = branches.map(({ options }) => options.map((each) => JSON.stringify(each)));
  const common = (first ?? []).filter((option) => others.every((other) => other.includes(option)));
  const isCommon = (option: unknown) => common.includes(JSON.stringify(option));
  const type = propertiesOf(schema).type ?? {};
  return [
    describe('type', type, true, undefined),
    ...common.map((text) => {
      const [key, option] = JSON.parse(text) as [string, Schema];
      return describe(key, option, false, undefined);
    }),
    ...branches.flatMap(({ type: word, required, options }) => [
      subsection(`${path}, type: ${word}`),
      ...options
        .filter((option) => !isCommon(option))
        .map(([key, option]) => describe(key, option, required.includes(key), undefined)),
    ]),
  ];
}

interface Variant {
  readonly if: { readonly properties: { readonly type: { readonly const: string } } };
  readonly then: { readonly required?: readonly string[]; readonly properties: Readonly<Record<string, Schema>> };
}

function describe(key: string, option: Schema, isRequired: boolean, shown: unknown): Block {
  const term: Span[] = [{ typed: `${key}:` }, ' ', { open: typeOf(option) }];
  const more = [
    isRequired ? 'Required.' : '',
    option.default === undefined ? '' : `Default: \`${valueOf(option.default)}\`.`,
    shown === undefined || [option.default, option.const].some((one) => valueOf(one) === valueOf(shown))
      ? ''
      : `Example: \`${valueOf(shown)}\`.`,
  ];
  return item(term, [descriptionOf(option), ...more].filter((part) => part !== '').join(' '));
}

/** What may be written, in a few words. */
function typeOf(option: Schema): string {
  const { type, format, items, const: only, $ref: reference } = option;
  const words = option.enum as readonly unknown[] | undefined;
  if (reference === secretReferenceDefinition.$id) return 'secret';
  if (only !== undefined) return JSON.stringify(only);
  if (words !== undefined) return words.join(' | ');
  if (typeof format === 'string') return WORDS[format] ?? format;
  if (type === 'boolean') return 'true | false';
  if (type === 'integer') return rangeOf(option);
  if (type === 'array') return Array.isArray(items) ? 'list' : `list of ${typeOf((items ?? {}) as Schema)}`;
  if (type === 'object') return isNamed(option.additionalProperties) ? 'map of secrets' : 'map';
  return 'text';
}

function rangeOf({ minimum, maximum }: Limits): string {
  if (minimum === undefined) return 'number';
  return `number, ${minimum}${maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? ' or more' : ` to ${maximum}`}`;
}

interface Limits {
  readonly minimum?: number;
  readonly maximum?: number;
}

const propertiesOf = ({ properties = {} }: Schema) => properties as Readonly<Record<string, Schema>>;
const descriptionOf = ({ description = '' }: Schema) => description as string;
const isNamed = (schema: unknown): schema is Schema =>
  typeof schema === 'object' && schema !== null && ('properties' in schema || 'allOf' in schema);
const join = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);
const at = (example: unknown, key: string) => (example as Readonly<Record<string, unknown>> | undefined)?.[key];

/** A value as it is written in YAML, on one line. */
function valueOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueOf).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, each]) => `${key}: ${valueOf(each)}`)
      .join(', ')} }`;
  }
  return typeof value === 'string' && /[*{}#]|^\s*$/.test(value) ? JSON.stringify(value) : String(value);
}
