import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { fingerprintOf } from '../../src/commands/init/host-key.ts';
import { startGateSecondary, type GateSecondary } from './support/gate-secondary.ts';

// Somebody who has nothing but the program: init, the line that it prints, run.

let secondary: GateSecondary;
let directory: string;
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  secondary = await startGateSecondary();
  directory = await mkdtemp(join(tmpdir(), 'offsite-'));
  await mkdir(at('dumps'));
  await writeFile(at('dumps/dump.sql'), 'text\n');
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await secondary.stop();
});

async function call(...words: string[]): Promise<{ code: number | null; said: string }> {
  const { PATH = '' } = process.env;
  const env = { PATH, HOME: directory, VAULT_HOST: secondary.line.host, RUNTIME_DIRECTORY: at('run') };
  const child = spawn(process.execPath, [inject('cli'), ...words, '--config', at('etc/config.yaml')], { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (said += piece.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect(said).not.toContain(secondary.line.host);
  return { code, said };
}

async function filesOf(): Promise<string[]> {
  const names = (await readdir(at('etc'))).sort();
  return Promise.all(names.map(async (name) => `${name}\n${await readFile(at(`etc/${name}`), 'utf8')}`));
}

it('init, its line on the secondary, and run seals the first snapshot; init again is content', async () => {
  const { sshd, line, gate } = secondary;
  const hostKey = (await readFile(join(sshd.directory, 'host_key.pub'), 'utf8')).split(' ')[1] ?? '';
  const init = ['init', '--yes', '--source', at('dumps'), '--job', 'db', '--user', sshd.account.name].concat([
    ...['--port', String(line.port), '--state-dir', at('state'), '--backup-unit', 'pg-backup.service'],
    ...['--host-key-fingerprint', fingerprintOf(hostKey)],
  ]);
  const first = await call(...init);
  expect([first.code, first.said]).toEqual([11, expect.stringContaining('does not accept this key')]); // says doctor
  const [printed = ''] =
    /^ +command="\/usr\/local\/bin\/offsite-gate \S+",restrict ssh-ed25519 \S+.*$/m.exec(first.said) ?? [];
  const [, key = ''] = printed.split('",');
  // The test's gate lies in another place, and knows this host by another name.
  const command = `${process.execPath} ${gate.bundle} --config ${gate.config} web1`;
  await writeFile(join(sshd.directory, 'authorized_keys'), `command="${command}",${key}\n`);
  const before = await filesOf();
  const run = await call('run', 'db');
  expect(run.code, run.said).toBe(0);
  expect(await secondary.sealed('db')).toHaveLength(1);
  const again = await call(...init);
  expect(again.code, again.said).toBe(0);
  expect(again.said).toContain('the gate answers');
  expect(await filesOf()).toEqual(before);
});

it('another host key than the one that was given is refused with 11, and nothing is written', async () => {
  const fingerprint = `SHA256:${'A'.repeat(43)}`;
  const { code, said } = await call(
    ...['init', '--yes', '--target', 'second', '--host', secondary.line.host, '--source', at('dumps'), '--job', 'two'],
    ...['--port', String(secondary.line.port), '--host-key-fingerprint', fingerprint],
  );
  expect([code, said]).toEqual([11, expect.stringMatching(/shows another host key .*ssh-ed25519 SHA256:/)]);
  expect(await filesOf()).toHaveLength(5);
});
