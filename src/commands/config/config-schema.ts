import { configSchema } from '../../config/schema.ts';
import { secretReferenceDefinition } from '../../shared/secret-reference.ts';
import type { Context } from '../context.ts';

/**
 * `offsite-rsync config schema`: the JSON Schema (draft 7) of the configuration on standard output, for an editor that
 * completes keys and shows what each means. It is complete in itself: what our schemas refer to by name is included.
 * @returns 0
 */
export function printSchema(context: Context): number {
  const { $id: name, ...definition } = secretReferenceDefinition;
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'offsite-rsync: the configuration of a primary',
    ...configSchema,
    definitions: { [name]: definition },
  };
  const text = JSON.stringify(
    schema,
    (key, value: unknown) => (key === '$ref' && value === name ? `#/definitions/${name}` : value),
    2,
  );
  context.out(`${text}\n`);
  return 0;
}
