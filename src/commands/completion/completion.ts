import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { parseConfig } from '../../config/load.ts';
import { defaultConfigFile } from '../../config/location.ts';
import type { Settings } from '../../config/settings.ts';
import type { Context } from '../context.ts';
import { SCRIPTS, type Shell } from './scripts.ts';
import { suggest } from './suggest.ts';

/** `offsite-rsync completion SHELL`: what that shell reads to complete our commands. @returns 0 */
export function printScript(shell: Shell, context: Pick<Context, 'out'>): number {
  context.out(SCRIPTS[shell]);
  return 0;
}

/**
 * `offsite-rsync complete -- WORD…`, which those scripts call.
 * @param words up to the cursor; the last one is to be completed
 * @returns 0, also where the configuration cannot be read: somebody is typing
 */
export function complete(
  program: Command,
  words: readonly string[],
  { out, environment }: Pick<Context, 'out' | 'environment'>,
): number {
  const found = suggest(program, words, (what) => namesIn(configOf(words, environment), what));
  if (found.kind === 'words') for (const [word, meaning] of found.words) out(`${word}\t${meaning}\n`);
  else out(`:${found.kind}\n`);
  return 0;
}

const NAMES: Readonly<Record<string, (settings: Settings) => Iterable<string>>> = {
  job: ({ jobs }) => jobs.keys(),
  target: ({ targets }) => targets.keys(),
  channel: ({ alerts }) => Object.keys(alerts.channels),
};

function namesIn(path: string, what: string): readonly string[] {
  const names = NAMES[what];
  if (names === undefined) return [];
  try {
    return [...names(parseConfig(path, readFileSync(path, 'utf8')))];
  } catch {
    return []; // `config validate` says what is wrong
  }
}

function configOf(words: readonly string[], environment: Context['environment']): string {
  const place = words.findIndex((word) => word === '--config' || word === '-c');
  const named = place === -1 ? undefined : words.slice(place + 1, -1).find((word) => word !== '=');
  return named ?? environment.OFFSITE_RSYNC_CONFIG ?? defaultConfigFile(environment);
}
