import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { deliverAlert, type Delivery } from '../../../src/notify/deliver.ts';
import { runFacts } from './support/facts.ts';
import { settings, testDeps } from './support/deps.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-notify-'));
  return () => rm(directory, { recursive: true, force: true });
});

/** Writes an executable and returns its path. */
async function program(name: string, script: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(directory, { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

function output(name: string): Promise<string> {
  return readFile(join(directory, name), 'utf8');
}

async function tell(
  channel: string,
  change: Parameters<typeof testDeps>[1] = {},
  facts = runFacts(),
  secrets: Record<string, string> = {},
): Promise<Delivery> {
  const deps = testDeps(secrets, { environment: { PATH: process.env.PATH, HOME: directory }, ...change });
  const [delivery] = await deliverAlert(facts, settings(`ops: ${channel}`), deps);
  return delivery!;
}

const EVIL = '$(touch pwned) `touch pwned` "; touch pwned; \' \\ $PATH <b>&\n--help';

describe('a command', () => {
  it('gets the message as JSON on its standard input', async () => {
    const path = await program('page', `cat > '${directory}/stdin'`);
    expect(await tell(`{ type: command, command: ['${path}'] }`)).toMatchObject({ sent: true, attempts: 1 });
    expect(JSON.parse(await output('stdin'))).toMatchObject({ version: 1, event: 'failure', job: 'postgres' });
  });

  it('gets the fields in its environment, and its own arguments as they are', async () => {
    const path = await program('page', `env -0 > '${directory}/env'; printf '%s\\0' "$@" > '${directory}/argv'`);
    const facts = runFacts({ job: 'täglich', warnings: ['one', 'two'], reason: EVIL });
    await tell(`{ type: command, command: ['${path}', '-x', 'a b', '$HOME'] }`, {}, facts);
    const env = (await output('env')).split('\0');
    expect(env).toContain('OFFSITE_JOB=täglich');
    expect(env).toContain('OFFSITE_EXIT_CODE=12');
    expect(env).toContain('OFFSITE_WARNINGS=one\ntwo');
    expect(env).toContain(`OFFSITE_REASON=${EVIL}`);
    expect((await output('argv')).split('\0')).toEqual(['-x', 'a b', '$HOME', '']);
    expect(existsSync(join(directory, 'pwned'))).toBe(false);
  });

  it('sees none of our environment but what every program needs', async () => {
    const path = await program('page', `env > '${directory}/env'`);
    const environment = { PATH: process.env.PATH, LANG: 'C.UTF-8', VAULT_HOST: 'canary.example', PGPASSWORD: 'canary' };
    await tell(`{ type: command, command: ['${path}'] }`, { environment });
    const env = await output('env');
    expect(env).toContain('LANG=C.UTF-8');
    expect(env).not.toMatch(/canary/);
  });

  it('gets the secrets that its channel names', async () => {
    const path = await program('page', `printf %s "$TOKEN" > '${directory}/token'`);
    const channel = `{ type: command, command: ['${path}'], env: { TOKEN: { env: PAGER } } }`;
    await tell(channel, {}, runFacts(), { PAGER: 'canary-token' });
    expect(await output('token')).toBe('canary-token');
  });

  it('that fails is tried again, and its last words are told without secrets', async () => {
    const path = await program('page', `echo x >> '${directory}/count'; echo "bad token $TOKEN" >&2; exit 3`);
    const channel = `{ type: command, command: ['${path}'], retries: 1, env: { TOKEN: { env: PAGER } } }`;
    const delivery = await tell(channel, {}, runFacts(), { PAGER: 'canary-token' });
    expect(delivery).toMatchObject({ sent: false, attempts: 2 });
    expect(delivery.reason).toMatch(/exited with 3: bad token \[environment variable PAGER\]$/);
    expect(await output('count')).toBe('x\nx\n');
  });

  it('that does not exist is not tried again', async () => {
    const delivery = await tell(`{ type: command, command: ['${directory}/missing'] }`);
    expect(delivery).toMatchObject({ sent: false, attempts: 1 });
    expect(delivery.reason).toContain('missing');
  });

  it('that reads nothing is no failure', async () => {
    const path = await program('page', 'exec 0<&-; exit 0');
    const facts = runFacts({ reason: 'x'.repeat(100_000) });
    expect(await tell(`{ type: command, command: ['${path}'] }`, {}, facts)).toMatchObject({ sent: true });
  });

  it('that hangs is ended, with what it started', async () => {
    const path = await program('page', `sleep 300 & echo $! > '${directory}/pid'; wait`);
    const began = performance.now();
    const delivery = await tell(`{ type: command, command: ['${path}'], timeout: 500ms, retries: 0 }`);
    expect(delivery).toMatchObject({ sent: false, reason: 'no answer within 500 ms' });
    expect(performance.now() - began).toBeLessThan(3000);
    const pid = Number(await output('pid'));
    await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
  });
});

describe('sendmail', () => {
  // A fake: it records what the real program would queue.
  const record = () => program('sendmail', `printf '%s ' "$@" > '${directory}/argv'; cat > '${directory}/mail'`);

  it('gets a complete mail on its standard input, and no address in its arguments', async () => {
    const path = await record();
    const facts = runFacts({ job: 'täglich', reason: 'Gerät voll\n.\nnoch da' });
    const channel = `{ type: sendmail, program: ${path}, to: { env: T }, from: { env: F } }`;
    const secrets = { T: 'ops@example.org', F: 'backup@example.org' };
    expect(await tell(channel, {}, facts, secrets)).toMatchObject({ sent: true });
    expect(await output('argv')).toBe('-t -i ');
    const mail = await output('mail');
    expect(mail).toMatch(/^To: ops@example\.org$/m);
    expect(mail).toMatch(/^From: backup@example\.org$/m);
    expect(mail).toMatch(/^Subject: =\?UTF-8\?/m);
    expect(mail).not.toContain('\r');
    expect(mail).toContain('noch da');
  });

  it('gets no From from us unless one is configured: the mail system knows better', async () => {
    const path = await record();
    await tell(`{ type: sendmail, program: ${path}, to: { env: T } }`, {}, runFacts(), { T: 'root' });
    const mail = await output('mail');
    expect(mail).toMatch(/^To: <root>$/m);
    expect(mail).not.toMatch(/^From:/m);
  });

  it('reaches local users and addresses beside each other', async () => {
    const path = await record();
    const to = 'root, Ops <ops@example.org>, db@example.org';
    await tell(`{ type: sendmail, program: ${path}, to: { env: T } }`, {}, runFacts(), { T: to });
    expect(await output('mail')).toMatch(/^To: <root>, Ops <ops@example\.org>, db@example\.org$/m);
    const quoted = '"Doe, Jane" <jane@example.org>, ops@example.org';
    await tell(`{ type: sendmail, program: ${path}, to: { env: T } }`, {}, runFacts(), { T: quoted });
    expect(await output('mail')).toMatch(/^To: "Doe, Jane" <jane@example\.org>, ops@example\.org$/m);
  });

  it('drops nobody beside a name in quotes', async () => {
    const path = await record();
    const to = 'root, "Ops, Team" <ops@example.org>; "On \\"call\\", night" <night@example.org>';
    await tell(`{ type: sendmail, program: ${path}, to: { env: T } }`, {}, runFacts(), { T: to });
    const mail = await output('mail');
    expect(mail).toMatch(/^To: <root>, "Ops, Team" <ops@example\.org>/m);
    expect(mail).toMatch(/<night@example\.org>/);
  });

  it('says so when a recipient has no address', async () => {
    const path = await record();
    const delivery = await tell(`{ type: sendmail, program: ${path}, to: { env: T } }`, {}, runFacts(), {
      T: 'ops@example.org, Max Muster',
    });
    expect(delivery).toMatchObject({
      sent: false,
      reason: 'the mail address number 2 in a secret is a name without an address',
    });
  });

  it('gets no further header from a file name', async () => {
    const path = await record();
    const evil = 'x\r\nBcc: all@example.org\r\n\r\nbody';
    const facts = runFacts({ event: 'warning', job: evil, target: evil, host: evil, warnings: [evil] });
    await tell(`{ type: sendmail, program: ${path}, to: { env: T } }`, {}, facts, { T: 'root' });
    const [head] = (await output('mail')).split('\n\n');
    expect(head).toContain('Bcc: all@example.org'); // inside of the subject …
    expect(head).not.toMatch(/^Bcc:/m); // … and not a header
  });

  it('that is not installed says so', async () => {
    const channel = `{ type: sendmail, program: ${directory}/sendmail, to: { env: T } }`;
    const delivery = await tell(channel, {}, runFacts(), { T: 'root' });
    expect(delivery).toMatchObject({ sent: false, attempts: 1 });
    expect(delivery.reason).toContain('cannot start');
  });
});

describe('a desktop notification', () => {
  /** Puts a fake notify-send first on PATH, because there is no desktop here: it records its arguments. */
  async function fakeNotifySend(script = ''): Promise<void> {
    await program('notify-send', `printf '%s\\0' "$@" > '${directory}/argv'\n${script}`);
    const before = process.env.PATH;
    process.env.PATH = `${directory}${delimiter}${before ?? ''}`;
    onTestFinished(() => void (process.env.PATH = before));
  }

  const argv = async () => (await output('argv')).split('\0').slice(0, -1);

  it('shows subject and body with the urgency of the event', async () => {
    await fakeNotifySend();
    expect(await tell('{ type: desktop }')).toEqual({ channel: 'ops', sent: true, attempts: 1 });
    const [title, body, ...options] = await argv();
    expect(title).toBe('Not secured: db1/postgres to vault: connection lost');
    expect(body).toContain('Why: connection lost: ssh: the line broke');
    expect(options.join(' ')).toContain('--urgency critical');
    expect(options.join(' ')).toContain('--app-name offsite-rsync');
  });

  it('starts nothing that a message says, and shows markup as text', async () => {
    await fakeNotifySend();
    const facts = runFacts({ event: 'warning', warnings: [EVIL], reason: EVIL });
    expect(await tell('{ type: desktop }', {}, facts)).toMatchObject({ sent: true });
    const [title, body] = await argv();
    expect(title).toContain('$(touch pwned) `touch pwned` "; touch pwned; \' \\ $PATH <b>& --help');
    expect(body).toContain('&lt;b&gt;&amp;');
    expect(existsSync('pwned') || existsSync(join(directory, 'pwned'))).toBe(false);
  });

  it('keeps what is not ASCII', async () => {
    await fakeNotifySend();
    await tell('{ type: desktop }', {}, runFacts({ job: 'täglich-備份' }));
    expect((await argv())[0]).toContain('täglich-備份');
  });

  it('without a session fails with the reason', async () => {
    await fakeNotifySend('echo "Could not connect: No such file or directory" >&2; exit 1');
    const delivery = await tell('{ type: desktop }');
    expect(delivery).toMatchObject({ sent: false, attempts: 1 });
    expect(delivery.reason).toBe(
      'notify-send failed: Could not connect: No such file or directory; there is no desktop session here (DBUS_SESSION_BUS_ADDRESS is not set)',
    );
  });

  it('about which notify-send merely complains was shown', async () => {
    await fakeNotifySend('echo "some warning" >&2');
    expect(await tell('{ type: desktop }')).toMatchObject({ sent: true });
  });

  it('that hangs is given up in time', async () => {
    await fakeNotifySend(`echo $$ > '${directory}/pid'; exec sleep 5`);
    const delivery = await tell('{ type: desktop, timeout: 300ms, retries: 0 }');
    expect(delivery).toMatchObject({ sent: false, reason: 'no answer within 300 ms' });
    process.kill(Number(await output('pid')));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
