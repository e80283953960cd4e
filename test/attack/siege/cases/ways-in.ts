import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { freePort } from '../../../../src/demo/private-sshd.ts';
import { ALIAS } from '../../../support/sshd.ts';
import { until } from '../../../support/until.ts';
import { casesOf, type Case } from '../cases.ts';
import { expectRefused, type Siege } from '../siege.ts';
import { honestPush } from './commands.ts';

/* Other ways into the machine than an honest command line. */

/** A connection of its own: what one asks for that is shared, ssh asks of the master. */
const ALONE = ['-o', 'ControlPath=none'];

const NOTHING_BUT_RSYNC = 'only rsync may be started here';

export const PROGRAMS = casesOf(
  [
    'cat /etc/passwd', 'sh', '/bin/sh -i', 'bash -c id', 'env', 'true', 'internal-sftp', '/usr/lib/openssh/sftp-server', 'scp -t /tmp', 'scp -f /etc/passwd',
    'rsync', 'rsync --version', 'rsync --daemon', 'rsync --daemon --server .', 'rsync --config=/x --daemon --server .', 'rsync --server --daemon .',
    'rsync -e id / /', 'RSYNC --server', '/usr/bin/rsync --server', './rsync --server', 'rrsync /', 'offsite-gate --check', 'offsite-prune web1',
    'list', 'list db', 'git-upload-pack x', 'borg serve', 'exec rsync --server', ' rsync --server', '-rsync --server', '--read web1', '',
  ],
  1,
  (command) => `the command ${JSON.stringify(command)} with the push key`,
  async (siege, command) => {
    const end = await siege.ssh(command);
    // No command at all is what a shell is asked for with.
    expectRefused(end);
    expect(end.stdout).toBe('');
  },
); // prettier-ignore

export const READ_KEY_PROGRAMS = casesOf(
  ['sh', 'cat /etc/passwd', 'rsync --daemon', '/usr/lib/openssh/sftp-server', 'scp -f /etc/passwd', 'list db files', 'list ../x', 'LIST', 'list\ndb', ''],
  1,
  (command) => `the command ${JSON.stringify(command)} with the read key`,
  async (siege, command) => {
    const end = await siege.ssh(command, { key: 'read' });
    expectRefused(end);
    expect(end.stdout).toBe('');
  },
); // prettier-ignore

export const SHELLS: readonly Case[] = [
  ...casesOf(
    [[], ['-t'], ['-tt']],
    2,
    (options) => `a shell, with ${options.join(' ') || 'no option'}`,
    async (siege, options) => {
      const end = await siege.ssh(undefined, { options: [...ALONE, ...options] });
      expect(`${end.stdout}${end.stderr}`).toMatch(/offsite-gate: refused: |PTY allocation request failed/);
      expect(`${end.stdout}${end.stderr}`).not.toMatch(/\$ $/);
      expect(end.code).not.toBe(0);
    },
  ),
  {
    name: 'a terminal for an honest push',
    attack: async (siege) => {
      const end = await siege.ssh(honestPush(siege), { options: [...ALONE, '-tt'], patience: 3000 });
      expect(`${end.stdout}${end.stderr}`).toMatch(/PTY allocation request failed/);
    },
  },
  {
    name: 'ssh -N, which asks for nothing and stays',
    attack: async (siege) => {
      const { code, stdout } = await siege.ssh(undefined, { options: [...ALONE, '-N'], patience: 1500 });
      expect({ code, stdout }).toEqual({ code: -1, stdout: '' });
    },
  },
  {
    name: 'files of the account that sshd would read: rc, environment, authorized_keys',
    attack: async (siege) => {
      for (const name of ['.ssh/rc', '.ssh/environment', '.ssh/authorized_keys', '../home/.ssh/rc', '.bashrc']) {
        expectRefused(await siege.ssh(honestPush(siege).replace(/\S+$/, name)));
      }
    },
  },
];

export const COPIES: readonly Case[] = [
  ...casesOf(
    ['get /etc/passwd', 'put /etc/passwd x', 'ls /', 'symlink / x', '!id'],
    1,
    (words) => `sftp: ${words}`,
    async (siege, words) => {
      const batch = join(siege.aside, 'batch');
      await writeFile(batch, `${words}\n`);
      const end = await siege.run('sftp', '-F', siege.host.sshd.clientConfig, '-b', batch, ALIAS);
      expect(end.code).not.toBe(0);
      expect(end.stderr).toContain('Connection closed');
    },
  ),
  ...casesOf(
    [[], ['-O']],
    0,
    (options) => `scp in both directions, with ${options.join(' ') || 'no option'}`,
    async (siege, options) => {
      const { clientConfig } = siege.host.sshd;
      for (const words of [
        ['/etc/passwd', `${ALIAS}:${siege.outside}/copied`],
        [`${ALIAS}:/etc/passwd`, join(siege.aside, 'copied')],
      ]) {
        const end = await siege.run('scp', ...options, '-F', clientConfig, ...words);
        expect(end.code).not.toBe(0);
        expect(end.stderr).toMatch(/only rsync may be started here|Connection closed/);
      }
      expect(existsSync(join(siege.aside, 'copied'))).toBe(false);
    },
  ),
  ...casesOf(
    ['db/', '', '/', '/etc/', '../../state/web1/'],
    1,
    (place) => `rsync from ${place || 'the root'} with the push key`,
    async (siege, place) => {
      expectRefused(await siege.rsync('-r', `${ALIAS}:${place}`, siege.aside), 'nothing can be read from here');
    },
  ),
];

