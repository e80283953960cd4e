import { fuzz, type Fuzzed, type Limits } from './fuzz.ts';
import { fuzzNotes } from './notes.ts';
import type { Target } from './target.ts';
import { pushCommands, readCommands } from './targets/commands.ts';
import { histories, states } from './targets/history.ts';
import { manifestLines } from './targets/manifests.ts';
import * as records from './targets/records.ts';
import { itemisedLines, listedLines } from './targets/rsync-lines.ts';
import { primarySettings, primaryValues, secondarySettings, secondaryValues } from './targets/settings.ts';

/** All parsers that are attacked, those that are soon done first: what they leave of the time is for the others. */
export const TARGETS: readonly Target[] = [
  manifestLines,
  listedLines,
  readCommands,
  pushCommands,
  itemisedLines,
  ...Object.values(records),
  states,
  histories,
  primaryValues,
  secondaryValues,
  primarySettings,
  secondarySettings,
];

/** The same, and the gate's reader of notes, which is not ours to call: it is written in Python. */
export const ATTACKS: ReadonlyMap<string, (limits: Limits) => Fuzzed> = new Map([
  ['notes', fuzzNotes],
  ...TARGETS.map((target) => [target.name, (limits: Limits) => fuzz(target, limits)] as const),
]);
