import type { Command } from 'commander';
import { wordMeant } from '../../src/shared/suggestion.ts';
import type { HostSettings, SecondarySettings } from '../config/settings.ts';
import { StoreRefusal } from '../store/refusal.ts';

/**
 * The host with this name.
 * @param command a command that may have been meant instead ({@link commandMeant})
 * @throws StoreRefusal when there is none
 */
export function hostOf({ hosts }: SecondarySettings, name: string, command = ''): HostSettings {
  const host = hosts.get(name);
  if (host !== undefined) return host;
  throw unknownName('host', name, [...hosts.keys()], 'in the settings', command);
}

/** There is no such name. The message says what is known, and what was probably meant. */
export function unknownName(
  what: string,
  name: string,
  known: readonly string[],
  where: string,
  command = '',
): StoreRefusal {
  const meant = wordMeant(name, known);
  const hint = command || (meant === undefined ? '' : `Did you mean "${meant}"?`);
  return new StoreRefusal(
    `There is no ${what} ${JSON.stringify(name)} ${where}; known: ${known.join(', ')}${hint && `. ${hint}`}`,
  );
}

/**
 * The command that a word was probably meant to be, as a question; empty if there is none. Where the name of a command may
 * be left out, a mistyped command looks like the name of a host.
 */
export function commandMeant(program: Command, word = ''): string {
  const commands = program.commands.map((command) => command.name());
  const meant = wordMeant(word, commands);
  return meant === undefined ? '' : `Did you mean "${program.name()} ${meant}"?`;
}
