import { compileSchema } from '../../src/settings/schema-compiler.ts';
import { secondarySchema } from './schema.ts';

/** Checks the secondary's settings. Compiled by the build (scripts/compile-schemas.mjs). */
export const secondaryValidator = compileSchema(secondarySchema);
