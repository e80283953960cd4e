import { Ajv, type AnySchemaObject } from 'ajv';
import { expect, it } from 'vitest';
import { secondarySchema } from '../../../remote-scripts/config/schema.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { secretReferenceDefinition } from '../../../src/shared/secret-reference.ts';
import {
  jobStateSchema,
  recordSchema,
  staleNoteSchema,
  toldNoteSchema,
  verificationSchema,
} from '../../../src/state/schema.ts';

// Nothing else looks whether the schemas are any: they are compiled as they stand.
it.each([
  ['of the primary', configSchema],
  ['of the secondary', secondarySchema],
  ['of a run in the history', recordSchema],
  ['of the state of a job', jobStateSchema],
  ['of the note of a verification', verificationSchema],
  ['of the note of a stale job', staleNoteSchema],
  ['of the note of who was told', toldNoteSchema],
  ['of a reference to a secret', secretReferenceDefinition],
])('the schema %s is a valid JSON schema', (_, schema: AnySchemaObject) => {
  const ajv = new Ajv({ strict: false });
  expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true);
});
