import { writeFile } from 'node:fs/promises';
import { connect as connectTo, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Jump } from '../../config/endpoint-values.ts';
import type { TargetSecrets } from '../../config/target-secrets.ts';
import { openWay } from '../../ssh/connection.ts';
import type { Failure } from '../failure.ts';
import { connectionTimes, readRunSecrets } from '../plan.ts';
import type { RunDeps, RunRequest } from '../request.ts';
import { endpointOf } from './endpoint.ts';
import { openPrivateDirectory } from './private-directory.ts';

/** How somebody got to a secondary whose host key is not known yet. */
export type Behind<T> =
  | { readonly kind: 'used'; readonly result: T }
  /** The host key of the host on the way was not trusted. */
  | { readonly kind: 'untrusted' }
  | { readonly kind: 'failed'; readonly why: Failure }
  | { readonly kind: 'aborted' };

/** What somebody does on the way, and there. */
interface Steps<T> {
  /** Decides about the host on the way. Returns its line for known_hosts. */
  readonly trust: (jump: Jump) => Promise<string | undefined>;
  /** @param port of this host; what connects there is connected to the sshd of the secondary */
  readonly use: (port: number, secrets: TargetSecrets) => Promise<T>;
}

/**
 * Lets somebody reach the sshd of a secondary through the host on the way, before known_hosts is there. Meanwhile, other users of this host reach
 * that sshd by the same port.
 */
export async function behindJump<T>(
  { settings, target, signal }: Pick<RunRequest, 'settings' | 'target' | 'signal'>,
  { trust, use }: Steps<T>,
  deps: Pick<RunDeps, 'environment' | 'redactor' | 'clock'>,
): Promise<Behind<T>> {
  const name = `host key of ${target.name}`;
  const opened = await openPrivateDirectory(settings.runtimeDirectory, deps.environment, name, 'process');
  const directory = opened.path;
  try {
    const knownHosts = { file: join(directory, 'jump_known_hosts') };
    await writeFile(knownHosts.file, '# nobody yet\n', { mode: 0o600 });
    const reading = readRunSecrets({ settings, target: { ...target, knownHosts } }, deps);
    if (reading.kind === 'unreadable') return { kind: 'failed', why: { outcome: 'secret', reason: reading.reason } };
    const { secrets } = reading;
    const line = secrets.jump && (await trust(secrets.jump));
    if (line === undefined) return { kind: 'untrusted' };
    await writeFile(knownHosts.file, `${line}\n`);
    const endpoint = endpointOf(secrets, directory);
    const spec = { alias: target.name, endpoint, times: connectionTimes(target), directory, signal };
    const way = await openWay(spec, deps.clock);
    if (way.kind === 'failed') return { kind: 'failed', why: way.failure };
    if (way.kind === 'aborted') return way;
    try {
      return { kind: 'used', result: await withPort(way.socket, (port) => use(port, secrets)) };
    } finally {
      await way.stop();
    }
  } finally {
    await opened.remove();
  }
}

/** Joins a port of the loopback interface to a socket. */
async function withPort<T>(socket: string, use: (port: number) => Promise<T>): Promise<T> {
  const server = createServer((near) => {
    const far = connectTo(socket);
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}
