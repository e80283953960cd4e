import type { Argument, Command, Option } from 'commander';

/** What may stand at the cursor: words with what each means, or names of files that the shell itself finds. */
export type Suggestions =
  | { readonly kind: 'words'; readonly words: readonly (readonly [word: string, meaning: string])[] }
  | { readonly kind: 'files' | 'directories' };

/** What only the configuration knows, by the names that options and arguments have in the help: `<job>`. */
export type NamesOf = (what: string) => readonly string[];

/**
 * What may stand at the cursor.
 * @param words what stands behind the name of the program, up to the cursor; the last one is the word to complete
 */
export function suggest(program: Command, words: readonly string[], namesOf: NamesOf): Suggestions {
  // bash makes a word of its own of the sign in --target=NAME.
  const before = words.slice(0, -1).filter((word) => word !== '=');
  const last = words.at(-1) ?? '';
  const begun = last === '=' ? '' : last;
  const { command, position, open } = whereAfter(program, before);
  const help = command.createHelp();
  if (open !== undefined) return valuesOf(open, begun, namesOf);
  if (begun.startsWith('-')) {
    const options = help.visibleOptions(command);
    return matching(
      begun,
      options.map(({ long, short, description }) => [long ?? short ?? '', description]),
    );
  }
  if (position === 0 && command.commands.length > 0) {
    const below = help.visibleCommands(command).filter(({ parent }) => parent !== null);
    return matching(
      begun,
      below.map((each) => [each.name(), help.subcommandDescription(each)]),
    );
  }
  const { registeredArguments: all } = command;
  const argument = all[position] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
  return argument === undefined ? NOTHING : valuesOf(argument, begun, namesOf);
}

const NOTHING: Suggestions = { kind: 'words', words: [] };

interface Where {
  readonly command: Command;
  /** Arguments of the command that stand there already. */
  readonly position: number;
  /** The option whose value comes next. */
  readonly open: Option | undefined;
}

function whereAfter(program: Command, words: readonly string[]): Where {
  return words.reduce<Where>(
    ({ command, position, open }, word) => {
      if (open !== undefined) return { command, position, open: undefined };
      if (word.startsWith('-')) {
        const option = command.options.find(({ long, short }) => word === long || word === short);
        return { command, position, open: option?.isBoolean() === false ? option : undefined };
      }
      const below = position === 0 ? command.commands.find((each) => each.name() === word) : undefined;
      return below === undefined ? { command, position: position + 1, open } : { command: below, position, open };
    },
    { command: program, position: 0, open: undefined },
  );
}

function valuesOf(of: Option | Argument, begun: string, namesOf: NamesOf): Suggestions {
  if (of.argChoices !== undefined)
    return matching(
      begun,
      of.argChoices.map((word) => [word, '']),
    );
  const what = 'flags' in of ? (/<(\w+)>/.exec(of.flags)?.[1] ?? '') : of.name();
  if (what === 'file') return { kind: 'files' };
  if (what === 'dir') return { kind: 'directories' };
  // --target <name>
  const names = namesOf(what === 'name' && 'long' in of ? (of.long ?? '').slice(2) : what);
  return matching(
    begun,
    names.map((word) => [word, '']),
  );
}

function matching(begun: string, all: readonly (readonly [string, string])[]): Suggestions {
  return { kind: 'words', words: all.filter(([word]) => word.startsWith(begun)) };
}
