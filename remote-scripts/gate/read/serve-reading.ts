import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isMissing } from '../../../src/platform/files.ts';
import { absentSealed, absentSnapshot, unknownJob } from '../../../src/shared/gate-words.ts';
import { sealName } from '../../../src/shared/seal.ts';
import { manifestName } from '../../../src/shared/entry-names.ts';
import { isRealDirectory, readJobDirectory } from '../../store/job-directory.ts';
import { standingOf } from '../../store/snapshot-state.ts';
import type { AnySession, SessionInput } from '../job-session.ts';
import { serveLogged, type LoggedInput } from '../logged-session.ts';
import type { Rebuild } from '../options.ts';
import { rebuiltCommand } from '../rebuilt-command.ts';
import { ended, refused, type SessionEnd } from '../session-end.ts';
import { runIn } from '../session-run.ts';
import { silenceOf } from '../session-watch.ts';
import { jobPathsOf } from '../settings.ts';
import { parseReadRequest, type ListRequest, type ReadRequest } from './request.ts';
import { serveList } from './serve-list.ts';

/*
 * A session of the read key holds no lock, so it keeps nobody waiting and waits for nobody. A sealed snapshot changes in one way only:
 * prune moves it away as a whole. rrsync has opened the directory by then, so reading goes on, until prune empties the trash; what is
 * gone then, rsync reports as vanished. A pin keeps a snapshot.
 */

/** Serves one session of the read key, from the client's command to the exit code. */
export function serveReading(input: SessionInput): Promise<SessionEnd> {
  return serveLogged(input, parseReadRequest(input.commandLine), serveRequest);
}

async function serveRequest(input: LoggedInput, request: ReadRequest | ListRequest): Promise<SessionEnd> {
  const { settings } = input;
  if (request.job !== undefined && !settings.jobs.includes(request.job)) return refused(unknownJob(request.job));
  return request.kind === 'list' ? serveList(input, request) : serveRead(input, request);
}

async function serveRead(input: LoggedInput, request: ReadRequest): Promise<SessionEnd> {
  const { settings } = input;
  const { metadata } = request.wire;
  if (metadata !== 'none' && metadata !== settings.metadata) {
    const how = settings.metadata === 'fake_super' ? 'with' : 'without';
    return refused(`this host has metadata: ${settings.metadata}, so modes and owners are read ${how} -M--fake-super`);
  }
  const session: AnySession = { ...input, paths: jobPathsOf(settings, request.job), lockFd: undefined };
  const found = await find(session, request);
  if ('refusal' in found) return refused(found.refusal);
  const silence = silenceOf(request, settings.limits);
  const rebuild: Rebuild = {
    ...{ place: found.place, timeoutSeconds: silence, delta: settings.limits.delta },
    ...{ basis: undefined, fuzzy: false, continues: false },
  };
  const command = rebuiltCommand(request, rebuild);
  const end = await runIn(session, { command, silence, root: found.root, reads: true, allowDelete: false });
  return ended(end, settings.limits.sessionLimitMs);
}

/** Finds what is to be read: the directory to which rrsync is confined, and the place below it. */
async function find(
  { paths: { snapshots } }: AnySession,
  { id, thing, path }: ReadRequest,
): Promise<{ readonly root: string; readonly place: string } | { readonly refusal: string }> {
  const none = { refusal: thing === 'unsealed' ? absentSnapshot(id) : absentSealed(id) };
  if (!(await isRealDirectory(dirname(snapshots), basename(snapshots)))) return none;
  const { states } = await readJobDirectory(snapshots);
  const state = states.get(id) ?? 'none';
  const standing = standingOf(id, state);
  const name = standing.unsealed === (thing === 'unsealed') ? standing.directory : undefined;
  if (name === undefined || !(await isRealDirectory(snapshots, name))) return none;
  switch (thing) {
    case 'seal':
      return fileIn(snapshots, sealName(id));
    case 'manifest':
      return fileIn(snapshots, manifestName(id));
    case 'sealed':
    case 'unsealed': {
      const root = join(snapshots, name);
      const wrong = await wrongStep(root, path);
      return wrong === undefined ? { root, place: `/${path}` } : { refusal: wrong };
    }
    default:
      return thing satisfies never;
  }
}

async function fileIn(
  root: string,
  name: string,
): Promise<{ readonly root: string; readonly place: string } | { readonly refusal: string }> {
  const stats = await statOf(join(root, name));
  return stats?.isFile() === true ? { root, place: `/${name}` } : { refusal: `there is no ${name}` };
}

/** Why a path does not lead to something in the tree: each step but the last must be a directory, and no link is followed. */
async function wrongStep(root: string, path: string): Promise<string | undefined> {
  const steps = path === '' ? [] : path.split('/');
  let place = root;
  for (const [index, step] of steps.entries()) {
    if (step === '') break; // what follows the last slash
    place = join(place, step);
    const stats = await statOf(place);
    const shown = steps.slice(0, index + 1).join('/');
    if (stats === undefined) return `there is no ${shown} in that snapshot`;
    if (index < steps.length - 1 && !stats.isDirectory()) return `${shown} is no directory in that snapshot`;
  }
  return undefined;
}

async function statOf(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
