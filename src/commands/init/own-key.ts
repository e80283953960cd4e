import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RunProcess } from '../../platform/process.ts';
import { UsageError } from '../selection.ts';

/**
 * Makes an ed25519 key for this purpose alone, without a passphrase. It appears under its name only when it is whole.
 * @param path of the private key; `.pub` lies beside it
 * @throws UsageError when ssh-keygen cannot make it
 */
export async function makeKey(path: string, comment: string, runProcess: RunProcess): Promise<void> {
  const directory = await mkdtemp(join(dirname(path), `.${basename(path)}-`));
  try {
    const made = join(directory, 'key');
    const args = ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', made];
    const end = await runProcess({ program: 'ssh-keygen', args, timeoutMs: 60_000 });
    if (end.kind !== 'exited' || end.code !== 0) {
      const why = end.kind === 'not-started' ? end.cause.message : end.stderrTail.trim();
      throw new UsageError(`ssh-keygen made no key: ${why}. Is openssh-client installed?`);
    }
    await rename(`${made}.pub`, `${path}.pub`);
    await rename(made, path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * The public key that belongs to a private one.
 * @returns type and base64, without comment; undefined when it cannot be told (a passphrase, a hardware key)
 */
export async function publicKeyOf(path: string, runProcess: RunProcess): Promise<string | undefined> {
  const beside = await readFile(`${path}.pub`, 'utf8').catch(() => undefined);
  const lines: string[] = [];
  if (beside === undefined) {
    const args = ['-y', '-P', '', '-f', path];
    await runProcess({ program: 'ssh-keygen', args, timeoutMs: 20_000, onStdoutLine: (line) => lines.push(line) });
  }
  return /^\S+ \S+/.exec(beside ?? lines.join('\n'))?.[0];
}
