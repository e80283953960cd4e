/**
 * Where a secret's value is to be found. Endpoints, keys and alert URLs are only ever given this way;
 * a literal in the config is refused (design.md#secrets-and-discretion).
 */
export type SecretReference =
  /** An environment variable, or a line `NAME=value` of the secrets file. */
  | { readonly env: string }
  /** A file that only its owner can read. */
  | { readonly file: string }
  /** A systemd credential (`LoadCredential=`), found below `$CREDENTIALS_DIRECTORY`. */
  | { readonly credential: string }
  /** A program and its arguments, which prints it (`pass show vault`). */
  | { readonly command: readonly string[] };

/** JSON Schema of a {@link SecretReference}. The keyword `secretReference` lets messages name the fix for a literal. */
export const secretReferenceDefinition = {
  $id: 'secret-reference',
  type: 'object',
  secretReference: true,
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
  properties: {
    env: { type: 'string', format: 'env-name' },
    file: { type: 'string', format: 'absolute-path' },
    credential: { type: 'string', format: 'credential-name' },
    command: { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
  },
} as const;

/** A {@link SecretReference} within a schema, by name: two dozen copies would make up most of the compiled code. */
export const secretReferenceSchema = { $ref: secretReferenceDefinition.$id } as const;

/** A reference with the keys that lead to it. */
export interface PlacedReference {
  readonly path: string;
  readonly reference: SecretReference;
}

/** How a reference is named to people; the reference itself is no secret. */
export function describeReference(reference: SecretReference): string {
  if ('env' in reference) return `environment variable ${reference.env}`;
  if ('file' in reference) return `file ${reference.file}`;
  if ('credential' in reference) return `systemd credential ${reference.credential}`;
  return `command ${reference.command.join(' ')}`;
}
