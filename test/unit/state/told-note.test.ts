import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadToldNote, saveToldNote } from '../../../src/state/told-note.ts';

const ID = '0123456789abcdef0123456789abcdef';
const NOTE = { version: 1, exitCode: 12, told: true, recorded: true } as const;
let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'offsite-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

it.each([
  ['a file in the place of its directory', (first: string) => writeFile(join(first, 'told'), '')],
  ['a directory in its own place', (first: string) => mkdir(join(first, 'told', `${ID}.json`), { recursive: true })],
  ['a link that leads to itself', (first: string) => symlink('told', join(first, 'told'))],
])('the note goes to the next directory where the first has %s', async (_, spoil) => {
  const first = join(base, 'state');
  const second = join(base, 'run');
  await mkdir(first);
  await spoil(first);
  expect(await saveToldNote([first, second], ID, NOTE, new Date())).toBe(true);
  expect(await loadToldNote([first, second], ID)).toEqual(NOTE);
});
