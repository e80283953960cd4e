import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { DRILL } from '../../../remote-scripts/commands/drill.ts';
import { PRUNE } from '../../../remote-scripts/commands/prune.ts';
import { SCRUB } from '../../../remote-scripts/commands/scrub.ts';
import { describeProgram } from '../../../remote-scripts/program/frame.ts';
import { describeJson, jsonSchema } from '../../../scripts/describe-json.mjs';
import { buildProgram } from '../../../src/program/program.ts';
import { OUTPUTS } from '../../support/json-schema.ts';

it('docs/json.md and its schema say what the types say (npm run docs:json writes them anew)', async () => {
  const schema = jsonSchema();
  expect(Object.keys(schema.properties)).toContain('run --json');
  expect(readFileSync('docs/json.schema.json', 'utf8')).toBe(`${JSON.stringify(schema, null, 2)}\n`);
  expect(readFileSync('docs/json.md', 'utf8')).toBe(await describeJson(schema));
});

/** The commands with `--json`, as the schema calls them: `config show`, `offsite-prune status`, and `offsite-prune HOST` where the name may be left out. */
function* commandsWithJson(command: Command, name: readonly string[], mayBeLeftOut = false): Generator<string> {
  const words = mayBeLeftOut ? [...name.slice(0, -1), 'HOST'] : name;
  if (command.options.some(({ long }) => long === '--json')) yield words.join(' ');
  for (const below of command.commands)
    yield* commandsWithJson(below, [...name, below.name()], below.name() === 'run' && name.length > 0);
}

it('every command that takes --json is in the schema, and nothing else (tests hold real output of each against it)', () => {
  const commands = [
    ...commandsWithJson(
      buildProgram(() => Promise.resolve()),
      [],
    ),
    ...[PRUNE, SCRUB].flatMap((declared) => [...commandsWithJson(describeProgram(declared), [declared.name])]),
    ...commandsWithJson(describeProgram(DRILL), [DRILL.name, 'HOST']),
  ];
  const described = OUTPUTS.map((output) => output.replace(/ --.*/, ''));
  expect([...new Set(described)].sort()).toEqual(commands.sort());
});
