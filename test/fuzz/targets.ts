import type { Target } from './target.ts';
import { pushCommands, readCommands } from './targets/commands.ts';
import { histories, states } from './targets/history.ts';
import { manifestLines } from './targets/manifests.ts';
import * as records from './targets/records.ts';
import { itemisedLines, listedLines } from './targets/rsync-lines.ts';
import { primarySettings, secondarySettings } from './targets/settings.ts';

/** All parsers that are attacked. */
export const TARGETS: readonly Target[] = [
  pushCommands,
  readCommands,
  itemisedLines,
  listedLines,
  manifestLines,
  ...Object.values(records),
  histories,
  states,
  primarySettings,
  secondarySettings,
];
