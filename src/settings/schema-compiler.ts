import { Ajv, type AnySchemaObject, type CodeOptions, type ErrorObject } from 'ajv';
import { FORMATS } from './formats.ts';
import { secretReferenceDefinition } from '../shared/secret-reference.ts';

/** Says whether a value fits a schema, and fills in its defaults. What is wrong stands in `errors` until the next call. */
export interface Validator {
  (value: unknown): boolean;
  readonly errors?: readonly SchemaError[] | null;
}

/** One thing that is wrong in a value, with the part of the schema that says so. */
export type SchemaError = ErrorObject;

/**
 * Compiles a JSON Schema (draft 7). Schemas may use the formats of formats.ts and two keywords of ours: `secretReference`
 * (secret-reference.ts), and `fault`, what a person is told where the part of the schema that holds it objects.
 *
 * The build calls this, not the programs: it replaces each `validator.ts` by the code that comes of it
 * (scripts/compile-schemas.mjs), for to load the compiler and to compile takes 50 ms of every start.
 */
export function compileSchema(schema: AnySchemaObject): Validator {
  return createCompiler({ optimize: false }).compile(schema); // better code takes longer to make than it saves once
}

/**
 * The compiler with all that our schemas use.
 * @param code how the code is to be written; nothing in here changes what it says
 */
export function createCompiler(code: CodeOptions): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    strict: true,
    strictTuples: false, // a command is a program and any number of arguments
    allowUnionTypes: true,
    verbose: true,
    // The schemas are constants, and a test holds them against the metaschema.
    meta: false,
    validateSchema: false,
    formats: FORMATS,
    schemas: [secretReferenceDefinition],
    inlineRefs: false,
    code,
  });
  ajv.addKeyword({ keyword: 'secretReference', schemaType: 'boolean' });
  ajv.addKeyword({ keyword: 'fault', schemaType: 'string' });
  return ajv;
}
