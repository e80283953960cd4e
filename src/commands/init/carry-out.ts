import { chmod, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseConfig } from '../../config/load.ts';
import { exists, makeDirectories, writeFileAtomic } from '../../platform/files.ts';
import type { Context } from '../context.ts';
import { extendConfig } from './configuration.ts';
import type { Plan } from './gather.ts';
import { makeKey } from './own-key.ts';

/** What was done with one file. */
interface Done {
  readonly path: string;
  readonly made: 'made' | 'extended' | 'is there';
}

/**
 * Writes what a plan has, the configuration last: what it refers to is then there. Each file appears whole, and none that is there is replaced by
 * another; secrets file and configuration are extended.
 * @param hostKey the line for known_hosts; undefined: it is there
 * @throws ConfigError when the configuration would not be valid
 */
export async function carryOut(plan: Plan, hostKey: string | undefined, context: Context): Promise<Done[]> {
  const { config, text, additions, secretsFile, secrets, identity, knownHosts, hostName } = plan;
  const wanted = extendConfig(text, additions);
  parseConfig(config, wanted);
  const done: Done[] = [];
  const note = (path: string, made: Done['made']) => done.push({ path, made });
  await makeDirectory(dirname(config));
  if (identity !== undefined) {
    const there = await exists(identity).catch(() => false);
    if (!there) await makeKey(identity, `offsite-rsync-${hostName}`, context.runProcess);
    note(identity, there ? 'is there' : 'made');
  }
  if (knownHosts !== undefined) {
    // It says where the secondary is.
    if (hostKey !== undefined) await writeFileAtomic(knownHosts, `${hostKey}\n`, 0o600);
    note(knownHosts, hostKey === undefined ? 'is there' : 'made');
  }
  const before = await readFile(secretsFile, 'utf8').catch(() => undefined);
  if (secrets.size > 0) await writeFileAtomic(secretsFile, withLines(before ?? '', secrets), 0o600);
  if (secrets.size > 0 || before !== undefined) {
    note(secretsFile, secrets.size === 0 ? 'is there' : before === undefined ? 'made' : 'extended');
  }
  const changed = Object.values(additions).some((addition) => addition !== undefined);
  if (changed) await writeFileAtomic(config, wanted, 0o644);
  note(config, !changed ? 'is there' : text === undefined ? 'made' : 'extended');
  return done;
}

function withLines(before: string, secrets: ReadonlyMap<string, string>): string {
  const lines = [...secrets].map(([key, value]) => `${key}=${value}\n`);
  return `${before === '' || before.endsWith('\n') ? before : `${before}\n`}${lines.join('')}`;
}

/** Others may look in, as in any directory below /etc: what is secret in it has mode 0600. Below a home directory nobody may. */
async function makeDirectory(path: string): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  const made = await makeDirectories(path, isRoot ? 0o755 : 0o700);
  // The umask must not close a directory of root that others have to read.
  if (made && isRoot) await chmod(path, 0o755);
}
