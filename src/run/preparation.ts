import { materialise, type TargetSecrets } from '../config/target-secrets.ts';
import { errorMessage } from '../platform/files.ts';
import { localRsyncVersion } from '../rsync/version.ts';
import { connect, type Connected } from '../ssh/connection.ts';
import { beginConnection } from './early-connection.ts';
import { connectionTimes } from './plan.ts';
import { openPrivateDirectory, type PrivateDirectory } from './private-directory.ts';
import { lockPath, type RunDeps, type RunRequest } from './request.ts';

/** What is got ready while the source is walked: it takes time, and moves no byte of the backup. */
export interface Preparation {
  /** Path of the private directory. */
  readonly directory: string;
  /** Connects; the first time that was begun long ago. */
  readonly connect: () => Promise<Connected>;
  /** Version of the local rsync; undefined when it does not say. */
  readonly rsyncVersion: Promise<string | undefined>;
}

/** What a preparation is made for. */
export interface Purpose {
  /** `preview` and `verify` have a private directory apart from a run's: they do not disturb one. */
  readonly name: 'run' | 'preview' | 'verify';
  readonly secrets: TargetSecrets;
  /** Told what could not be cleared away in the end; by default it goes to the log. */
  readonly warn?: (warning: string) => void;
}

/**
 * Begins to get ready, and meanwhile does `work`: it walks the source, and awaits the preparation when the source turns
 * out to be worth sending. What kept us from getting ready is told to `work` alone, and only if it asks: what the guards
 * say goes first. However `work` ends, nothing of the preparation is left, no process and no file.
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

/** What cannot be removed is told, and changes nothing of what came out: the snapshot may be sealed by now. */
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
  const { host, port, user } = secrets;
  const endpoint = { host, port, user, ...materialise(secrets, directory) };
  const spec = { alias: target.name, endpoint, times: connectionTimes(target), directory };
  return beginConnection((either) => connect({ ...spec, signal: either }, deps.clock), signal, deps.clock);
}

/** Marks a promise whose failure is told to those who await it, and is no defect if nobody does. */
function toldIfAsked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
