import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { onTerminal } from '../../../support/terminal.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function initOnTerminal(typed: Record<string, string>): Promise<{ status: number | null; shown: string }> {
  const words = [process.execPath, inject('cli'), 'init', '--config', join(directory, 'etc/config.yaml')];
  const { status, shown } = await onTerminal(words, { env: { PATH: process.env.PATH ?? '', HOME: directory }, typed });
  return { status, shown: stripVTControlCharacters(shown) };
}

describe('init on a terminal', () => {
  it.each([
    ['at the first question', { 'A name for the secondary': '\\x03' }],
    ['at a choice', { 'A name for the secondary': '\\r', 'What guards it?': '\\x03' }],
    ['at the address', { 'A name for the secondary': '\\r', 'What guards it?': '\\r', 'Its host name': 'h.exa\\x03' }],
  ])('ends with Ctrl-C %s: one line, 130, nothing written', async (_, typed) => {
    const { status, shown } = await initOnTerminal(typed);
    expect(status, shown).toBe(130);
    expect(shown.match(/Stopped/g)).toHaveLength(1);
    expect(shown).toContain('Stopped. Nothing was written.');
    expect(shown).not.toMatch(/ {4}at |ExitPrompt/);
    expect(existsSync(join(directory, 'etc'))).toBe(false);
  });

  it('says at once what is wrong with an answer, and asks again', async () => {
    const { status, shown } = await initOnTerminal({
      'A name for the secondary': 'a b\\r',
      'a name is 1 to 63': '\\x03',
    });
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
