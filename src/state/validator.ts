import { compileSchema } from '../settings/schema-compiler.ts';
import {
  damageSchema,
  jobStateSchema,
  recordSchema,
  staleNoteSchema,
  toldNoteSchema,
  verificationSchema,
} from './schema.ts';

/* Check what is read from the state directory. Compiled by the build (scripts/compile-schemas.mjs). */

export const isRunRecord = compileSchema(recordSchema);
export const isJobState = compileSchema(jobStateSchema);
export const isVerificationNote = compileSchema(verificationSchema);
export const isDamageNote = compileSchema(damageSchema);
export const isStaleNote = compileSchema(staleNoteSchema);
export const isToldNote = compileSchema(toldNoteSchema);
