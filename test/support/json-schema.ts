import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'vitest';
import type { SecondaryOutputs } from '../../remote-scripts/commands/json-output.ts';
import type { JsonOutputs } from '../../src/commands/json-output.ts';
import { FORMATS } from '../../src/settings/formats.ts';

/** What is printed with `--json`, by the names of docs/json.schema.json. */
export type Output = keyof JsonOutputs | keyof SecondaryOutputs;

const schema = JSON.parse(readFileSync('docs/json.schema.json', 'utf8')) as {
  readonly properties: Readonly<Record<Output, object>>;
};

/** Every name that the schema knows. */
export const OUTPUTS = Object.keys(schema.properties) as readonly Output[];

const ajv = new Ajv({ allErrors: true, strict: false, formats: FORMATS }).addSchema(schema, 'outputs');

/** Expects that something that was printed is as the schema says. */
export function expectToFit(output: Output, printed: unknown): void {
  ajv.validate(`outputs#/properties/${output.replaceAll(' ', '%20')}`, printed);
  expect({ output, printed, errors: ajv.errors }).toMatchObject({ errors: null });
}
