import type { Cases } from '../run.ts';
import { BLANK, CHARACTERS, LONG, OPTIONS, PATHS, RAW } from './commands.ts';
import { BASES, NO_BASES, NO_IDS, ORDER_OF_IDS, WRONG_TIMES } from './ids.ts';
import { BAD_NOTES, LYING_NOTES, NOTES, TRIALS } from './notes.ts';
import { ORDER, SEAL, SEALING, TWO_AT_A_TIME } from './order.ts';
import { DRY_RUNS, FILTERS, FLOODS, GUESSES, NAMES, PROTOCOLS, SAID } from './protocol.ts';
import { READING, READ_FILTERS, READ_OPTIONS, READ_PLACES, WRITING } from './read-key.ts';
import { COPIES, ENVIRONMENT, FORWARDING, PROGRAMS, READ_KEY_PROGRAMS, SHELLS } from './ways-in.ts';

/** Everything that is tried with the keys, by what it is tried with. */
export const ALL: Cases = {
  'options and places that are not in the grammar': [...OPTIONS, ...PATHS],
  'blanks, characters and lengths': [...BLANK, ...CHARACTERS, ...RAW, ...LONG],
  'the environment': ENVIRONMENT,
  'other programs, shells, copies and forwarding': [
    ...PROGRAMS,
    ...READ_KEY_PROGRAMS,
    ...SHELLS,
    ...COPIES,
    ...FORWARDING,
  ],
  'ids and limits': [...NO_IDS, ...WRONG_TIMES, ...ORDER_OF_IDS],
  bases: [...NO_BASES, ...BASES],
  'sessions in every order, and two at a time': [...ORDER, ...TWO_AT_A_TIME],
  seals: [...SEAL, ...SEALING],
  notes: [...LYING_NOTES, ...BAD_NOTES, ...NOTES],
  'the job for trials': TRIALS,
  'a sender of the attacker’s own making: lists': [...NAMES, ...PROTOCOLS],
  'a sender of the attacker’s own making: files': SAID,
  'dry runs and sums': DRY_RUNS,
  'rules over the wire': [...FILTERS, ...GUESSES],
  'little that becomes much': FLOODS,
  'the read key': [...WRITING, ...READ_OPTIONS, ...READ_PLACES, ...READ_FILTERS, ...READING],
};
