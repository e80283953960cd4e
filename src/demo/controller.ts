import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startProcess } from '../platform/process.ts';
import { parseRunRecord, type RunRecord } from '../state/run-record.ts';

/** The program itself, called as an administrator or a unit would call it. */
export interface Controller {
  run(): Promise<{ readonly record: RunRecord; readonly code: number }>;
  verify(): Promise<{ readonly report: VerifyOutput; readonly code: number }>;
  /** The alerts that the demo's channel has received, oldest first. */
  alerts(): Promise<readonly Alert[]>;
}

/** The part of the output of `verify --json` that the demo shows. */
export interface VerifyOutput {
  readonly outcome: string;
  readonly reason: string;
  readonly files: number;
  readonly comparison: { readonly differences: readonly { readonly kind: string; readonly name: string }[] } | null;
}

/** An alert as the command channel receives it. */
export interface Alert {
  readonly event: string;
  readonly subject: string;
}

/** What the controller needs to know. */
export interface ControllerSpec {
  readonly directory: string;
  readonly source: string;
  readonly secondary: 'gate' | 'rrsync';
  readonly port: number;
  readonly user: string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** How this program is started. */
  readonly program: readonly string[];
  /** Aborts what the program is doing. */
  readonly signal: AbortSignal;
}

/** Writes a configuration with its secrets, and calls the program with it. */
export async function setUpController(spec: ControllerSpec): Promise<Controller> {
  const path = (name: string) => join(spec.directory, name);
  const secrets = `DEMO_HOST=127.0.0.1\nDEMO_PORT=${spec.port}\nDEMO_USER=${spec.user}\n`;
  await writeFile(path('secrets.env'), secrets, { mode: 0o600 });
  const record = 'IFS= read -r alert; printf "%s\\n" "$alert" >> "$1"';
  await writeFile(
    path('config.yaml'),
    stringify({
      version: 1,
      secrets_file: path('secrets.env'),
      state_dir: path('state'),
      runtime_dir: path('run'),
      targets: {
        vault: {
          secondary: spec.secondary,
          host: { env: 'DEMO_HOST' },
          port: { env: 'DEMO_PORT' },
          user: { env: 'DEMO_USER' },
          identity: { file: spec.keyFile },
          known_hosts: { file: spec.knownHostsFile },
          io_timeout: '10s',
        },
      },
      jobs: { shop: { source: spec.source, retry: { attempts: 1 }, guard: { max_age: 'off' } } },
      alerts: {
        channels: {
          demo: { type: 'command', command: ['/bin/sh', '-c', record, 'record', path('alerts.jsonl')] },
        },
      },
    }),
  );
  const call = async (args: readonly string[]) => {
    const lines: string[] = [];
    const [program = '', ...first] = spec.program;
    const end = await startProcess({
      program,
      args: [...first, ...args, '--config', path('config.yaml'), '--json'],
      onStdoutLine: (line) => lines.push(line),
      signal: spec.signal,
    }).ended;
    return { last: lines.at(-1) ?? '{}', code: end.kind === 'exited' ? end.code : -1 };
  };
  return {
    run: async () => {
      const { last, code } = await call(['run', 'shop']);
      const { record: said } = JSON.parse(last) as { record?: unknown };
      const parsed = parseRunRecord(JSON.stringify(said ?? {}));
      if (!parsed) throw new Error(`The run ended without its record (exit ${code}): ${last}`);
      return { record: parsed, code };
    },
    verify: async () => {
      const { last, code } = await call(['verify', 'shop']);
      return { report: JSON.parse(last) as VerifyOutput, code };
    },
    alerts: async () => {
      const text = await readFile(path('alerts.jsonl'), 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Alert);
    },
  };
}
