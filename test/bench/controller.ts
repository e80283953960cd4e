import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './measure.ts';
import type { Bench } from './secondary.ts';

/** Our controller with a configuration of its own. */
export interface Controller {
  run(way: 'gate' | 'rrsync', job: string): Command;
  verify(way: 'gate' | 'rrsync', job: string): Command;
  /** Gives each job this further configuration, instead of what it had. */
  configure(settings: Readonly<Record<string, unknown>>): void;
  /** Id of the newest sealed snapshot. */
  latest(way: 'gate' | 'rrsync', job: string): string;
}

/**
 * @param source what every job sends
 * @param jobs names; a few, as is usual
 * @param settings further configuration of each job
 */
export function setUpController(
  bench: Bench,
  source: string,
  name: string,
  jobs: readonly string[],
  settings: Readonly<Record<string, unknown>> = {},
): Controller {
  const directory = join(bench.directory, `primary-${name}`);
  const at = (file: string) => join(directory, file);
  for (const path of [directory, at('state'), at('run')]) mkdirSync(path, { mode: 0o700 });
  const target = (secondary: 'gate' | 'rrsync') => {
    chmodSync(bench.keyFile(secondary), 0o600);
    return {
      secondary,
      host: { env: 'BENCH_HOST' },
      port: { env: 'BENCH_PORT' },
      user: { env: 'BENCH_USER' },
      identity: { file: bench.keyFile(secondary) },
      known_hosts: { file: bench.knownHosts },
    };
  };
  chmodSync(bench.knownHosts, 0o600);
  const targets = { gate: target('gate'), rrsync: target('rrsync') };
  const configure = (own: Readonly<Record<string, unknown>>): void => {
    const job = {
      source,
      targets: ['gate', 'rrsync'],
      retry: { attempts: 1 },
      guard: { max_age: 'off', allow_empty: true },
      ...own,
    };
    const config = {
      version: 1,
      state_dir: at('state'),
      runtime_dir: at('run'),
      targets,
      jobs: Object.fromEntries(jobs.map((one) => [one, job])),
      alerts: { channels: { nobody: { type: 'command', command: ['/bin/true'], events: ['failure'] } } },
    };
    writeFileSync(at('config.yaml'), JSON.stringify(config));
  };
  configure(settings);
  const env = { BENCH_HOST: '127.0.0.1', BENCH_PORT: String(bench.port), BENCH_USER: bench.account.name };
  const call = (word: string, way: string, job: string): Command => ({
    argv: [process.execPath, bench.programs.cli, word, job, '--target', way, '--config', at('config.yaml')],
    env,
  });
  return {
    run: (way, job) => call('run', way, job),
    verify: (way, job) => call('verify', way, job),
    configure,
    latest: (way, job) => {
      const state = JSON.parse(readFileSync(at(`state/jobs/${job}@${way}.json`), 'utf8')) as {
        sealed: { id: string };
      };
      return state.sealed.id;
    },
  };
}
