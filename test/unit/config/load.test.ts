import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, parseConfig } from '../../../src/config/load.ts';
import { defaultStateDirectory } from '../../../src/config/location.ts';
import { readTargetSecrets } from '../../../src/config/target-secrets.ts';
import { SecretError } from '../../../src/platform/secrets.ts';
import { createRedactor } from '../../../src/shared/redaction.ts';

const TARGET =
  '{ host: { env: H }, port: { env: P }, user: { env: U }, identity: { env: K }, known_hosts: { env: N } }';
const text = ({ top = '', targets = `{ vault: ${TARGET} }`, job = '' } = {}) =>
  `version: 1\n${top}\ntargets: ${targets}\njobs:\n  pg:\n    source: /data\n${job}\n`;

function problems(change: Parameters<typeof text>[0]): string {
  try {
    parseConfig('c.yaml', text(change));
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a configuration', () => {
  it('of the fewest keys has a default for all the rest', () => {
    const settings = parseConfig('c.yaml', text());
    expect(settings).toMatchObject({ stateDirectory: defaultStateDirectory(), alerts: { channels: {} } });
    expect(settings.targets.get('vault')).toMatchObject({
      secondary: 'gate',
      metadata: 'fake_super',
      compress: true,
      connectTimeoutMs: 20_000,
      ioTimeoutMs: 300_000,
      stallTimeoutMs: 900_000,
      busyTimeoutMs: 1_200_000,
      keepalive: { intervalMs: 15_000, count: 4 },
      bandwidthLimit: undefined,
    });
    expect(settings.jobs.get('pg')).toMatchObject({
      targets: ['vault'],
      deadlineMs: 43_200_000,
      retry: { attempts: 4, delayMs: 30_000, maxDelayMs: 600_000 },
      guard: { maxAgeMs: 93_600_000, maxShrink: 0.5, allowEmpty: false },
      verify: { mode: 'full', timezone: 'UTC' },
      expect: undefined,
    });
  });

  it('turns a guard off, and takes limits in words and numbers', () => {
    const settings = parseConfig(
      'c.yaml',
      text({ job: '    guard: { max_age: off, max_shrink: off }\n    bandwidth_limit: 4096' }),
    );
    expect(settings.jobs.get('pg')).toMatchObject({
      guard: { maxAgeMs: undefined, maxShrink: undefined },
      bandwidthLimit: 4096,
    });
  });

  it.each([
    [{ top: 'runtime_dir: /a b' }, /runtime_dir: .*no white space/],
    [{ top: `runtime_dir: /${'x'.repeat(80)}` }, /at most 60 characters/],
    [
      { targets: `{ a: ${TARGET}, b: ${TARGET} }` },
      /jobs\.pg\.targets: is missing: there are several targets \(a, b\)/,
    ],
    [{ job: '    targets: [vualt]' }, /there is no target "vualt"; known: vault/],
    [{ job: '    bandwidth_limit: 1e24' }, /bandwidth_limit: 1e\+24 must be <= 9007199254740991/],
    [{ job: "    exclude: ['!']" }, /"!" is not an exclude pattern/],
    [{ job: '    exclude: ["a\\nb"]' }, /is not an exclude pattern/],
    [{ job: '    retry: { delay: 1h, max_delay: 1m }' }, /1h is longer than max_delay \(1m\)/],
    [{ job: "    verify: { full_schedule: '99 * * * *' }" }, /jobs\.pg\.verify\.full_schedule/],
    [{ job: "    expect: { schedule: '* * * 13 *' }" }, /jobs\.pg\.expect\.schedule/],
    [{ job: "    expect: { schedule: '0 2 * * *', timezone: Mars }" }, /time zone/],
    [{ targets: `{ x.partial: ${TARGET} }` }, /a name is 1 to 63/],
    [{ targets: '{ vault: { host: h.example.org } }' }, /the key "user" is missing/],
    [{ top: 'alerts: { channels: { p: { type: pager } } }' }, /"pager" is not one of/],
  ])('that breaks a rule is refused: %j', (change, says) => {
    expect(problems(change)).toMatch(says);
  });

  it('tells several broken rules at once, each with its line', () => {
    const told = problems({ job: '    targets: [a, b]\n    retry: { delay: 1h, max_delay: 1m }' });
    expect(told).toMatch(/^c\.yaml: 3 problems/);
    expect(told.match(/line \d+/g)).toHaveLength(3);
  });

  it('with a fault elsewhere still gives its sound alert channels', () => {
    const top = 'secrets_file: /s\nalerts: { channels: { ops: { type: command, command: [/bin/true] } } }';
    const salvaged = (change: string, first = top) => {
      try {
        parseConfig('c.yaml', text({ top: first, job: change }));
      } catch (error) {
        return error as ConfigError;
      }
      throw new Error('it was accepted');
    };
    const typo = salvaged('    sauce: 1');
    expect(typo.alerts).toMatchObject({ channels: { ops: { type: 'command', timeout: '10s', retries: 2 } } });
    expect(typo.secretsFile).toBe('/s');
    expect(salvaged('    targets: [x]').alerts).toBeDefined();
    expect(salvaged('    sauce: 1', top.replace('command:', 'comand:')).alerts).toBeUndefined();
    expect(salvaged('    sauce: 1', top.replace('/s', 's')).alerts).toBeUndefined();
  });

  it('that is missing says where to start', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'offsite-config-'));
    await expect(loadConfig(join(directory, 'no.yaml'))).rejects.toMatchObject({
      message: expect.stringMatching(/does not exist\.$/) as string,
      advice: expect.stringMatching(/^offsite-rsync init writes one/) as string,
    });
    await expect(loadConfig(directory)).rejects.toThrow(/is a directory/);
    await rm(directory, { recursive: true });
  });
});

