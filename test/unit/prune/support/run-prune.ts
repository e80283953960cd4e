import { spawn, type ChildProcess } from 'node:child_process';
import { inject } from 'vitest';
import { UNPRIVILEGED } from './store.ts';

/** How a run ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts offsite-prune, as it is installed on a secondary, as a user without rights. */
export function startPrune(
  args: readonly string[],
  user?: number,
  environment?: Readonly<Record<string, string>>,
): { child: ChildProcess; ended: Promise<Ended> } {
  return startProgram(inject('prune'), args, user, environment);
}

/** Starts a program of the secondary, as a user without rights. */
export function startProgram(
  path: string,
  args: readonly string[],
  user = UNPRIVILEGED,
  environment: Readonly<Record<string, string>> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const command = [process.execPath, path, ...args];
  const drop = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--'];
  const [program = '', ...rest] = process.getuid!() === 0 && user !== 0 ? [...drop, ...command] : command;
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, NO_COLOR: '1', ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

/** As {@link startPrune}, to its end. */
export async function prune(
  args: readonly string[],
  user?: number,
  environment?: Readonly<Record<string, string>>,
): Promise<Ended> {
  return startPrune(args, user, environment).ended;
}

/** Runs offsite-drill in the same way, to its end. */
export async function drill(
  args: readonly string[],
  user?: number,
  environment?: Readonly<Record<string, string>>,
): Promise<Ended> {
  return startProgram(inject('drill'), args, user, environment).ended;
}
