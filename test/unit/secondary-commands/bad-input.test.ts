import type { Command } from 'commander';
import { CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DRILL } from '../../../remote-scripts/commands/drill.ts';
import { PRUNE } from '../../../remote-scripts/commands/prune.ts';
import { SCRUB } from '../../../remote-scripts/commands/scrub.ts';
import { describeProgram, type DeclaredProgram } from '../../../remote-scripts/program/frame.ts';
import { SecondaryConfigError } from '../../../remote-scripts/config/load.ts';
import { StoreRefusal } from '../../../remote-scripts/store/refusal.ts';
import { createStore, HOST, type Store } from '../prune/support/store.ts';

const ID = '2026-11-27T021500Z';

let store: Store;
beforeAll(() => void (store = createStore()));
afterAll(() => store.remove());

interface Case {
  readonly declared: DeclaredProgram;
  readonly command: Command;
  /** The words that call it. */
  readonly path: readonly string[];
}

function* leaves(declared: DeclaredProgram, command: Command, path: readonly string[] = []): Generator<Case> {
  if (command.commands.length === 0) yield { declared, command, path };
  for (const below of command.commands) yield* leaves(declared, below, [...path, below.name()]);
}
const CASES = [PRUNE, SCRUB, DRILL].flatMap((declared) => [...leaves(declared, describeProgram(declared))]);

/** Words that make a command complete: its arguments, and the options that it must have. */
function complete({ command }: Case, instead: Readonly<Record<string, string>> = {}): string[] {
  const values: Readonly<Record<string, string>> = { host: HOST, job: 'db', id: ID, out: '-', why: 'w', ...instead };
  const valueOf = (name: string) => values[name] ?? `no value for ${name}`;
  const options = command.options.filter(({ mandatory }) => mandatory);
  return [
    ...command.registeredArguments.map((argument) => valueOf(argument.name())),
    ...options.flatMap(({ long }) => [long ?? '', valueOf((long ?? '').slice(2))]),
  ];
}

/** What a command says of its input; all that it throws here ends with 2 (program/frame.ts). */
async function refusalOf({ declared, path }: Case, words: readonly string[]): Promise<string> {
  const said: string[] = [];
  const program = describeProgram(declared);
  for (const { command } of [{ command: program }, ...leaves(declared, program)]) {
    command.configureOutput({ writeErr: (text) => said.push(text) });
  }
  try {
    await program.parseAsync([...path, ...words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return said.join('').trimEnd();
    if (error instanceof StoreRefusal || error instanceof SecondaryConfigError) return error.message;
    throw error;
  }
  return 'nothing';
}

const config = () => ['--config', store.config];
const takes = (command: Command, option: string) => command.options.some(({ long }) => long === option);
const argument = (command: Command, name: string) => command.registeredArguments.some((each) => each.name() === name);

/** To which commands each kind applies, what is typed, and what must be said of it. */
const KINDS: Readonly<
  Record<string, readonly [(command: Command) => boolean, (one: Case) => readonly string[], RegExp]>
> = {
  'an option that there is not': [
    () => true,
    (one) => [...complete(one), '--confg', store.config],
    /unknown option '--confg' \(Did you mean --config\?\)/,
  ],
  'a word too many': [() => true, (one) => [...complete(one), 'x', 'y'], /too many arguments/],
  'nothing where a word is needed': [
    ({ registeredArguments, options }) =>
      registeredArguments.some(({ required }) => required) || options.some(({ mandatory }) => mandatory),
    () => [],
    /missing required argument|required option '--(out <file>|why <text>)' not specified/,
  ],
  'settings that are not there': [
    () => true,
    (one) => [...complete(one), '--config', '/none.yaml'],
    /^\/none\.yaml does not exist\. Copy secondary\.example\.yaml there and adapt it\.$/,
  ],
  'a directory in the place of the settings': [
    () => true,
    (one) => [...complete(one), '--config', store.base],
    /is a directory/,
  ],
  'a host that there is not': [
    (command) => argument(command, 'host'),
    (one) => [...complete(one, { host: 'wbe1' }), ...config()],
    /There is no host "wbe1" in the settings; known: web1\. Did you mean "web1"\?$/,
  ],
  'a job that there is not': [
    (command) => takes(command, '--job'),
    (one) => [...complete(one), '--job', 'bd', ...config()],
    /There is no job "bd" .*; known: db\. Did you mean "db"\?$|does not run as root/,
  ],
  'a snapshot whose id is none': [
    (command) => takes(command, '--snapshot'),
    (one) => [...complete(one), '--snapshot', 'yesterday', ...config()],
    /argument 'yesterday' is invalid\. Write .* as 2026|argument 'yesterday' is invalid\. Write the id of a snapshot/,
  ],
  'a number that is none': [
    (command) => takes(command, '--days'),
    (one) => [...complete(one), '--days', '1e3', ...config()],
    /argument '1e3' is invalid\. Write a number of days from 1 to 731\./,
  ],
};

const rows = Object.entries(KINDS).flatMap(([kind, [applies, words, says]]) =>
  CASES.filter(({ command }) => applies(command)).map((one) => {
    return { name: [one.declared.name, ...one.path].join(' '), kind, one, words, says };
  }),
);

describe('bad input is answered with one line that says what is wrong', () => {
  it.each(rows)('$name: $kind', async ({ one, words, says }) => {
    const said = await refusalOf(one, words(one));
    expect(said).toMatch(says);
    expect(said).not.toContain('\n');
  });
});
