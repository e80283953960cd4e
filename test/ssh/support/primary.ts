import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { watchArguments } from '../../support/processes.ts';
import type { Secondary } from './secondary.ts';

/** One alert as the command channel passes it on. */
export interface Alert {
  readonly event: string;
  readonly subject: string;
  readonly body: string;
  readonly outcome?: string;
  readonly exit_code?: number;
  readonly reason?: string;
}

/** How one call of the program ended, and everything that it left. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The alerts of this call, oldest first. */
  readonly alerts: readonly Alert[];
  /** Arguments of the program and of every process below it, as `ps` showed them. */
  readonly argv: readonly string[];
  readonly took: number;
}

/** A call that is still running. */
export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Standard error so far. */
  readonly said: () => string;
  readonly ended: Promise<ProgramEnd>;
}

/** Changes to the configuration of a primary; given keys replace existing ones. */
export interface PrimaryConfig {
  readonly target?: Readonly<Record<string, unknown>>;
  readonly job?: Readonly<Record<string, unknown>>;
  readonly top?: Readonly<Record<string, unknown>>;
}

/** A host with one job, one target and a configuration in a directory of its own. */
export interface Primary {
  readonly directory: string;
  readonly job: string;
  readonly source: string;
  readonly state: string;
  readonly config: string;
  /** Environment variables of the program, including the secrets. A test that changes them must restore them. */
  readonly environment: Record<string, string>;
  /** Words before the program's own, such as `unshare --net`. */
  wrapper: readonly string[];
  configure(change?: PrimaryConfig): Promise<void>;
  /** Calls the program with `--config` added, and checks that no secret appears in anything that it leaves behind. */
  call(...words: string[]): Promise<ProgramEnd>;
  start(...words: string[]): Promise<Running>;
  /** Runs the job; throws unless it is secured. Returns the id of the new snapshot. */
  secure(): Promise<string>;
  history(): Promise<Record<string, unknown>[]>;
  jobState(): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** A path that is a credential, like that of a webhook. */
const CANARY_PATH = 'T0CANARY/hook-4711-canary';
/** `nobody`, because ssh needs a user that exists. Only root can become this user. */
const ORDINARY = 65_534;

/**
 * Makes a primary for one job.
 * @param ordinary run the program as a user who may not read everything; if we are not root, that is us
 */
export async function makePrimary(
  { sshd, line }: Pick<Secondary, 'sshd' | 'line'>,
  job: string,
  { ordinary = false }: { ordinary?: boolean } = {},
): Promise<Primary> {
  const directory = await mkdtemp(join(tmpdir(), 'offsite-'));
  await chmod(directory, 0o755);
  const at = (name: string) => join(directory, name);
  const other = ordinary && process.getuid?.() === 0;
  const own = () => {
    if (other) spawnSync('chown', ['-R', `${ORDINARY}:${ORDINARY}`, directory]);
  };
  await mkdir(at('source'));
  await mkdir(at('state'), { mode: 0o700 });
  await mkdir(at('run'), { mode: 0o700 });
  await writeFile(at('alerts'), '', { mode: 0o600 });
  await copyFile(sshd.clientKey, at('key'));
  await chmod(at('key'), 0o600);
  await writeFile(at('known_hosts'), sshd.knownHosts(line.host, line.port), { mode: 0o600 });
  // The administrator's own program, which records the alerts.
  await writeFile(at('tell'), '#!/bin/sh\ncat >> "$1"\n', { mode: 0o755 });

  const environment: Record<string, string> = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: directory,
    VAULT_HOST: line.host,
    VAULT_PORT: String(line.port),
    VAULT_USER: sshd.account.name,
    // Nothing listens there, so this alert fails, and its failure is reported without the URL.
    HOOK_URL: `http://${line.host}:4711/${CANARY_PATH}`,
  };
  const keyLine = (await readFile(at('key'), 'utf8')).split('\n')[2] ?? '';
  const canaries = () => [
    environment.VAULT_HOST ?? line.host,
    CANARY_PATH,
    'hook-4711-canary',
    ...(process.getuid?.() === 0 ? [sshd.account.name] : []),
    keyLine,
  ];

