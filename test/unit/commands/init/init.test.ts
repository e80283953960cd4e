import { execFileSync } from 'node:child_process';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoppedAsking, type Ask } from '../../../../src/commands/init/ask.ts';
import { fingerprintOf } from '../../../../src/commands/init/host-key.ts';
import { UsageError } from '../../../../src/commands/selection.ts';
import { parseConfig } from '../../../../src/config/load.ts';
import { SignalReceived } from '../../../../src/run/failure.ts';
import { HOST_KEY, newcomer, type Newcomer } from './support.ts';

const hostKeyFingerprint = fingerprintOf(HOST_KEY.split(' ')[1] ?? '');
let here: Newcomer;
const flags = (more = {}) => ({
  yes: true,
  host: 'h.example.org',
  source: here.at('dumps'),
  hostKeyFingerprint,
  ...more,
});

beforeEach(async () => {
  here = await newcomer();
});
afterEach(() => here.remove());

describe('init --yes', () => {
  it('writes everything with the right modes, and ends with doctor', async () => {
    const { code, examined } = await here.init(flags({ due: '15 2 * * *', port: '2222' }));
    expect([code, examined]).toEqual([0, ['dumps']]);
    const files = await here.files();
    expect(Object.entries(files).map(([name, text]) => [name, text.slice(0, 3)])).toEqual([
      ['config.yaml', '644'],
      ['secrets.env', '600'],
      ['vault.key', '600'],
      ['vault.key.pub', '644'],
      ['vault.known_hosts', '600'],
    ]);
    expect(files['secrets.env']).toBe('600 VAULT_HOST=h.example.org\nVAULT_PORT=2222\nVAULT_USER=offsite-db1\n');
    expect(files['vault.known_hosts']).toBe(`600 h.example.org ${HOST_KEY}\n`);
    expect(files['config.yaml']).not.toContain('h.example.org');
    const settings = parseConfig('c', files['config.yaml']?.slice(4) ?? '');
    expect(settings.targets.get('vault')).toMatchObject({
      secondary: 'gate',
      identity: { file: here.at('etc/vault.key') },
    });
    expect(settings.jobs.get('dumps')).toMatchObject({ source: here.at('dumps'), expect: { schedule: '15 2 * * *' } });
  });

  it('makes an ed25519 key of its own, and prints the exact lines for it', async () => {
    const { context } = await here.init(flags({ backupUnit: 'pg-backup.service' }));
    const key = execFileSync('ssh-keygen', ['-y', '-P', '', '-f', here.at('etc/vault.key')], { encoding: 'utf8' });
    const [type, blob] = key.split(' ');
    const line = `${type} ${blob?.trim()}`;
    expect(type).toBe('ssh-ed25519');
    expect(context.said()).toContain(
      `  echo '${line} offsite-rsync-db1' > /root/db1.pub && offsite-secondary add-host db1 --key /root/db1.pub --job dumps\n`,
    );
    expect(context.said()).toContain(
      `  command="/usr/local/bin/offsite-gate db1",restrict ${line} offsite-rsync-db1\n`,
    );
    expect(context.said()).not.toContain('alert test'); // there is no channel
    expect(context.said()).toContain('offsite-secondary add-host db1 --read-key offsite-read.key.pub');
    // An ordinary user has a service manager of his own.
    const own = process.getuid?.() === 0 ? '' : ' --user';
    expect(context.said()).toContain(
      `offsite-rsync units dumps --backup-unit pg-backup.service${own} --write --config`,
    );
    expect(context.said()).toContain(`systemctl${own} enable --now offsite-rsync-freshness.timer`);
  });

  it('prints the lines of a plain rrsync, and of another account', async () => {
    const { context } = await here.init(flags({ secondary: 'rrsync', user: 'box7' }));
    expect(context.said()).toContain('add-host db1 --account box7 --rrsync --key');
    expect(context.said()).toContain(
      'command="/usr/bin/rrsync -wo -no-del -munge /srv/offsite/db1",restrict ssh-ed25519',
    );
  });

  it('takes the endpoint from the environment, where no process list shows it', async () => {
    const context = { environment: { VAULT_HOST: 'quiet.example.org', NTFY_URL: 'https://ntfy.sh/canary' } };
    await here.init(flags({ host: undefined }), { context });
    const { 'secrets.env': secrets, 'config.yaml': config } = await here.files();
    expect(secrets).toContain('VAULT_HOST=quiet.example.org\n');
    expect(secrets).toContain('NTFY_URL=https://ntfy.sh/canary\n');
    expect(config).toMatch(/phone:\n {6}type: ntfy\n {6}url: \{ env: NTFY_URL \}/);
  });
});

