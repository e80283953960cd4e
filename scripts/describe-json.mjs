/*
 * Makes docs/json.md and docs/json.schema.json from the types of what the programs of both hosts print. `npm run docs:json` writes
 * them; a test compares them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { createGenerator } from 'ts-json-schema-generator';

/** Where the outputs are declared, on both hosts, and the types with a property for each. */
const PATH = '{src,remote-scripts}/commands/json-output.ts';
const TYPES = ['JsonOutputs', 'SecondaryOutputs'];

/** The type that is described elsewhere: by the schema that `offsite-rsync config schema` prints. */
const CONFIGURATION = 'WholeConfiguration';
const CONFIGURATION_SCHEMA = 'config.schema.json';

/** The JSON Schema of all outputs: a property each, named after the command. */
export function jsonSchema() {
  const generator = createGenerator({
    path: PATH,
    tsconfig: 'tsconfig.json',
    topRef: false,
    jsDoc: 'extended',
    skipTypeCheck: true,
    sortProps: false,
  });
  const schemas = TYPES.map((type) => schemaOf(generator, type));
  const [first] = schemas;
  return {
    $schema: first.$schema,
    title: 'What offsite-rsync prints with --json',
    ...first,
    properties: Object.assign({}, ...schemas.map(({ properties }) => properties)),
    required: schemas.flatMap(({ required }) => required),
    definitions: [...schemas.map(({ definitions }) => definitions), configuration()].reduce(joined),
  };
}

function configuration() {
  const { $schema, title, definitions, ...schema } = JSON.parse(readFileSync(CONFIGURATION_SCHEMA, 'utf8'));
  return { [CONFIGURATION]: schema, ...definitions };
}

function schemaOf(generator, type) {
  const schema = generator.createSchema(type);
  const { [CONFIGURATION]: elsewhere, ...definitions } = schema.definitions;
  return { ...schema, definitions };
}

/** Types of both hosts; two of one name must be the same. */
function joined(some, more) {
  const twice = Object.keys(more).filter((name) => name in some && !isDeepStrictEqual(some[name], more[name]));
  if (twice.length > 0) throw new Error(`These are other types on the two hosts, so rename one: ${twice.join(', ')}`);
  return { ...some, ...more };
}

/** The page about it, formatted. */
export async function describeJson(schema) {
  const { properties, definitions = {}, description } = schema;
  const named = Object.entries(definitions).filter(
    ([name]) => name !== CONFIGURATION && isShown(definitions[name], name),
  );
  const text = [
    '# JSON',
    '<!-- Made by npm run docs:json from src/commands/json-output.ts and remote-scripts/commands/json-output.ts: change these instead. -->',
    description.replace(/ docs\/json\.md is made from [^.]*\./, ''),
    'The same as a JSON Schema: [json.schema.json](json.schema.json); the output of a command is the property of its name.',
    ...Object.entries(properties).flatMap(([command, output]) => [
      `## \`${command}\``,
      output.description ?? definitions[refOf(output)]?.description ?? '',
      ...sectionsOf(output, definitions),
    ]),
    '## Types',
    ...named.flatMap(([name, type]) => [`### \`${name}\``, type.description ?? '', ...sectionsOf(type, definitions)]),
  ];
  const options = await resolveConfig('docs/json.md');
  return format(text.filter((part) => part !== '').join('\n\n'), { ...options, parser: 'markdown' });
}

const refOf = ({ $ref = '' }) => decodeURIComponent($ref.replace('#/definitions/', ''));
const isShown = (type, name) =>
  type.properties !== undefined || type.anyOf !== undefined || (type.enum?.length ?? 0) > 0 || name === 'SnapshotId';

function variants(type, definitions) {
  if (type.$ref !== undefined) return variants(definitions[refOf(type)], definitions);
  return type.anyOf?.every((one) => one.properties ?? one.$ref) === true
    ? type.anyOf.flatMap((one) => variants(one, definitions))
    : [type];
}

/** Tables of a type: one, or what all its variants have and then one for each. */
function sectionsOf(type, definitions) {
  if (refOf(type) === CONFIGURATION) return [`As [${CONFIGURATION_SCHEMA}](../${CONFIGURATION_SCHEMA}) says.`];
  const all = variants(type, definitions);
  if (all.length === 1) return all[0].properties ? [tableOf(all[0], definitions)] : [typeOf(all[0], definitions)];
  const common = Object.fromEntries(
    Object.entries(all[0].properties).filter(([name, value]) =>
      all.every(({ properties }) => JSON.stringify(properties[name]) === JSON.stringify(value)),
    ),
  );
  const rest = ({ properties }) => Object.fromEntries(Object.entries(properties).filter(([name]) => !(name in common)));
  return [
    ...(Object.keys(common).length === 0 ? [] : ['Always:', tableOf({ ...all[0], properties: common }, definitions)]),
    ...all.flatMap((variant) => [...titleOf(variant), tableOf({ ...variant, properties: rest(variant) }, definitions)]),
  ];
}

/** What tells a variant from the others: its constant properties. */
function titleOf({ properties = {} }) {
  const constants = Object.entries(properties).filter(
    ([name, value]) => value.const !== undefined && name !== 'version',
  );
  return constants.length === 0
    ? []
    : [`**${constants.map(([name, value]) => `\`"${name}": ${JSON.stringify(value.const)}\``).join(', ')}**`];
}

function tableOf({ properties = {}, required = [] }, definitions) {
  const rows = Object.entries(properties)
    .filter(([name, value]) => value.const === undefined || name === 'version')
    .map(([name, value]) => {
      const optional = required.includes(name) ? '' : ' (may be missing)';
      return `| \`${name}\` | ${typeOf(value, definitions)}${optional} | ${(value.description ?? '').replaceAll('\n', ' ').replaceAll('|', '\\|')} |`;
    });
  return rows.length === 0 ? '' : ['| property | type | |', '|---|---|---|', ...rows].join('\n');
}

function typeOf(type, definitions) {
  if (type.$ref !== undefined) {
    const name = refOf(type);
    return isShown(definitions[name] ?? {}, name)
      ? `[${name}](#${name.toLowerCase().replaceAll(/[^\w-]/g, '')})`
      : typeOf(definitions[name] ?? {}, definitions);
  }
  if (type.const !== undefined) return `\`${JSON.stringify(type.const)}\``;
  if (type.enum !== undefined) return type.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (type.anyOf !== undefined) return type.anyOf.map((one) => typeOf(one, definitions)).join(' or ');
  if (type.type === 'array') return `list of ${typeOf(type.items, definitions)}`;
  if (type.type === 'object' && type.properties !== undefined) {
    return `object: ${Object.entries(type.properties)
      .map(([name, value]) => `\`${name}\` ${typeOf(value, definitions)}`)
      .join('; ')}`;
  }
  return Array.isArray(type.type) ? type.type.join(' or ') : (type.type ?? 'anything');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const schema = jsonSchema();
  const written = `${JSON.stringify(schema, null, 2)}\n`;
  const files = { 'docs/json.schema.json': written, 'docs/json.md': await describeJson(schema) };
  for (const [file, text] of Object.entries(files)) {
    const before = readFileSync(file, { encoding: 'utf8', flag: 'a+' });
    if (before !== text) writeFileSync(file, text);
  }
}