/** A place on the attacker's side where ssh listens for what it is to forward, and its option. */
const LISTENING: Readonly<Record<string, (at: Places) => readonly string[]>> = {
  '-L': ({ listen, answer }) => ['-L', `${listen}:127.0.0.1:${answer}`],
  '-L of a socket': ({ socket, answer }) => ['-L', `${socket}:127.0.0.1:${answer}`],
  '-L to a socket': ({ listen }) => ['-L', `${listen}:/run/systemd/private`],
  '-D': ({ listen }) => ['-D', `${listen}`],
};

/** What the server would have to listen for, or to make. */
const ASKED: Readonly<Record<string, (at: Places) => readonly string[]>> = {
  '-R': ({ answer }) => ['-R', `0:127.0.0.1:${answer}`],
  '-R of a socket': ({ answer, there }) => ['-R', `${there}:127.0.0.1:${answer}`],
  '-R for any destination': () => ['-R', '0'],
  '-w': () => ['-w', 'any'],
};

interface Places {
  /** Ports here: that of the attacker's ssh, and that of a server which must not be reached. */
  readonly listen: number;
  readonly answer: number;
  /** A socket here, and one on the secondary. */
  readonly socket: string;
  readonly there: string;
}

const ANSWER = 'a way through';

/** Tries something while a server waits for somebody who comes through. */
async function besideServer(siege: Siege, attempt: (places: Places) => Promise<string>): Promise<void> {
  const server = createServer((socket) => socket.end(ANSWER)).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const there = join(siege.outside, 'socket');
    const said = await attempt({ listen: await freePort(), answer: port, socket: join(siege.aside, 'socket'), there });
    expect(said).not.toContain(ANSWER);
    expect(existsSync(there)).toBe(false);
  } finally {
    server.close();
  }
}

/** What comes from a port or socket as soon as somebody listens there. A SOCKS server is asked for the port first. */
async function answerOf(to: { port?: number; path?: string }, socksTo?: number): Promise<string> {
  let said = '';
  await until(async () => {
    const socket = connect(to.path === undefined ? { port: to.port!, host: '127.0.0.1' } : { path: to.path });
    socket.on('data', (bytes) => (said += bytes.toString('latin1')));
    await once(socket, 'connect');
    if (socksTo !== undefined)
      socket.write(Buffer.from([5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, socksTo >> 8, socksTo & 255]));
    setTimeout(() => socket.destroy(), 500);
    await once(socket, 'close');
    return true;
  });
  return said;
}

export const FORWARDING: readonly Case[] = [
  ...casesOf(
    Object.entries(LISTENING),
    1,
    ([way]) => `forwarding with ${way}`,
    (siege, [way, words]) =>
      besideServer(siege, async (places) => {
        const options = [...ALONE, '-N', ...words(places)];
        const client = siege.ssh(undefined, { options, patience: 2000 });
        const to = way === '-L of a socket' ? { path: places.socket } : { port: places.listen };
        const said = await answerOf(to, way === '-D' ? places.answer : undefined);
        return `${said}${(await client).stdout}`;
      }),
  ),
  ...casesOf(
    Object.entries(ASKED),
    1,
    ([way]) => `forwarding with ${way}`,
    (siege, [, words]) =>
      besideServer(siege, async (places) => {
        const options = [...ALONE, '-N', '-o', 'ExitOnForwardFailure=yes', ...words(places)];
        const { code, stdout, stderr } = await siege.ssh(undefined, { options, patience: 3000 });
        expect({ code, stderr }).toEqual({ code: 255, stderr: expect.stringMatching(/fail|denied/i) as string });
        return stdout;
      }),
  ),
  {
    name: 'forwarding with -W',
    often: true,
    attack: (siege) =>
      besideServer(siege, async ({ answer }) => {
        const { code, stdout } = await siege.ssh(undefined, { options: [...ALONE, '-W', `127.0.0.1:${answer}`] });
        expect(code).not.toBe(0);
        return stdout;
      }),
  },
  ...casesOf(
    ['-X', '-Y', '-A'],
    0,
    (way) => `forwarding of a display or agent with ${way}`,
    async (siege, way) => {
      const options = [...ALONE, way];
      expectRefused(await siege.ssh('env', { options, environment: { DISPLAY: ':9' } }), NOTHING_BUT_RSYNC);
      const { stderr } = await siege.ssh('env', { options: [...options, '-v'], environment: { DISPLAY: ':9' } });
      expect(stderr).not.toMatch(/(X11|agent) forwarding (enabled|granted)/i);
    },
  ),
];

/** What a client can set in the environment of its session, where sshd accepts it. */
export const ENVIRONMENT = casesOf(
  [
    ['LC_ALL', 'x'.repeat(50)],
    ['LC_ALL', '../../../../outside'],
    ['LC_CTYPE', 'tr_TR.UTF-8'],
    ['LC_MESSAGES', '\x1b[2J$(id)'],
    ['LANG', '%n%n%n%n'],
    ['LC_SSH_ORIGINAL_COMMAND', 'sh'],
    ['NODE_OPTIONS', '--require=/nonexistent'],
    ['LD_PRELOAD', '/nonexistent.so'],
    ['PYTHONSTARTUP', '/nonexistent.py'],
    ['RSYNC_RSH', 'sh'],
    ['PATH', '/nonexistent'],
    ['SSH_ORIGINAL_COMMAND', 'sh'],
  ] as const,
  1,
  ([name, value]) => `${name}=${JSON.stringify(value.slice(0, 30))} in the environment`,
  async (siege, [name, value]) => {
    const isLocale = /^(LC_|LANG)/.test(name);
    const options = [...ALONE, '-o', isLocale ? `SendEnv=${name}` : `SetEnv=${name}=${value}`];
    const environment = isLocale ? { [name]: value } : {};
    expectRefused(
      await siege.ssh(honestPush(siege).replace('--partial', '--inplace'), { options, environment }),
      'the option --inplace is not allowed',
    );
  },
);