describe('init, typed again', () => {
  it('changes nothing, and asks nothing that is known', async () => {
    await here.init(flags());
    const before = await here.files();
    const { code, context, examined } = await here.init({ yes: true });
    expect(await here.files()).toEqual(before);
    expect([code, examined]).toEqual([0, ['dumps']]);
    expect(context.said()).toMatch(
      /^is there {2}\S+vault\.key\nis there {2}\S+known_hosts\nis there .*\nis there .*\n/,
    );
  });

  it.each(['vault.key', 'vault.known_hosts', 'secrets.env', 'config.yaml'])(
    'goes on where %s is missing',
    async (name) => {
      await here.init(flags());
      const before = await here.files();
      await rm(here.at(`etc/${name}`));
      await here.init(flags());
      const after = await here.files();
      expect(Object.keys(after)).toEqual(Object.keys(before));
      const changed = Object.keys(after).filter((file) => after[file] !== before[file]);
      expect(changed).toEqual(name === 'vault.key' ? ['vault.key', 'vault.key.pub'] : []);
    },
  );

  it('adds a job, keeps what somebody wrote, and overwrites no secret', async () => {
    await here.init(flags());
    await appendFile(here.at('etc/config.yaml'), '# mine\n');
    await appendFile(here.at('etc/secrets.env'), 'OTHER=1');
    const { told } = await here.init(flags({ job: 'www', host: 'elsewhere.example.org' }));
    const { 'config.yaml': config = '', 'secrets.env': secrets } = await here.files();
    expect(config).toContain('# mine');
    expect([...parseConfig('c', config.slice(4)).jobs.keys()]).toEqual(['dumps', 'www']);
    expect(secrets).toBe('600 VAULT_HOST=h.example.org\nVAULT_USER=offsite-db1\nOTHER=1');
    expect(told).toContain('--host ADDRESS is not used');
  });
});