  const primary: Primary = {
    directory,
    job,
    source: at('source'),
    state: at('state'),
    config: at('config.yaml'),
    environment,
    wrapper: [],
    configure: async (change = {}) => {
      const text = JSON.stringify({
        version: 1,
        state_dir: at('state'),
        runtime_dir: at('run'),
        targets: {
          vault: {
            secondary: 'rrsync',
            host: { env: 'VAULT_HOST' },
            port: { env: 'VAULT_PORT' },
            user: { env: 'VAULT_USER' },
            identity: { file: at('key') },
            known_hosts: { file: at('known_hosts') },
            connect_timeout: '2s',
            io_timeout: '10s',
            busy_timeout: '10s',
            keepalive: { interval: '1s', count: 2 },
            ...change.target,
          },
        },
        jobs: {
          [job]: {
            source: at('source'),
            retry: { attempts: 1, delay: '100ms', max_delay: '200ms' },
            deadline: '2m',
            ...change.job,
          },
        },
        alerts: {
          channels: {
            file: {
              type: 'command',
              command: [at('tell'), at('alerts')],
              events: ['success', 'failure', 'recovery', 'warning'],
            },
            hook: { type: 'webhook', url: { env: 'HOOK_URL' }, retries: 0, timeout: '1s', events: ['failure'] },
          },
        },
        ...change.top,
      });
      await writeFile(at('config.yaml'), text, { mode: 0o644 });
    },
    call: async (...words) => (await primary.start(...words)).ended,
    start: async (...words) => {
      own();
      const alertsBefore = (await readFile(at('alerts'), 'utf8')).length;
      const began = performance.now();
      const argv = [process.execPath, inject('cli'), ...words, '--config', at('config.yaml')];
      const drop = ['setpriv', `--reuid=${ORDINARY}`, `--regid=${ORDINARY}`, '--clear-groups', '--'];
      const [program = '', ...args] = [...primary.wrapper, ...(other ? drop : []), ...argv];
      const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], cwd: directory });
      const watch = watchArguments(child.pid ?? 0);
      const out: Buffer[] = [];
      const error: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => error.push(chunk));
      const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code))).then(
        async (code): Promise<ProgramEnd> => {
          const end = {
            code,
            stdout: Buffer.concat(out).toString(),
            stderr: Buffer.concat(error).toString(),
            alerts: parseLines((await readFile(at('alerts'), 'utf8')).slice(alertsBefore)) as unknown as Alert[],
            argv: watch.stop().seen,
            took: performance.now() - began,
          };
          await expectDiscretion(end);
          return end;
        },
      );
      return { child, pid: child.pid ?? 0, said: () => Buffer.concat(error).toString(), ended };
    },
    secure: async () => {
      const { code, stdout, stderr } = await primary.call('run', job);
      if (code !== 0) throw new Error(`exit ${code}: ${stdout}${stderr}`);
      const id = /secured as (\S+)/.exec(stdout)?.[1];
      if (id === undefined) throw new Error(`no snapshot id in: ${stdout}`);
      return id;
    },
    history: async () => parseLines(await readFile(at('state/history.jsonl'), 'utf8')),
    jobState: async () =>
      JSON.parse(await readFile(at(`state/jobs/${job}@vault.json`), 'utf8')) as Record<string, unknown>,
    stop: async () => {
      spawnSync('chmod', ['-R', 'u+rwX', directory]);
      await rm(directory, { recursive: true, force: true });
    },
  };

  /** No byte of a secret in anything that leaves the program, in success and in every failure. */
  async function expectDiscretion(end: ProgramEnd): Promise<void> {
    const places = new Map([
      ['standard output', end.stdout],
      ['standard error', end.stderr],
      ['the alerts', await readFile(at('alerts'), 'utf8')],
      ['the arguments of a process', end.argv.join('\n')],
    ]);
    for (const name of isDirectory(at('state')) ? await readdir(at('state'), { recursive: true }) : []) {
      places.set(`state/${name}`, await readFile(join(at('state'), name), 'utf8').catch(() => ''));
    }
    for (const [place, text] of places) {
      for (const canary of canaries()) {
        expect(text.includes(canary), `${canary} shows in ${place}: ${text}`).toBe(false);
      }
    }
  }

  await primary.configure();
  return primary;
}

/** A test may have replaced it with something else. */
function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function parseLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