describe('the secrets of a target', () => {
  const target = parseConfig('c.yaml', text()).targets.get('vault')!;
  const good = {
    H: 'h.example.org',
    P: '2222',
    U: 'canary-user',
    K: '-----BEGIN\nbGluZQ\n-----END',
    N: 'h ssh-ed25519 AAAA',
  };
  const read = (change: Record<string, string | undefined>) =>
    readTargetSecrets(target, { environment: { ...good, ...change } });

  it('are read and known to the redactor, the port only where it stands as one', () => {
    const secrets = read({});
    expect(secrets).toMatchObject({ host: 'h.example.org', port: 2222, user: 'canary-user' });
    const redact = createRedactor(secrets.named);
    expect(redact('canary-user@h.example.org port 2222: 2222 files, bGluZQ')).toBe(
      '[vault.user]@[vault.host] [vault.port]: 2222 files, [vault.identity]',
    );
  });

  it('that are ordinary words are hidden only where they stand as an account', () => {
    const redact = createRedactor(read({ U: 'backup' }).named);
    expect(redact('the backup of backup@h.example.org')).toBe('the backup of [vault.user][vault.host]');
  });

  it('that are missing are all told at once, with target and key', () => {
    expect(() => read({ H: undefined, U: '', K: undefined })).toThrow(SecretError);
    expect(() => read({ H: undefined, U: '', K: undefined })).toThrow(
      /target vault, host: .*H is not set[^]*target vault, user: .*U is empty[^]*target vault, identity: .*K is not set/,
    );
  });

  it('need not hide host keys from others on this host', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'offsite-config-'));
    const file = join(directory, 'known_hosts');
    await writeFile(file, 'h ssh-ed25519 AAAA\n', { mode: 0o644 });
    const open = readTargetSecrets({ ...target, knownHosts: { file } }, { environment: good });
    expect(open.knownHosts.path).toBe(file);
    await chmod(file, 0o666);
    expect(() => readTargetSecrets({ ...target, knownHosts: { file } }, { environment: good })).toThrow(
      /known_hosts: .* can be changed by its group|others/,
    );
    await rm(directory, { recursive: true });
  });

  it('hide the host on the way and the passphrase too', () => {
    const more = { ...target, proxyJump: { env: 'J' }, passphrase: { env: 'W' } };
    const environment = { ...good, J: 'hop-user@jump.example.org:2022', W: 'open sesame' };
    const secrets = readTargetSecrets(more, { environment });
    expect(secrets.jump).toEqual({ host: 'jump.example.org', port: 2022, user: 'hop-user' });
    const redact = createRedactor(secrets.named);
    expect(redact('hop-user@jump.example.org, jump.example.org:2022: open sesame')).toBe(
      '[vault.proxy_jump]@[vault.proxy_jump], [vault.proxy_jump]: [vault.passphrase]',
    );
    expect(() => readTargetSecrets(more, { environment: { ...environment, J: 'a,b' } })).toThrow(
      /proxy_jump: the value is not one host on the way/,
    );
  });

  it('say that no agent is there, without its path', () => {
    const more = { ...target, agent: { env: 'A' } };
    for (const A of ['/nowhere/canary', 'relative', '/etc/passwd']) {
      const read = () => readTargetSecrets(more, { environment: { ...good, A } });
      expect(read).toThrow(/agent: there is no socket at the path/);
      expect(read).not.toThrow(A);
    }
  });

  it.each([{ P: undefined }, { P: '' }, { P: ' ' }])('need no port: with %j it is that of ssh', (change) => {
    const { port, named } = read(change);
    expect(port).toBeUndefined();
    expect(named.map(({ name }) => name)).not.toContain('vault.port');
  });

  it('need the port where it was put into a file', () => {
    const named = { ...target, port: { file: '/nowhere/port' } };
    expect(() => readTargetSecrets(named, { environment: good })).toThrow(/vault, port: .*does not exist/);
  });

  it.each([
    [{ P: '0' }, /port/],
    [{ P: '65536' }, /port/],
    [{ P: '22; x' }, /port/],
    [{ H: '-oProxyCommand=x' }, /host/],
    [{ H: 'user@host' }, /host/],
    [{ H: 'a b' }, /host/],
    [{ U: '-l' }, /user/],
    [{ U: 'a@b' }, /user/],
  ])('of the wrong form are refused without being repeated: %j', (change, key) => {
    const [value = ''] = Object.values(change);
    expect(() => read(change)).toThrow(key);
    try {
      read(change);
    } catch (error) {
      if (value.length > 2) expect((error as Error).message).not.toContain(value);
    }
  });
});
