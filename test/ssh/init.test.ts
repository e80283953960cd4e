import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { fingerprintOf } from '../../src/commands/init/host-key.ts';
import { startPrivateSshd } from '../support/sshd.ts';
import { startGateSecondary, type GateSecondary } from './support/gate-secondary.ts';

// Somebody who has nothing but the program: init, the line that it prints, run.

let secondary: GateSecondary;
let directory: string;
/** More variables of the environment. */
let more: Record<string, string> = {};
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
  const env = { PATH, HOME: directory, VAULT_HOST: secondary.line.host, RUNTIME_DIRECTORY: at('run'), ...more };
  const child = spawn(process.execPath, [inject('cli'), ...words, '--config', at('etc/config.yaml')], { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (said += piece.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect(said).not.toContain(secondary.line.host);
  return { code, said };
}

/** Does what was printed for the secondary. */
async function letIn(said: string): Promise<void> {
  const { sshd, gate } = secondary;
  const [printed = ''] =
    /^ +command="\/usr\/local\/bin\/offsite-gate \S+",restrict ssh-ed25519 \S+.*$/m.exec(said) ?? [];
  const [, key = ''] = printed.split('",');
  // The test's gate lies in another place, and knows this host by another name.
  const command = `${process.execPath} ${gate.bundle} --config ${gate.config} web1`;
  await writeFile(join(sshd.directory, 'authorized_keys'), `command="${command}",${key}\n`);
}

async function fingerprintAt(sshd: string): Promise<string> {
  return fingerprintOf((await readFile(join(sshd, 'host_key.pub'), 'utf8')).split(' ')[1] ?? '');
}

async function filesOf(): Promise<string[]> {
  const names = (await readdir(at('etc'))).sort();
  return Promise.all(names.map(async (name) => `${name}\n${await readFile(at(`etc/${name}`), 'utf8')}`));
}

it('init, its line on the secondary, and run seals the first snapshot; init again is content', async () => {
  const { sshd, line } = secondary;
  const init = ['init', '--yes', '--source', at('dumps'), '--job', 'db', '--user', sshd.account.name].concat([
    ...['--port', String(line.port), '--state-dir', at('state'), '--backup-unit', 'pg-backup.service'],
    ...['--host-key-fingerprint', await fingerprintAt(sshd.directory)],
  ]);
  const first = await call(...init);
  expect([first.code, first.said]).toEqual([11, expect.stringContaining('does not accept this key')]); // says doctor
  await letIn(first.said);
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

it('through a host on the way: init says what that needs, goes on when typed again, and fetches the host key through it', async () => {
  const { sshd, line } = secondary;
  const hop = await startPrivateSshd();
  try {
    more = { VAULT_JUMP: `${hop.account.name}@localhost:${hop.port}` };
    await rm(at('etc'), { recursive: true });
    const init = ['init', '--yes', '--source', at('dumps'), '--job', 'files', '--user', sshd.account.name].concat([
      ...['--port', String(line.port), '--state-dir', at('state-far')],
      ...['--host-key-fingerprint', await fingerprintAt(sshd.directory)],
      ...['--jump-host-key-fingerprint', await fingerprintAt(hop.directory)],
    ]);
    await rm(join(hop.directory, 'authorized_keys'), { force: true });
    const first = await call(...init);
    expect([first.code, first.said]).toEqual([
      11,
      expect.stringMatching(/The host key of the secondary is not known yet: the host on the way \(proxy_jump\)/),
    ]);
    expect(await readdir(at('etc'))).not.toContain('vault.known_hosts');
    const [forHop = ''] = /^ +restrict,port-forwarding.*$/m.exec(first.said) ?? [];
    await writeFile(
      join(hop.directory, 'authorized_keys'),
      forHop.trim().replace('ADDRESS:PORT', `${line.host}:${line.port}`),
    );
    await letIn(first.said);
    const second = await call(...init);
    expect(second.code, second.said).toBe(0);
    expect(second.said).toContain('the gate answers');
    const known = await readFile(at('etc/vault.known_hosts'), 'utf8');
    expect(known).toMatch(/^\[localhost\]:\d+ ssh-ed25519 \S+\n\[127\.\S+\]:\d+ ssh-ed25519 \S+\n$/);
    const run = await call('run', 'files');
    expect(run.code, run.said).toBe(0);
  } finally {
    await hop.stop();
  }
});
