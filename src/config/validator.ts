import { compileSchema } from '../settings/schema-compiler.ts';
import { configSchema } from './schema.ts';

/** Checks the primary's configuration. Compiled by the build (scripts/compile-schemas.mjs). */
export const configValidator = compileSchema(configSchema);
