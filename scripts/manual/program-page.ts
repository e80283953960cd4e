import type { Command, Help } from 'commander';
import { examplesOf } from '../../src/shared/examples.ts';
import type { Block } from './roff.ts';
import { item, nameLine, paragraph, section, subsection, usage, verbatim } from './words.ts';

/** A row of a table of exit codes. */
export interface ExitRow {
  readonly code: string;
  readonly meaning: string;
  /** What to do next. */
  readonly advice?: string;
}

/** What a page says of a program besides its commands. */
export interface ProgramPage {
  /** Built as for its help, and never run. */
  readonly program: Command;
  readonly exits: readonly ExitRow[];
  readonly files: readonly (readonly [path: string, meaning: string])[];
  /** Names of pages, with their sections: `offsite-rsync.yaml(5)`. */
  readonly seeAlso: readonly string[];
}

/** The page of a program: what its help says of every command, with examples and exit codes. */
export function programPage({ program, exits, files, seeAlso }: ProgramPage): readonly Block[] {
  const help = program.createHelp();
  const commands = commandsBelow(program, help);
  const described = commands.filter((command) => command.commands.length === 0);
  return [
    ...nameLine(program.name(), purposeOf(program)),
    section('Synopsis'),
    ...described.map((command): Block => ({ kind: 'paragraph', text: usage(help.commandUsage(command)) })),
    section('Description'),
    paragraph(program.description()),
    ...(described.length === 1 && described[0] === program ? [] : [section('Commands')]),
    ...described.flatMap((command) => describeCommand(command, help, command === program)),
    ...environmentOf(described, help),
    section('Exit status'),
    ...exits.map(({ code, meaning, advice }) =>
      item([{ typed: code }], advice === undefined ? meaning : `${meaning}. ${advice}`),
    ),
    section('Files'),
    ...files.map(([path, meaning]) => item([{ open: path }], meaning)),
    section('See also'),
    paragraph(seeAlso.join(', ')),
  ];
}

/** The program and every command below it that help shows, without commander's own `help`. */
export function commandsBelow(command: Command, help: Help): readonly Command[] {
  const own = help.visibleCommands(command).filter(({ parent }) => parent !== null);
  return [command, ...own.flatMap((below) => commandsBelow(below, help))];
}

/** The first sentence of the description, as a phrase. */
function purposeOf(program: Command): string {
  const [first = ''] = program.description().split(/[:.](?:\s|$)/);
  return first.charAt(0).toLowerCase() + first.slice(1).replaceAll('\n', ' ');
}

function describeCommand(command: Command, help: Help, isProgram: boolean): readonly Block[] {
  const examples = examplesOf(command);
  return [
    ...(isProgram ? [section('Options')] : [subsection(fullName(command)), paragraph(command.description())]),
    ...help
      .visibleArguments(command)
      .map((argument) => item([{ open: help.argumentTerm(argument) }], help.argumentDescription(argument))),
    ...help
      .visibleOptions(command)
      .map((option) => item(usage(help.optionTerm(option)), help.optionDescription(option))),
    ...examples.flatMap(([line, meaning]) => [paragraph(`Example: ${meaning}`), verbatim(line)]),
  ];
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function environmentOf(commands: readonly Command[], help: Help): readonly Block[] {
  const options = commands.flatMap((command) => help.visibleOptions(command));
  const byVariable = new Map(options.flatMap((option) => (option.envVar ? [[option.envVar, option.long ?? '']] : [])));
  if (byVariable.size === 0) return [];
  return [
    section('Environment'),
    ...[...byVariable].map(([name, flag]) => item([{ typed: name }], `What \`${flag}\` is where it is not given.`)),
  ];
}
