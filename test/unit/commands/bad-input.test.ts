import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CommanderError, type Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { reportFailure } from '../../../src/commands/alert/failure.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { buildProgram } from '../../../src/program/program.ts';
import { makeConfig, testContext, type ConfigDirectory } from './support.ts';

const NOW = '2026-11-28T12:00:00Z';
const ID = '2026-11-27T021500Z';

let made: ConfigDirectory;
/** A directory with a snapshot that can be read. */
let disk: string;
/** A link to a device. */
let device: string;

beforeAll(async () => {
  made = await makeConfig({ postgres: { source: '/var/backups' }, files: { source: '/srv' } });
  disk = join(made.directory, 'disk');
  await mkdir(join(disk, 'postgres', ID), { recursive: true });
  device = join(made.directory, 'device');
  await symlink('/dev/null', device);
});
afterAll(() => made.remove());

/** Every command that does something, with its name. */
function* leaves(command: Command, name: readonly string[] = []): Generator<readonly [string, Command]> {
  if (command.commands.length === 0) yield [name.join(' '), command];
  for (const below of command.commands) yield* leaves(below, [...name, below.name()]);
}
const COMMANDS = new Map(leaves(buildProgram(() => Promise.resolve())));

/** Calls a command as cli.ts does. */
async function call(words: readonly string[]): Promise<{ code: number; lines: string[]; out: string }> {
  const said: string[] = [];
  const write = (text: string) => void said.push(text);
  const log = createLogger({ write, redact: (text) => text, level: 'info', style: 'plain' });
  const context = testContext(NOW, { log });
  let code = -1;
  const program = buildProgram(async (action) => {
    code = await action(context).catch((error: unknown) => reportFailure(error, context, false));
  });
  for (const [, command] of [['', program] as const, ...leaves(program)]) {
    command.configureOutput({ writeErr: write, writeOut: write });
  }
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = 2;
  }
  return {
    code,
    out: context.said(),
    lines: said
      .join('')
      .split('\n')
      .filter((line) => line !== ''),
  };
}

/** Words that make each command complete, so that one thing alone is wrong. */
const COMPLETE: Readonly<Record<string, () => readonly string[]>> = {
  init: () => ['--yes', '--host', 'vault.example.org', '--source', made.directory],
  run: () => ['postgres', '--dry-run'],
  verify: () => ['postgres'],
  status: () => ['postgres'],
  history: () => ['postgres'],
  report: () => ['--out', '-'],
  'alert test': () => [],
  'alert unit': () => ['pg-backup.service'],
  list: () => ['postgres'],
  restore: () => ['postgres', '--to', join(made.directory, 'back')],
  diff: () => ['postgres', ID, 'latest'],
  cat: () => ['postgres', 'db.sql'],
  'config validate': () => [],
  'config show': () => [],
  'config schema': () => [],
  units: () => ['postgres', '--backup-unit', 'pg-backup.service', '--root', made.directory],
  doctor: () => ['postgres', '--dry-run'],
  selftest: () => ['--out', join(made.directory, 'page.md')],
  demo: () => [],
  'secondary-bundle': () => ['--output', join(made.directory, 'none', 'secondary.tar.gz')],
  completion: () => ['bash'],
  complete: () => [],
};

it('all commands are tried', () => {
  expect([...COMMANDS.keys()].sort()).toEqual(Object.keys(COMPLETE).sort());
});

const takes = (command: Command, option: string) => command.options.some(({ long }) => long === option);
const argument = (command: Command, name: string) => command.registeredArguments.find((each) => each.name() === name);
const instead = (words: readonly string[], one: string, other: string) =>
  words.map((word) => (word === one ? other : word));

/** One kind of bad input: to which commands it applies, what is typed, and what must be said of it. */
interface Kind {
  readonly applies: (command: Command, name: string) => boolean;
  readonly words: (complete: readonly string[]) => readonly string[];
  readonly says: RegExp;
}

/** The commands that read a disk. */
const isReader = (command: Command) => takes(command, '--from');

/** Options that name where something is written. */
const PLACES = ['--root', '--out', '--to'];

const config = () => ['--config', made.config];

