import { Ajv, type AnySchemaObject } from 'ajv';
import { expect, it } from 'vitest';
import { secondarySchema } from '../../../remote-scripts/config/schema.ts';
import { configSchema } from '../../../src/config/schema.ts';

// The programs compile their schemas without looking whether they are any: that takes long, and they are constants.
it.each([
  ['of the primary', configSchema],
  ['of the secondary', secondarySchema],
])('the schema %s is a valid JSON schema', (_, schema: AnySchemaObject) => {
  const ajv = new Ajv({ strict: false });
  expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true);
});
