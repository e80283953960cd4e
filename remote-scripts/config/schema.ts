import { schemaOf } from '../../src/settings/option.ts';
import { alerts } from '../../src/notify/settings.ts';
import { SECONDARY } from './options.ts';

/** JSON Schema (draft 7) of the secondary's YAML, with every default and description. */
export const secondarySchema = schemaOf({ ...SECONDARY, alerts });
