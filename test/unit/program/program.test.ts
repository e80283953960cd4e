import { CommanderError, type Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { DRILL } from '../../../remote-scripts/commands/drill.ts';
import { PRUNE } from '../../../remote-scripts/commands/prune.ts';
import { SCRUB } from '../../../remote-scripts/commands/scrub.ts';
import { describeProgram } from '../../../remote-scripts/program/frame.ts';
import { examplesOf } from '../../../src/shared/examples.ts';
import { buildProgram } from '../../../src/program/program.ts';

/** Those that people see: what completion calls is hidden. */
const leaves = (command: Command): readonly Command[] => {
  const visible = command.createHelp().visibleCommands(command);
  const below = command.commands.filter((each) => visible.includes(each));
  return below.length === 0 ? [command] : below.flatMap(leaves);
};

const allOf = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(allOf)];

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;

const commands = leaves(buildProgram(() => Promise.resolve()));

describe('each command of offsite-rsync', () => {
  it.each(commands.map((command) => [nameOf(command), command] as const))(
    '%s shows examples that are understood',
    async (name, command) => {
      const examples = examplesOf(command);
      expect(examples).not.toEqual([]);
      for (const [line, meaning] of examples) {
        expect(meaning).not.toBe('');
        const typed = line.replace(/ [|>].*/, '');
        expect(`${typed} `).toContain(`${name} `);
        let called = 0;
        const program = buildProgram(() => {
          called += 1;
          return Promise.resolve();
        });
        await program.parseAsync(typed.split(' ').slice(1), { from: 'user' });
        expect(called).toBe(1);
      }
    },
  );
});

it.each(commands.map((command) => [nameOf(command), command] as const))(
  '%s points whoever mistypes something to its own help',
  async (name) => {
    const said: string[] = [];
    const program = buildProgram(() => Promise.resolve());
    for (const each of allOf(program)) each.configureOutput({ writeErr: (text) => said.push(text) });
    const wrong = program.parseAsync([...name.split(' ').slice(1), '--no-such-option'], { from: 'user' });
    await expect(wrong).rejects.toThrow(CommanderError);
    expect(said.join('')).toContain(`Help: ${name} --help\n`);
  },
);

describe('each command of the secondary', () => {
  it.each(
    [PRUNE, SCRUB, DRILL].flatMap((one) =>
      leaves(describeProgram(one)).map((command) => [nameOf(command), command, one] as const),
    ),
  )('%s shows examples that are understood', async (name, command, declared) => {
    const examples = examplesOf(command);
    expect(examples).not.toEqual([]);
    for (const [line, meaning] of examples) {
      expect(meaning).not.toBe('');
      const called: string[] = [];
      const program = describeProgram(declared);
      for (const leaf of leaves(program)) leaf.action(() => void called.push(nameOf(leaf)));
      const words = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
      await program.parseAsync(words.slice(1), { from: 'user' });
      expect(called).toEqual([name]);
    }
  });
});
