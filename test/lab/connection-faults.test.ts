import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRandom, tellSeed } from '../support/seed.ts';
import { startDeafServer } from '../ssh/support/deaf-server.ts';
import { expectFault } from '../ssh/support/fault.ts';
import type { Primary } from '../ssh/support/primary.ts';
import { argumentsOf, descendants } from '../support/processes.ts';
import { startSecured } from '../ssh/support/secured.ts';
import type { Secondary } from '../ssh/support/secondary.ts';

const MIB = 1024 * 1024;

let secondary: Secondary;
let primary: Primary;

beforeAll(async () => {
  const secured = await startSecured();
  ({ secondary, primary } = secured);
  return () => secured.stop();
});

/** Changes environment variables of the program for one fault. */
function environment(change: Record<string, string>) {
  const before = { ...primary.environment };
  return {
    provoke: () => Object.assign(primary.environment, change),
    undo: () => Object.assign(primary.environment, before),
  };
}

/** Changes a file for one fault. */
function file(path: string, text: () => Promise<string>) {
  let before = '';
  return {
    provoke: async () => {
      before = await readFile(path, 'utf8');
      await writeFile(path, await text());
    },
    undo: () => writeFile(path, before),
  };
}

const keyFile = () => join(primary.directory, 'key');

/** Spoils the private key for one fault. */
function key(spoil: () => unknown) {
  let before = '';
  return {
    provoke: async () => {
      before = await readFile(keyFile(), 'utf8');
      await spoil();
    },
    undo: () => writeFile(keyFile(), before),
  };
}

