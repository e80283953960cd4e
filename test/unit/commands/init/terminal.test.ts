import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

/** Starts a program on a terminal of its own; types each answer once its question has come; prints what the terminal shows. */
const TYPIST = `
import os, pty, sys, time
answers = [line.split('=>') for line in sys.argv[1].split('|')]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown = b''
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    if answers and answers[0][0].encode() in shown:
        os.write(terminal, answers.pop(0)[1].encode().decode('unicode_escape').encode())
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
`;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function onTerminal(typed: Record<string, string>, ...words: string[]): { status: number | null; shown: string } {
  const answers = Object.entries(typed)
    .map((pair) => pair.join('=>'))
    .join('|');
  const program = [process.execPath, inject('cli'), 'init', '--config', join(directory, 'etc/config.yaml'), ...words];
  const env = { PATH: process.env.PATH ?? '', HOME: directory, TERM: 'xterm' };
  const { status, stdout } = spawnSync('python3', ['-c', TYPIST, answers, ...program], {
    ...{ encoding: 'utf8', env },
    timeout: 30_000, // a question that never comes
    killSignal: 'SIGKILL',
  });
  return { status, shown: stripVTControlCharacters(stdout) };
}

describe('init on a terminal', () => {
  it.each([
    ['at the first question', { 'A name for the secondary': '\\x03' }],
    ['at a choice', { 'A name for the secondary': '\\r', 'What guards it?': '\\x03' }],
    ['at the address', { 'A name for the secondary': '\\r', 'What guards it?': '\\r', 'Its host name': 'h.exa\\x03' }],
  ])('ends with Ctrl-C %s: one line, 130, nothing written', (_, typed) => {
    const { status, shown } = onTerminal(typed);
    expect(status, shown).toBe(130);
    expect(shown.match(/Stopped/g)).toHaveLength(1);
    expect(shown).toContain('Stopped. Nothing was written.');
    expect(shown).not.toMatch(/ {4}at |ExitPrompt/);
    expect(existsSync(join(directory, 'etc'))).toBe(false);
  });

  it('says at once what is wrong with an answer, and asks again', () => {
    const { status, shown } = onTerminal({ 'A name for the secondary': 'a b\\r', 'a name is 1 to 63': '\\x03' });
    expect([status, shown]).toEqual([130, expect.stringContaining('a name is 1 to 63 ASCII letters')]);
  });
});

it('init without a terminal and without answers is one line that names the flag, and exit code 2', () => {
  const config = join(directory, 'etc/config.yaml');
  const { status, stderr } = spawnSync(process.execPath, [inject('cli'), 'init', '--config', config], {
    encoding: 'utf8',
    input: '',
  });
  expect([status, stderr.split('\n')[0]]).toEqual([2, expect.stringContaining('give --target NAME, or --yes')]);
  expect(existsSync(join(directory, 'etc'))).toBe(false);
});
