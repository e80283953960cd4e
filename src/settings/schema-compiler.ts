import { Ajv, type AnySchemaObject, type CodeOptions, type ErrorObject } from 'ajv';
import { FORMATS } from './formats.ts';
import { secretReferenceDefinition } from '../shared/secret-reference.ts';

/** Says whether a value fits a schema, and fills in its defaults. `errors` lists what is wrong until the next call. */
export interface Validator {
  (value: unknown): boolean;
  readonly errors?: readonly SchemaError[] | null;
}

/** One thing that is wrong in a value, with the part of the schema that says so. */
export type SchemaError = ErrorObject;

/**
 * Compiles a JSON Schema (draft 7). Schemas may use the formats of formats.ts and two keywords of ours:
 * `secretReference` (secret-reference.ts), and `fault`, which is the message for people when that part of the schema
 * does not fit.
 *
 * Only the build and the tests call this. The build replaces each `validator.ts` with the compiled code
 * (scripts/compile-schemas.mjs), because loading the compiler and compiling would take 50 ms of every start.
 */
export function compileSchema(schema: AnySchemaObject): Validator {
  return createCompiler({ optimize: false }).compile(schema); // optimizing takes longer than it saves in one process
}

/**
 * The compiler with everything that our schemas use.
 * @param code how the code is written; does not change what it checks
 */
export function createCompiler(code: CodeOptions): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    strict: true,
    strictTuples: false, // a command is a program with any number of arguments
    allowUnionTypes: true,
    verbose: true,
    // The schemas are constants, and a test checks them against the metaschema.
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
