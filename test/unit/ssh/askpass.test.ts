import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { typePassphrase } from '../../../src/ssh/askpass.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offsite ask '));
});
afterEach(() => rmSync(directory, { recursive: true }));

it('types the passphrase where ssh asks for it, answers no other question, and leaves nothing behind', async () => {
  const typist = await typePassphrase(`it's "quoted" \\ $HOME`, directory);
  const { SSH_ASKPASS: program = '', ...environment } = typist.environment;
  const asked = (question: string) =>
    spawnSync(program, [question], { encoding: 'utf8', env: { PATH: process.env.PATH, ...environment } });
  expect(asked("Enter passphrase for key '/k': ").stdout).toBe(`it's "quoted" \\ $HOME\n`);
  expect(asked('Enter PIN for ED25519-SK key /k: ').status).toBe(0);
  const other = asked('Are you sure you want to continue connecting (yes/no/[fingerprint])? ');
  expect([other.status, other.stdout]).toEqual([1, '']);
  expect(JSON.stringify(typist.environment)).not.toContain('quoted');
  for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
  await typist.leave();
  expect(readdirSync(directory)).toEqual([]);
});
