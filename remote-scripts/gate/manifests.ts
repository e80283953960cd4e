import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CHILD_ENVIRONMENT } from '../store/environment.ts';

/** What makes the manifest of a snapshot that was sealed just now. */
export interface ManifestMaker {
  /** The path of offsite-scrub; where there is none, nothing is started. */
  readonly program: string;
  readonly host: string;
  /** The settings that this session has. */
  readonly config: string;
}

/**
 * Begins to make the manifest of what was sealed, while its data is still in memory. No session waits for it, and none fails with it:
 * the timer of the scrub makes what is missing.
 */
export function beginManifest({ program, host, config }: ManifestMaker, job: string): void {
  if (!existsSync(program)) return;
  const words = [program, 'manifests', host, '--job', job, '--config', config];
  const child = spawn('ionice', ['--class', 'idle', 'nice', '--adjustment=19', ...words], {
    stdio: 'ignore',
    // Its first line says how node is started: the same node as ours.
    env: { ...CHILD_ENVIRONMENT, PATH: `${dirname(process.execPath)}:${CHILD_ENVIRONMENT.PATH}` },
    cwd: '/',
    detached: true, // the session may end before it
  });
  child.once('error', () => undefined);
  child.unref();
}