describe('a host key', () => {
  const refused = async (more: object, scan?: string[]) => {
    const called = await here.init(flags({ hostKeyFingerprint: undefined, ...more }), scan ? { scan } : {});
    expect(await here.files()).toEqual({});
    return called;
  };

  it('that is not the one that was given is refused, and nothing is written', async () => {
    const { code, told } = await refused({ hostKeyFingerprint: 'SHA256:canary' });
    expect(code).toBe(11);
    expect(told).toContain(`shows another host key than --host-key-fingerprint: ssh-ed25519 ${hostKeyFingerprint}`);
  });

  it('is not trusted silently by --yes', async () => {
    const trying = here.init(flags({ hostKeyFingerprint: undefined }));
    await expect(trying).rejects.toThrow(UsageError);
    await expect(trying).rejects.toThrow(/--host-key-fingerprint SHA256:… \(or --accept-new-host-key/);
    expect(await here.files()).toEqual({});
  });

  it('may be accepted as it is, which is said', async () => {
    const { code, told } = await here.init(flags({ hostKeyFingerprint: undefined, acceptNewHostKey: true }));
    expect([code, told]).toEqual([
      0,
      expect.stringContaining(
        `Trusted without a comparison (--accept-new-host-key): ssh-ed25519 ${hostKeyFingerprint}`,
      ),
    ]);
  });

  it('that nobody shows ends it', async () => {
    const { code, told } = await refused({ acceptNewHostKey: true }, []);
    expect([code, told]).toEqual([10, expect.stringContaining('No ssh server of the secondary answered')]);
  });

  it('is shown and compared by somebody', async () => {
    const { code, told } = await here.init(flags({ yes: false, hostKeyFingerprint: undefined }), { ask: somebody() });
    expect([code, told]).toEqual([
      11,
      expect.stringContaining(`The host key of the secondary is ssh-ed25519 ${hostKeyFingerprint}`),
    ]);
    expect(await here.files()).toEqual({});
  });
});

/** Answers every question; agrees to nothing; stops at the question with this number, from 0. */
function somebody({ stopsAt = Infinity, agrees = false } = {}): Ask & { readonly asked: string[] } {
  const asked: string[] = [];
  const next = <T>(what: string, answer: T): Promise<T> => {
    if (asked.length === stopsAt) return Promise.reject(new StoppedAsking());
    asked.push(what);
    return Promise.resolve(answer);
  };
  const answers: Record<string, string> = { '--host ADDRESS': 'h.example.org', '--source DIR': here.at('dumps') };
  return {
    asked,
    somebody: true,
    answer: ({ flag, byDefault }) => next(flag, answers[flag] ?? byDefault ?? ''),
    agree: (message) => next(message, agrees),
  };
}

describe('a host on the way', () => {
  const jump = 'hop.example.org:2200';

  it('is a reference, and everything but known_hosts is written before anybody can get through it', async () => {
    const { code, told, context } = await here.init(flags({ proxyJump: jump }), { scan: [] });
    expect([code, told]).toEqual([10, expect.stringContaining('No ssh server of the host on the way answered')]);
    const files = await here.files();
    expect(Object.keys(files)).toEqual(['config.yaml', 'secrets.env', 'vault.key', 'vault.key.pub']);
    expect(files['config.yaml']).toContain('proxy_jump: { env: VAULT_JUMP }');
    expect(files['config.yaml']).not.toContain('hop.example');
    expect(files['secrets.env']).toContain(`VAULT_JUMP=${jump}\n`);
    const [type, blob] = files['vault.key.pub']?.split(' ').slice(1) ?? [];
    const line = `restrict,port-forwarding,permitopen="ADDRESS:PORT",command="/bin/false" ${type} ${blob} offsite-rsync-db1`;
    expect(context.said()).toContain(`  ${line}\n`);
    const again = await here.init({ yes: true }, { scan: [] });
    expect(again.code).toBe(10);
    expect(await here.files()).toEqual(files);
  });

  it('may be in the environment', async () => {
    await here.init(flags(), { scan: [], context: { environment: { VAULT_JUMP: jump } } });
    expect((await here.files())['secrets.env']).toContain(`VAULT_JUMP=${jump}\n`);
  });

  it('has a host key that is not trusted silently either', async () => {
    const scan = [`hop.example.org ${HOST_KEY}`];
    await expect(here.init(flags({ proxyJump: jump }), { scan })).rejects.toThrow(
      /give --jump-host-key-fingerprint SHA/,
    );
    const other = await here.init({ yes: true, jumpHostKeyFingerprint: 'SHA256:canary' }, { scan });
    expect([other.code, other.told]).toEqual([
      11,
      expect.stringContaining('The host on the way shows another host key than --jump-host-key-fingerprint'),
    ]);
    expect(Object.keys(await here.files())).not.toContain('vault.known_hosts');
  });

  it('is not added to a target that is there', async () => {
    await here.init(flags());
    const before = await here.files();
    const { code, told } = await here.init({ yes: true, proxyJump: jump });
    expect([code, told]).toEqual([0, expect.stringContaining('--proxy-jump is not used')]);
    expect(await here.files()).toEqual(before);
  });
});

describe('somebody who is asked', () => {
  it('may stop at any question: one line, nothing half written', async () => {
    const all = somebody({ agrees: true });
    expect((await here.init({}, { ask: all })).code).toBe(0);
    const whole = Object.keys(await here.files());
    await rm(here.at('etc'), { recursive: true });
    expect(all.asked).toHaveLength(12);
    for (let stopsAt = 0; stopsAt < all.asked.length; stopsAt += 1) {
      const { code, context } = await here.init({}, { ask: somebody({ stopsAt, agrees: true }) });
      const last = stopsAt === all.asked.length - 1;
      expect(code).toBe(130);
      const errors = context.lines.filter(({ level }) => level === 'error').map(({ text }) => text);
      expect(errors).toEqual([
        expect.stringMatching(last ? /^Stopped\. What is written stays/ : /^Stopped\. Nothing was/),
      ]);
      expect(Object.keys(await here.files())).toEqual(last ? whole : []);
    }
  });

  it('is asked again for an address where nobody answers, and for nothing else', async () => {
    const ask = somebody({ agrees: true });
    const { code, told } = await here.init({}, { ask, silent: 2 });
    expect([code, told]).toEqual([0, expect.stringContaining('No ssh server answered at that address and port')]);
    expect(ask.asked.filter((flag) => flag === '--host ADDRESS')).toHaveLength(3);
    expect(ask.asked).toHaveLength(12 + 2 * 2);
    expect((await here.files())['secrets.env']).toBe('600 VAULT_HOST=h.example.org\nVAULT_USER=offsite-db1\n');
  });

  it('may call the secondary by its name: no path in the messages has a hole then', async () => {
    const { context } = await here.init(flags({ host: 'vault' }));
    expect(context.redactor.redact('/etc/offsite-rsync/vault.key')).toBe('/etc/offsite-rsync/vault.key');
  });

  it('ends it with a signal by that signal', async () => {
    const signal = AbortSignal.abort(new SignalReceived('SIGTERM'));
    const { code } = await here.init({}, { ask: somebody({ stopsAt: 3 }), context: { signal } });
    expect(code).toBe(143);
  });

  it('may call doctor later', async () => {
    const ask = somebody({ agrees: true });
    const later: Ask = { ...ask, agree: (message) => Promise.resolve(!message.includes('doctor')) };
    const { code, examined, told } = await here.init({}, { ask: later });
    expect([code, examined]).toEqual([0, []]);
    expect(told).toContain('When it has: offsite-rsync doctor');
  });
});

describe('without a terminal', () => {
  it('a missing answer is one line that names its flag', async () => {
    await expect(here.init({})).rejects.toThrow(
      'There is no terminal to ask on: give --target NAME, or --yes for what is usual (vault).',
    );
    await expect(here.init(flags({ host: undefined }))).rejects.toThrow(
      '--yes asks nothing, and there is nothing usual: give --host ADDRESS.',
    );
    expect(await here.files()).toEqual({});
  });

  it.each([
    [{ host: 'user@h' }, /^--host: the value is not a host name/],
    [{ port: '0' }, /^--port: a port number from 1/],
    [{ proxyJump: 'a,b' }, /^--proxy-jump: one host on the way/],
    [{ job: 'a b' }, /^--job: a name is 1 to 63/],
    [{ source: 'relative' }, /^--source: an absolute path/],
    [{ source: '/nowhere/at/all' }, /^--source: \/nowhere\/at\/all does not exist/],
    [{ due: 'at night' }, /^--due: /],
    [{ ntfyUrl: 'topic' }, /^--ntfy-url: a URL such as/],
    [{ secondary: 'nas' }, /^--secondary: gate or rrsync/],
  ])('an answer that cannot be is refused: %j', async (more, message) => {
    const trying = here.init(flags(more));
    await expect(trying).rejects.toThrow(UsageError);
    await expect(trying).rejects.toThrow(message);
    expect(await here.files()).toEqual({});
  });

  it('a configuration that is broken stays as it is', async () => {
    await here.init(flags());
    await writeFile(here.at('etc/config.yaml'), 'version: 1\n');
    const before = await here.files();
    await expect(here.init(flags())).rejects.toThrow(/the key "targets" is missing/);
    expect(await here.files()).toEqual(before);
  });
});
