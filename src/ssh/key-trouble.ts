import { runProcess } from '../platform/process.ts';
import type { Endpoint } from './client-config.ts';
import type { ConnectionFailure } from './failure.ts';

/** Milliseconds; opening a key takes less than a second. */
const PATIENCE = 20_000;

/**
 * Says more about a refusal that lies on this side. ssh keeps silent about a wrong passphrase, and about a key that its agent does not hold, and
 * then only the secondary is heard, which has not seen the key.
 * @param env the environment of the ssh that failed
 */
export async function explainKey(
  failure: ConnectionFailure,
  endpoint: Endpoint,
  env: Readonly<Record<string, string>>,
): Promise<ConnectionFailure> {
  const { passphrase, agent, identityFile } = endpoint;
  if (failure.outcome !== 'access-refused' && failure.outcome !== 'secret') return failure;
  if (!/this key|private key/.test(failure.reason)) return failure;
  if (passphrase !== undefined && !(await opens(identityFile, env))) {
    return { outcome: 'secret', reason: 'the passphrase does not open the private key' };
  }
  // With a private key in the file, ssh needs no agent.
  if (agent === undefined || !identityFile.endsWith('.pub') || (await holds(agent, identityFile))) return failure;
  return { outcome: 'secret', reason: 'the agent does not hold this key: ssh-add FILE adds it, ssh-add -L shows all' };
}

async function opens(identityFile: string, env: Readonly<Record<string, string>>): Promise<boolean> {
  const args = ['-y', '-f', identityFile];
  const end = await runProcess({ program: 'ssh-keygen', args, env, timeoutMs: PATIENCE });
  return !(end.kind === 'exited' && end.stderrTail.includes('incorrect passphrase'));
}

/** Whether an agent can sign with a key, as far as it says. */
async function holds(agent: string, identityFile: string): Promise<boolean> {
  const { PATH = '/usr/local/bin:/usr/bin:/bin' } = process.env;
  const env = { PATH, LC_ALL: 'C', SSH_AUTH_SOCK: agent };
  const end = await runProcess({ program: 'ssh-add', args: ['-T', identityFile], env, timeoutMs: PATIENCE });
  return !(end.kind === 'exited' && end.code !== 0);
}
