import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SCRIPTS, type Shell } from '../../../src/commands/completion/scripts.ts';
import { suggest } from '../../../src/commands/completion/suggest.ts';
import { buildProgram } from '../../../src/program/program.ts';

let directory: string;
let environment: Record<string, string>;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-completion-'));
  symlinkSync(inject('cli'), join(directory, 'offsite-rsync'));
  const at = { env: 'A' };
  const vault = { host: at, user: at, identity: { file: '/k' }, known_hosts: { file: '/h' } };
  const jobs = { postgres: { source: '/srv' }, photos: { source: '/srv', targets: ['vault'] } };
  const config = join(directory, 'config.yaml');
  writeFileSync(config, JSON.stringify({ version: 1, targets: { vault }, jobs }));
  for (const [shell, script] of Object.entries(SCRIPTS)) writeFileSync(join(directory, shell), script);
  const PATH = [directory, dirname(process.execPath), process.env.PATH ?? ''].join(':');
  // A plain terminal: readline and zle then write no sequences of control characters.
  environment = { PATH, HOME: directory, TERM: 'dumb', LC_ALL: 'C.UTF-8', OFFSITE_RSYNC_CONFIG: config };
});
afterAll(() => rmSync(directory, { recursive: true }));

const isInstalled = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Types each line and TAB into a real shell on a terminal. @returns the lines as the shell had completed them */
function typed(shell: 'bash' | 'zsh', ...lines: readonly string[]): string[] {
  const [start, first] = {
    bash: ['bash --norc --noprofile -i', `source ${directory}/bash`],
    zsh: ['zsh -f -i', `autoload -U compinit; compinit -u -d ${directory}/zcompdump; source ${directory}/zsh`],
  }[shell] as [string, string];
  // Control-A goes to the beginning of the line; so the line is printed and not run.
  const keys = [first, ...lines.map((line) => `${line}\t\u0001echo TYPED `), 'exit'];
  const input = `${keys.join('\n')}\n`;
  const { stdout } = spawnSync('script', ['-qec', start, '/dev/null'], { input, env: environment, encoding: 'utf8' });
  return [...stdout.matchAll(/^TYPED (.*?)\s*$/gm)].map(([, line = '']) => line);
}

const CASES = [
  ['offsite-rsync ver', 'offsite-rsync verify'],
  ['offsite-rsync alert u', 'offsite-rsync alert unit'],
  ['offsite-rsync run --dr', 'offsite-rsync run --dry-run'],
  ['offsite-rsync run photos po', 'offsite-rsync run photos postgres'],
  ['offsite-rsync verify -t v', 'offsite-rsync verify -t vault'],
  ['offsite-rsync units photos --style on', 'offsite-rsync units photos --style on-success'],
] as const;

describe('completion in a shell', () => {
  const wanted = CASES.map(([, completed]) => completed);
  const lines = CASES.map(([line]) => line);

  it('bash completes commands, options, words to choose from, jobs, targets and files', () => {
    expect(typed('bash', ...lines, `offsite-rsync report -o ${directory}/conf`)).toEqual([
      ...wanted,
      `offsite-rsync report -o ${directory}/config.yaml`,
    ]);
  });

  it.skipIf(!isInstalled('zsh'))('zsh completes the same', () => {
    expect(typed('zsh', ...lines, `offsite-rsync report -o ${directory}/conf`)).toEqual([
      ...wanted,
      `offsite-rsync report -o ${directory}/config.yaml`,
    ]);
  });

  it.skipIf(!isInstalled('fish'))('fish completes the same', () => {
    const asked = [...lines, `offsite-rsync report -o ${directory}/conf`].map((line) => `complete -C '${line}'`);
    const script = [`source ${directory}/fish`, ...asked].join('\n');
    const { stdout } = spawnSync('fish', ['-N', '-c', script], { env: environment, encoding: 'utf8' });
    const words = stdout.split('\n').map((line) => line.split('\t')[0]);
    const last = wanted.map((line) => line.split(' ').at(-1));
    expect(words).toEqual([...last, `${directory}/config.yaml`, '']);
  });

  it.each((['bash', 'zsh'] as const).filter(isInstalled))('%s runs nothing of what has been typed', (shell) => {
    const trap = join(directory, `trap-${shell}`);
    // Control-A and Control-K take the line away.
    typed(shell, `offsite-rsync run $(touch ${trap}) "\`touch ${trap}\`" p\t\u0001\u000Btrue`, 'offsite-rsync ver');
    expect(existsSync(trap)).toBe(false);
  });

  it.each(Object.keys(SCRIPTS) as Shell[])('is printed for %s', (shell) => {
    const { stdout, status } = spawnSync('offsite-rsync', ['completion', shell], {
      env: environment,
      encoding: 'utf8',
    });
    expect({ stdout, status }).toEqual({ stdout: SCRIPTS[shell], status: 0 });
  });

  it('names the shells that there are when another is asked for', () => {
    const { stderr, status } = spawnSync('offsite-rsync', ['completion', 'csh'], {
      env: environment,
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toContain('bash, zsh, fish');
  });

  it('says nothing where the configuration cannot be read', () => {
    const env = { ...environment, OFFSITE_RSYNC_CONFIG: '/nowhere' };
    const { stdout, stderr, status } = spawnSync('offsite-rsync', ['complete', '--', 'run', ''], {
      env,
      encoding: 'utf8',
    });
    expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
  });

  it('asks the configuration that the line names', () => {
    const other = join(directory, 'other.yaml');
    const at = { env: 'A' };
    const nas = { host: at, user: at, identity: { file: '/k' }, known_hosts: { file: '/h' } };
    writeFileSync(other, JSON.stringify({ version: 1, targets: { nas }, jobs: { wiki: { source: '/srv' } } }));
    for (const words of [
      ['-c', other],
      ['--config', other],
      ['--config', '=', other],
    ]) {
      const all = ['complete', '--', 'run', ...words, ''];
      expect(spawnSync('offsite-rsync', all, { env: environment, encoding: 'utf8' }).stdout).toBe('wiki\t\n');
    }
  });
});

describe('what may stand at the cursor', () => {
  const program = buildProgram(() => Promise.resolve());
  const at = (...words: string[]) => {
    const found = suggest(program, words, (what) => [`a ${what}`]);
    return found.kind === 'words' ? found.words.map(([word]) => word) : found.kind;
  };

  it('is every command that the help shows, and no other', () => {
    expect(at('')).toEqual(expect.arrayContaining(['run', 'verify', 'completion']));
    expect(at('')).not.toContain('complete');
    expect(at('config', '')).toEqual(expect.arrayContaining(['validate', 'schema']));
    expect(at('config', 'sche')).toEqual(['schema']);
  });

  it('is one of the names behind an option that takes one, with a sign between them or not', () => {
    expect(at('run', '--target', '')).toEqual(['a target']);
    expect(at('run', '--target', '=')).toEqual(['a target']);
    expect(at('run', '--target', '=', 'a')).toEqual(['a target']);
    expect(at('run', '--all', '')).toEqual(['a job']);
    expect(at('run', '--target', 'vault', '')).toEqual(['a job']);
  });

  it('is a file or a directory where one belongs', () => {
    expect(at('run', '-c', '')).toBe('files');
    expect(at('units', '--root', '')).toBe('directories');
  });

  it('is nothing behind the last argument, and behind an unknown option whatever belongs there', () => {
    expect(at('verify', 'postgres', '')).toEqual([]);
    expect(at('verify', '--nonsense', '')).toEqual(['a job']);
    expect(at()).toEqual(at(''));
  });
});
