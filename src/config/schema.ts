import { schemaOf } from '../settings/option.ts';
import { CONFIG } from './options.ts';

/** JSON Schema (draft 7) of the primary's configuration, with every default and description. */
export const configSchema = schemaOf(CONFIG);
