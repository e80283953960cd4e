import { Command } from 'commander';
import { OUTCOMES } from '../shared/outcome.ts';
import { ON_ONE_LINE } from '../shared/suggestion.ts';
import { version } from '../shared/version.ts';
import { declareCompleting } from './completing.ts';
import type { Perform } from './declaring.ts';
import { declareGettingIn } from './getting-in.ts';
import { declareRestoring } from './restoring.ts';
import { declareSending } from './sending.ts';
import { declareSettingUp } from './setting-up.ts';
import { declareWatching } from './watching.ts';

/** All commands of `offsite-rsync`, as they are shown, completed and described in the manual. */
export function buildProgram(perform: Perform): Command {
  const program = new Command('offsite-rsync')
    .description(
      'Takes every finished backup off the machine it protects, over rsync and ssh, and proves that it arrived.',
    )
    .version(version)
    .configureOutput(ON_ONE_LINE)
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', exitCodeHelp);
  const all = [
    declareGettingIn,
    declareSending,
    declareWatching,
    declareRestoring,
    declareSettingUp,
    declareCompleting,
  ];
  for (const declare of all) declare(program, perform);
  pointToHelp(program, program.name());
  return program;
}

/** Whoever mistypes an option is pointed to the help of that command. @param words how it is called */
function pointToHelp(command: Command, words: string): void {
  command.showHelpAfterError(`Help: ${words} --help`);
  for (const each of command.commands) pointToHelp(each, `${words} ${each.name()}`);
}

function exitCodeHelp(): string {
  const rows = Object.entries(OUTCOMES).map(([name, { code, title }]) => {
    const shown = name === 'interrupted' ? '128+n' : String(code);
    return `  ${shown.padStart(5)}  ${title}`;
  });
  return `\nExit codes:\n${rows.join('\n')}`;
}