const KINDS: Readonly<Record<string, Kind>> = {
  'an option that there is not': {
    applies: (_, name) => name !== 'complete',
    words: (complete) => [...complete, '--nonsense'],
    says: /unknown option '--nonsense'/,
  },
  'a word too many': {
    applies: ({ registeredArguments }) => registeredArguments.at(-1)?.variadic !== true,
    words: (complete) => [...complete, 'postgres', 'one-more', 'and-more'],
    says: /too many arguments/,
  },
  'nothing where a word is needed': {
    applies: ({ registeredArguments }) => registeredArguments.some(({ required }) => required),
    words: () => [],
    says: /missing required argument|required option '--to <dir>' not specified/,
  },
  'an option without its value': {
    applies: (command) => takes(command, '--config'),
    words: (complete) => [...complete, '--config'],
    says: /option '-c, --config <file>' argument missing/,
  },
  'a configuration that is not there': {
    applies: (command, name) => takes(command, '--config') && name !== 'init',
    words: (complete) => [...complete, '--config', join(made.directory, 'none.yaml')],
    says: /none\.yaml does not exist.*offsite-rsync init writes one/,
  },
  'a directory in the place of the configuration': {
    applies: (command) => takes(command, '--config'),
    words: (complete) => [...complete, '--config', made.directory],
    says: /The configuration \S+ is a directory/,
  },
  'a job that there is not': {
    applies: (command) => argument(command, 'job') !== undefined && !isReader(command),
    words: (complete) => [...instead(complete, 'postgres', 'postgers'), ...config()],
    says: /There is no job "postgers".*Did you mean "postgres"\?/,
  },
  'a target that there is not': {
    applies: (command, name) => takes(command, '--target') && name !== 'init',
    words: (complete) => [...complete, '--target', 'vaultt', ...config()],
    says: /There is no target "vaultt".*Did you mean "vault"\?/,
  },
  'a snapshot that cannot be': {
    applies: (_, name) => name === 'verify',
    words: (complete) => [...complete, '--snapshot', 'yesterdayish', ...config()],
    says: /yesterdayish/,
  },
  'a job that is not on the disk': {
    applies: isReader,
    words: (complete) => [...instead(complete, 'postgres', 'postgers'), '--from', disk],
    says: /holds neither snapshots nor a directory postgers/,
  },
  'a snapshot that is not on the disk': {
    applies: isReader,
    words: (complete) => [
      ...instead(complete, ID, 'yesterdayish'),
      ...(complete.includes(ID) ? [] : ['--snapshot', 'yesterdayish']),
      ...['--from', disk],
    ],
    says: /yesterdayish/,
  },
  'a disk that is not there': {
    applies: isReader,
    words: (complete) => [...complete, '--from', join(made.directory, 'none')],
    says: /none does not exist/,
  },
  'a disk and a key': {
    applies: isReader,
    words: (complete) => [...complete, '--from', disk, '--identity', '/k'],
    says: /leave out --identity and --target, or --from/,
  },
  'a name that leads out of the snapshot': {
    applies: (_, name) => ['restore', 'cat'].includes(name),
    words: (complete) => [...complete.filter((word) => word !== 'db.sql'), '../../etc/shadow', '--from', disk],
    says: /"\.\.\/\.\.\/etc\/shadow" leads out of the snapshot/,
  },
  'a directory that holds something': {
    applies: (_, name) => name === 'restore',
    words: () => ['postgres', '--from', disk, '--to', made.directory],
    says: /is not empty.*--overwrite/,
  },
  'a place that is no directory': {
    applies: (_, name) => ['units', 'report', 'selftest', 'restore'].includes(name),
    words: (complete) => [
      ...complete.map((word, at) => (PLACES.includes(complete[at - 1] ?? '') ? join(made.config, 'x') : word)),
      ...(complete.includes('--root') ? ['--write'] : []),
      ...(complete.includes('--to') ? ['--from', disk] : []),
      ...config(),
    ],
    says: /config\.yaml\/(x|etc)/,
  },
  'a device in the place of a file': {
    applies: (_, name) => name === 'report',
    words: () => ['--out', device, ...config()],
    says: /is a device, which no file may replace: name another/,
  },
  'a number that is none': {
    applies: (_, name) => ['history', 'report'].includes(name),
    words: (complete) => [...complete, complete.includes('--out') ? '--days' : '--limit', '1e3', ...config()],
    says: /1e3: write a whole number from 1 to \d+/,
  },
  'a choice that there is not': {
    applies: (_, name) => ['completion', 'units'].includes(name),
    words: (complete) => (complete.includes('bash') ? ['csh'] : [...complete, '--style', 'cron']),
    says: /Allowed choices are \w/,
  },
  'nobody to ask': {
    applies: (_, name) => name === 'init',
    words: () => ['--config', join(made.directory, 'new.yaml')],
    says: /There is no terminal to ask on: give --target NAME, or --yes/,
  },
};

const rows = Object.entries(KINDS).flatMap(([kind, { applies, words, says }]) =>
  [...COMMANDS].filter(([name, command]) => applies(command, name)).map(([name]) => ({ name, kind, words, says })),
);

describe('bad input is answered with one line that says what is wrong, and one that says what to do', () => {
  it.each(rows)('$name: $kind', async ({ name, words, says }) => {
    const { code, lines, out } = await call([...name.split(' '), ...words(COMPLETE[name]!())]);
    expect({ code, out, lines }).toMatchObject({ code: 2, out: '' });
    const [wrong = '', todo = '', ...more] = lines;
    expect(more).toEqual([]);
    expect(wrong).toMatch(/^error: \S/);
    expect(`${wrong} ${todo}`).toMatch(says);
    expect(`${wrong} ${todo}`).toMatch(/Help: |Did you mean|Name |offsite-rsync \S+|--\w+/);
  });
});

it('is answered in the same way where no temporary file can be made', async () => {
  vi.stubEnv('TMPDIR', join(made.directory, 'none'));
  try {
    for (const [name, ...words] of [
      ['restore', '--from', disk],
      ['cat', '--from', disk],
      ['selftest', ...config()],
    ] as const) {
      const { code, lines } = await call([name, ...COMPLETE[name]!(), ...words]);
      expect({ name, code, lines }).toMatchObject({ code: 2, lines: { length: 2 } });
      expect(lines[0]).toMatch(
        /^error: No temporary directory can be made in \S+none: ENOENT.*Set TMPDIR to a directory/,
      );
    }
  } finally {
    vi.unstubAllEnvs();
  }
});
