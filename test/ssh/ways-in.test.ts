import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { must, endProcess } from '../support/processes.ts';
import { startPrivateSshd, type PrivateSshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';
import { makePrimary, type Primary } from './support/primary.ts';
import { startSecondary, type Secondary } from './support/secondary.ts';

// The ways to a secondary besides a key without a passphrase. No secret shows in any of them: support/primary.ts looks after every call.

const PASSPHRASE = "canary 'open sesame' \\ 7";

let secondary: Secondary;
let primary: Primary;
const at = (name: string) => join(primary.directory, name);
const keygen = (...words: string[]) => must('ssh-keygen', '-q', ...words);

beforeAll(async () => {
  secondary = await startSecondary();
});
beforeEach(async () => {
  primary = await makePrimary(secondary, 'db');
  await writeFile(join(primary.source, 'dump.sql'), 'text\n');
});
afterEach(() => primary.stop());
afterAll(() => secondary.stop());

/** The target with something besides. */
const target = (more: Record<string, unknown>) => primary.configure({ target: more });

describe('a key with a passphrase', () => {
  beforeEach(() => {
    keygen('-p', '-N', PASSPHRASE, '-f', at('key'));
    primary.environment.VAULT_PASSPHRASE = PASSPHRASE;
  });

  it('is told as such where nobody types it', async () => {
    const { code, stderr } = await primary.call('run', 'db');
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/identity: the private key has a passphrase.*passphrase: \{/),
    ]);
  });

  it('opens the way, and the passphrase shows in no argument', async () => {
    await target({ passphrase: { env: 'VAULT_PASSPHRASE' } });
    const { code, stdout, stderr, argv } = await primary.call('run', 'db');
    expect(code, stderr).toBe(0);
    expect([stdout, stderr, ...argv].filter((text) => text.includes('sesame'))).toEqual([]);
  });

  it('that is another one is no fault of the secondary', async () => {
    await target({ passphrase: { env: 'VAULT_PASSPHRASE' } });
    primary.environment.VAULT_PASSPHRASE = 'canary of another door';
    const { code, stderr } = await primary.call('run', 'db');
    expect([code, stderr]).toEqual([3, expect.stringContaining('the passphrase does not open the private key')]);
    expect(stderr).not.toContain('another door');
  });

  it('that fits is not blamed when the secondary refuses the key', async () => {
    await target({ passphrase: { env: 'VAULT_PASSPHRASE' } });
    await secondary.lockOut();
    const { code, stderr } = await primary.call('run', 'db');
    await secondary.force();
    expect([code, stderr]).toEqual([11, expect.stringContaining('does not accept this key')]);
  });
});

describe('a certificate', () => {
  it('opens the way to a secondary that knows only who signed it', async () => {
    for (const name of ['ca', 'other']) keygen('-t', 'ed25519', '-N', '', '-f', at(name));
    await copyFile(at('other'), at('key'));
    await copyFile(at('other.pub'), at('key.pub'));
    keygen('-s', at('ca'), '-I', 'test', '-n', secondary.sshd.account.name, '-V', '+5m', at('key.pub'));
    await copyFile(at('key-cert.pub'), at('signed'));
    await rm(at('key-cert.pub')); // ssh would find it by its name
    await chmod(at('signed'), 0o644);
    const authority = await readFile(at('ca.pub'), 'utf8');
    const allowed = join(secondary.sshd.directory, 'authorized_keys');
    await writeFile(allowed, `cert-authority,command="${secondary.forcedCommand}",restrict ${authority}`);
    const without = await primary.call('run', 'db');
    await target({ certificate: { file: at('signed') } });
    const withIt = await primary.call('run', 'db');
    await secondary.force();
    expect([without.code, withIt.code], withIt.stderr).toEqual([11, 0]);
  });
});

describe('an agent', () => {
  let agent: ChildProcess;

  beforeEach(async () => {
    agent = spawn('ssh-agent', ['-D', '-a', at('agent')], { stdio: 'ignore' });
    await until(() => existsSync(at('agent')));
    primary.environment.SSH_AUTH_SOCK = at('agent');
    await copyFile(`${secondary.sshd.clientKey}.pub`, at('key.pub'));
    await chmod(at('key.pub'), 0o644);
    await target({ identity: { file: at('key.pub') }, agent: { env: 'SSH_AUTH_SOCK' } });
  });
  afterEach(() => endProcess(agent));

  const add = () => spawnSync('ssh-add', ['-q', at('key')], { env: { ...process.env, SSH_AUTH_SOCK: at('agent') } });

  it('signs with a key that lies in no file here', async () => {
    expect(add().status).toBe(0);
    await rm(at('key'));
    const { code, stderr } = await primary.call('run', 'db');
    expect(code, stderr).toBe(0);
  });

  it('that does not hold the key is told as such', async () => {
    const { code, stderr } = await primary.call('run', 'db');
    expect([code, stderr]).toEqual([3, expect.stringContaining('the agent does not hold this key')]);
  });
});

describe('a host on the way', () => {
  let hop: PrivateSshd;
  const permit = (options: string) =>
    readFile(`${secondary.sshd.clientKey}.pub`, 'utf8').then((key) =>
      writeFile(join(hop.directory, 'authorized_keys'), `${options} ${key}`),
    );

  beforeAll(async () => {
    hop = await startPrivateSshd();
  });
  afterAll(() => hop.stop());
  beforeEach(async () => {
    primary.environment.VAULT_JUMP = `${hop.account.name}@localhost:${hop.port}`;
    await writeFile(at('known_hosts'), hop.knownHosts('localhost', hop.port), { flag: 'a' });
    await target({ proxy_jump: { env: 'VAULT_JUMP' } });
  });

  it('lets the run through, and no argument of a process says to where', async () => {
    await permit(`restrict,port-forwarding,permitopen="${secondary.line.host}:${secondary.line.port}"`);
    const { code, stderr, argv } = await primary.call('run', 'db');
    expect(code, stderr).toBe(0);
    expect(argv.some((line) => /^ssh -F \S+ -N vault-jump$/.test(line))).toBe(true);
    expect(argv.filter((line) => line.includes('localhost') || line.includes(String(hop.port)))).toEqual([]);
  });

  it('that lets nothing through is named', async () => {
    await permit('restrict');
    const { code, stderr } = await primary.call('run', 'db');
    expect([code, stderr]).toEqual([
      11,
      expect.stringMatching(/host on the way \(proxy_jump\) does not let this account/),
    ]);
  });

  it('that is not there is named, without its address', async () => {
    primary.environment.VAULT_JUMP = 'canary-0815.invalid';
    const { code, stderr } = await primary.call('run', 'db');
    expect([code, stderr]).toEqual([
      10,
      expect.stringMatching(/the host on the way \(proxy_jump\): the host name of that host/),
    ]);
    expect(stderr).not.toContain('0815');
  });
});

it('secrets may come from commands', async () => {
  await target({
    host: { command: ['printenv', 'VAULT_HOST'] },
    identity: { command: ['cat', at('key')] },
    known_hosts: { command: ['cat', at('known_hosts')] },
  });
  const { code, stderr } = await primary.call('run', 'db');
  expect(code, stderr).toBe(0);
});
