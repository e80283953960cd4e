import type { TargetSecrets } from '../../config/target-secrets.ts';
import { errorMessage } from '../../platform/files.ts';
import { localRsyncVersion } from '../../rsync/version.ts';
import { connect, type Connected } from '../../ssh/connection.ts';
import { beginConnection } from './early-connection.ts';
import { endpointOf } from './endpoint.ts';
import { connectionTimes } from '../plan.ts';
import { openPrivateDirectory, type PrivateDirectory } from './private-directory.ts';
import { lockPath, type RunDeps, type RunRequest } from '../request.ts';

/** What is prepared while the source is walked. It takes time, but sends no byte of the backup. */
export interface Preparation {
  /** Path of the private directory. */
  readonly directory: string;
  /** Connects; the first call uses the connection that was begun at the start. */
  readonly connect: () => Promise<Connected>;
  /** Version of the local rsync; undefined if it reports none. */
  readonly rsyncVersion: Promise<string | undefined>;
}

/** What a preparation is for. */
export interface Purpose {
  /** `preview` and `verify` have a private directory of their own, so that they do not disturb a run. */
  readonly name: 'run' | 'preview' | 'verify';
  readonly secrets: TargetSecrets;
  /** Told what could not be cleared away in the end; by default it goes to the log. */
  readonly warn?: (warning: string) => void;
}

/**
 * Starts the preparation and runs `work` meanwhile. `work` walks the source, and awaits the preparation if the source is worth
 * sending. A failed preparation is reported only when `work` awaits it, because objections of the guards come first. However
 * `work` ends, the preparation leaves no process and no file behind.
 */
export async function whilePreparing<T>(
  request: RunRequest,
  purpose: Purpose,
  deps: RunDeps,
  work: (preparing: Promise<Preparation>) => Promise<T>,
): Promise<T> {
  const preparing = prepare(request, purpose, deps);
  try {
    return await work(toldIfAsked(preparing));
  } finally {
    const prepared = await preparing.catch(() => undefined);
    await prepared?.end();
  }
}

async function prepare(
  request: RunRequest,
  purpose: Purpose,
  deps: RunDeps,
): Promise<Preparation & { end(): Promise<void> }> {
  const directory = await directoryFor(request, purpose, deps);
  const warn = purpose.warn ?? ((warning) => deps.log('warning', warning));
  try {
    const connection = beginHandshake(request, purpose.secrets, directory.path, deps);
    const ended = new AbortController();
    const either = AbortSignal.any([request.signal, ended.signal]);
    const rsyncVersion = toldIfAsked(localRsyncVersion(deps.runProcess, either));
    const end = async () => {
      ended.abort();
      await Promise.allSettled([connection.discard(), rsyncVersion]);
      await removeTold(directory, warn);
    };
    return { directory: directory.path, connect: () => connection.take(), rsyncVersion, end };
  } catch (error) {
    await removeTold(directory, warn);
    throw error;
  }
}

/** A directory that cannot be removed is reported, but does not change the outcome: the snapshot may already be sealed. */
async function removeTold(directory: PrivateDirectory, warn: (warning: string) => void): Promise<void> {
  try {
    await directory.remove();
  } catch (error) {
    const { path } = directory;
    warn(
      `Remove ${path} by hand, it may hold a key: the private directory could not be removed: ${errorMessage(error)}`,
    );
  }
}

function directoryFor(request: RunRequest, { name }: Purpose, deps: RunDeps): Promise<PrivateDirectory> {
  const { runtimeDirectory } = request.settings;
  return name === 'run'
    ? openPrivateDirectory(runtimeDirectory, deps.environment, lockPath(request))
    : openPrivateDirectory(runtimeDirectory, deps.environment, `${name} ${lockPath(request)}`, 'process');
}

function beginHandshake({ target, signal }: RunRequest, secrets: TargetSecrets, directory: string, deps: RunDeps) {
  const endpoint = endpointOf(secrets, directory);
  const spec = { alias: target.name, endpoint, times: connectionTimes(target), directory };
  return beginConnection((either) => connect({ ...spec, signal: either }, deps.clock), signal, deps.clock);
}

/** Marks a promise as handled: its failure is reported to those who await it, and nobody has to. */
function toldIfAsked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
