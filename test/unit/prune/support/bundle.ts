import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleSecondary, type Bundled } from '../../../../scripts/bundle.mjs';
import { UNPRIVILEGED } from './store.ts';

/** The program as it is installed on a secondary: one file. */
export interface Bundle extends Bundled {
  readonly path: string;
  remove(): void;
}

/** Bundles offsite-prune as the build does, into a directory of its own. */
export async function buildPrune(): Promise<Bundle> {
  const directory = mkdtempSync(join(tmpdir(), 'offsite-bundle-'));
  chmodSync(directory, 0o755); // the unprivileged user reads it
  const path = join(directory, 'offsite-prune.mjs');
  const bundled = await bundleSecondary('offsite-prune', path, '0.0.0-test');
  return { ...bundled, path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** How a run ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the bundle as a user without rights. */
export function startPrune(
  bundle: Bundle,
  args: readonly string[],
  user = UNPRIVILEGED,
  environment: Readonly<Record<string, string>> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const command = [process.execPath, bundle.path, ...args];
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

/** Runs the bundle to its end. */
export async function prune(
  bundle: Bundle,
  args: readonly string[],
  user?: number,
  environment?: Readonly<Record<string, string>>,
): Promise<Ended> {
  return startPrune(bundle, args, user, environment).ended;
}