describe('a connection that does not come about', () => {
  it('because the secondary shows another host key', async () => {
    const { end } = await expectFault(primary, secondary, {
      ...file(join(primary.directory, 'known_hosts'), async () => {
        const other = await readFile(join(secondary.sshd.directory, 'client_key.pub'), 'utf8');
        return `[${secondary.line.host}]:${secondary.line.port} ${other}`;
      }),
      code: 11,
      says: /another host key than known_hosts has/,
      advises: /Check known_hosts/,
    });
    expect((await primary.history()).at(-2)).toMatchObject({ attempts: 1 });
    expect(end.stderr).not.toContain('next attempt');
  });

  it('because known_hosts has no key of it', () =>
    expectFault(primary, secondary, {
      ...file(join(primary.directory, 'known_hosts'), () => Promise.resolve('# nobody\n')),
      code: 11,
      says: /known_hosts has no key of the secondary/,
      advises: /Check known_hosts/,
    }));

  it('because the private key has a passphrase', () =>
    expectFault(primary, secondary, {
      ...key(() => execFileSync('ssh-keygen', ['-q', '-p', '-N', 'secret', '-f', keyFile()], { stdio: 'ignore' })),
      code: 3,
      says: /identity: the private key has a passphrase/,
      advises: /ssh-keygen -p -f/,
    }));

  it('because the private key was copied by way of Windows', () =>
    expectFault(primary, secondary, {
      ...key(async () => writeFile(keyFile(), (await readFile(keyFile(), 'utf8')).replaceAll('\n', '\r\n'))),
      code: 3,
      says: /the line ends of Windows/,
      advises: /sed -i/,
    }));

  it('because another key’s .pub lies beside the private key', () =>
    expectFault(primary, secondary, {
      provoke: () => {
        execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', `${keyFile()}.other`]);
        renameSync(`${keyFile()}.other.pub`, `${keyFile()}.pub`);
      },
      undo: () => rm(`${keyFile()}.pub`),
      code: 3,
      says: /key\.pub belongs to another key, and ssh would offer that one/,
      advises: /ssh-keygen -y -f/,
    }));

  it('because something else than ssh listens on the port', async () => {
    const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'));
    await new Promise<void>((resolve) => web.listen(0, secondary.line.host, resolve));
    const { port } = web.address() as AddressInfo;
    await expectFault(primary, secondary, {
      ...environment({ VAULT_PORT: String(port) }),
      code: 10,
      says: /hung up before it said that it is an ssh server: is that the port of its sshd/,
      advises: /host and port secrets are right/,
    });
    web.close();
  });

  it('because the account does not accept the key; that is not tried again', async () => {
    await primary.configure({ job: { retry: { attempts: 3, delay: '100ms' } } });
    await expectFault(primary, secondary, {
      provoke: () => secondary.lockOut(),
      undo: () => secondary.force(),
      code: 11,
      says: /does not accept this key for this account/,
      advises: /public key is in authorized_keys/,
    });
    expect((await primary.history()).at(-2)).toMatchObject({ attempts: 1 });
    await primary.configure();
  });

  it('because nothing listens on the port; that is tried again, each time under a new id', async () => {
    await primary.configure({ job: { retry: { attempts: 3, delay: '100ms' } } });
    const { end } = await expectFault(primary, secondary, {
      provoke: () => secondary.line.hangUp(),
      undo: () => secondary.line.listen(),
      code: 10,
      says: /nothing listens on the port/,
      advises: /Check that the secondary is up and reachable/,
    });
    expect((await primary.history()).at(-2)).toMatchObject({ attempts: 3 });
    const ids = [...end.stderr.matchAll(/snapshot (\S+), attempt/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(3);
    expect(ids).toEqual([...ids].sort());
    await primary.configure();
  });

  it('because nobody answers at all: the time-out ends it', async () => {
    const deaf = await startDeafServer(secondary.line.host);
    const { end } = await expectFault(primary, secondary, {
      ...environment({ VAULT_PORT: String(deaf.port) }),
      code: 10,
      says: /did not answer in time/,
      advises: /Check that the secondary is up and reachable/,
    });
    expect(end.took).toBeLessThan(10_000);
    await deaf.stop();
  });

  it('because the secondary takes the connection and says nothing', async () => {
    const { end } = await expectFault(primary, secondary, {
      provoke: () => secondary.line.freeze(),
      undo: () => secondary.line.mend(),
      code: 10,
      says: /did not answer in time/,
      advises: /Check that the secondary is up and reachable/,
    });
    expect(end.took).toBeLessThan(10_000);
  });

  it.skipIf(process.getuid?.() !== 0)('because there is no route (needs root, for a network of its own)', () =>
    expectFault(primary, secondary, {
      provoke: () => (primary.wrapper = ['unshare', '--net', '--']),
      undo: () => (primary.wrapper = []),
      code: 10,
      says: /there is no route to the secondary/,
      advises: /Check that the secondary is up and reachable/,
    }),
  );

  it('because the name does not resolve', () =>
    expectFault(primary, secondary, {
      ...environment({ VAULT_HOST: 'canary-4711.invalid' }),
      code: 10,
      says: /host name of the secondary does not resolve/,
      advises: /host and port secrets are right/,
    }));
});

describe('a connection that breaks', () => {
  // Under a new name each time, so that no older version of the file stands before the broken one as a basis.
  let dumps = 0;
  const newDump = async () => {
    await rm(join(primary.source, `big-${dumps}.dump`), { force: true });
    dumps += 1;
    await writeFile(join(primary.source, `big-${dumps}.dump`), randomBytes(3 * MIB));
  };

  beforeEach(async () => {
    await newDump();
    await primary.configure({ target: { bandwidth_limit: '3MiB' } });
  });

  const lost = { code: 12, says: /connection lost/, advises: /The next run resumes where the last one stopped/ };

  it('is tried again under a new id within the run, from what is there already', async () => {
    await primary.configure({ target: { bandwidth_limit: '3MiB' }, job: { retry: { attempts: 3, delay: '100ms' } } });
    const before = (await secondary.snapshots('postgres')).length;
    secondary.line.after(1.5 * MIB, () => secondary.line.cut());
    const end = await primary.call('run', 'postgres');
    expect(end.code).toBe(0);
    expect(end.stderr).toMatch(/warning: .*attempt 1: .*; next attempt in /);
    const record = (await primary.history()).at(-1) as { attempts: number; transfer: { literalBytes: number } };
    expect(record.attempts).toBe(2);
    expect(record.transfer.literalBytes).toBeLessThan(2.5 * MIB);
    expect(end.alerts).toMatchObject([{ event: 'success' }]);
    const ids = await secondary.snapshots('postgres');
    expect(ids).toHaveLength(before + 2);
    expect((await secondary.sealed('postgres')).at(-1)).toBe(ids.at(-1));
    expect(await secondary.sealed('postgres')).not.toContain(ids.at(-2));
  });

  it('without a word (no FIN): the keepalive ends it', async () => {
    const { end } = await expectFault(primary, secondary, {
      ...lost,
      provoke: () => secondary.line.after(1.5 * MIB, () => secondary.line.freeze()),
      undo: () => {
        secondary.line.mend();
        return primary.configure();
      },
    });
    expect(end.took).toBeLessThan(15_000);
  });

  it('because the rsync of the secondary is killed at a random moment', async () => {
    const random = createRandom(tellSeed('moments at which the server is killed'));
    for (let round = 0; round < 3; round += 1) {
      await newDump();
      await primary.configure({ target: { bandwidth_limit: '3MiB' } });
      await expectFault(primary, secondary, {
        ...lost,
        provoke: () =>
          secondary.line.after(Math.floor((0.1 + random() * 2.5) * MIB), () => {
            // The push does not end while somebody looks for it.
            secondary.line.weather({ holdUp: () => 200 });
            void secondary.servers().then((pids) => {
              pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
              secondary.line.weather();
            });
          }),
        undo: () => primary.configure(),
      });
    }
  });

  it.each([
    [
      'the ssh of the session',
      (argv: readonly string[]) => argv[0] === 'ssh' && argv.includes('vault') && argv.includes('rsync'),
    ],
    ['the ssh of the connection', (argv: readonly string[]) => argv[0] === 'ssh' && argv.includes('ControlMaster=yes')],
    ['our own rsync', (argv: readonly string[]) => argv[0] === 'rsync' && argv.includes('--partial')],
  ])('because %s is killed here', async (_, chosen) => {
    await expectFault(primary, secondary, {
      ...lost,
      provoke: () => undefined,
      undo: () => primary.configure(),
      run: async () => {
        const running = await primary.start('run', 'postgres');
        const reached = new Promise<void>((resolve) => secondary.line.after(1.5 * MIB, resolve));
        await Promise.race([reached, running.ended]);
        const victims = descendants(running.pid).filter((pid) => chosen(argumentsOf(pid) ?? []));
        expect(victims).not.toEqual([]);
        for (const pid of victims) process.kill(pid, 'SIGKILL');
        return running.ended;
      },
    });
  });

  it('for longer than the deadline: the run ends and the next one resumes', async () => {
    await primary.configure({ target: { bandwidth_limit: '512KiB' }, job: { deadline: '3s' } });
    const { end } = await expectFault(primary, secondary, {
      provoke: () => undefined,
      undo: () => primary.configure(),
      code: 13,
      says: /not finished within the deadline of 3\.0 s/,
      advises: /Raise the deadline of the job/,
    });
    expect(end.took).toBeLessThan(10_000);
    const { transfer } = (await primary.history()).at(-1) as { transfer: { literalBytes: number } };
    expect(transfer.literalBytes).toBeLessThan(2.8 * MIB);
  });
});
