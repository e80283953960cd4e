import { lstat, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorMessage, isForbidden, isMissing, RUN_AS_OWNER } from '../platform/files.ts';
import { isRegularFile, readRegularFile } from '../platform/regular-file.ts';
import { manifestName, parseEntryName, type EntryName } from '../shared/entry-names.ts';
import { MAX_STORED_SEAL_BYTES, parseSeal, sealName } from '../shared/seal.ts';
import { parseSnapshotId, type SnapshotId } from '../shared/snapshot-id.ts';
import type { ListedSnapshot } from '../shared/store-listing.ts';
import { sessionEnvironment } from '../ssh/connection.ts';
import { ReadError, type SnapshotSource } from './snapshot-source.ts';

/** What is a directory with the tree of a snapshot. */
const DIRECTORIES: ReadonlySet<EntryName['kind']> = new Set(['complete', 'partial', 'frozen']);

/** Where the directory is told to the shell below: its name may hold any character. */
const DIRECTORY = 'OFFSITE_READ_FROM';

/**
 * rsync ignores `-M` where both sides are on one host (facts.md#options-of-a-local-copy), so it talks to itself through this remote shell,
 * which drops the name of the host.
 */
const ITSELF = `sh -c 'cd "$${DIRECTORY}" && shift && exec "$@"' sh`;

/** Milliseconds in which a disk may give nothing at all. */
const STALL = 15 * 60_000;

/**
 * Opens the snapshots of a job on a file system of this machine: a disk that was carried over, or a mount.
 * @param from the directory of the job, or that of its host
 * @throws ReadError when there are none, or this user may not read them
 */
export async function openDisk(
  from: string,
  job: string,
  metadata: SnapshotSource['metadata'],
): Promise<SnapshotSource> {
  const directory = await directoryOf(from, job);
  const found = await snapshotsIn(directory, job);
  const own = metadata === 'fake_super' ? ['-aHA', '--numeric-ids', '-M--fake-super'] : ['-rltpDH'];
  return {
    name: directory,
    metadata,
    jobs: [{ job, snapshots: found.map(({ snapshot }) => snapshot), omitted: 0, problems: [] }],
    options: [...own, '-M--munge-links', '-e', ITSELF],
    environment: { ...sessionEnvironment(), [DIRECTORY]: directory },
    stallMs: STALL,
    place: (_, { id }, path = '') => {
      const name = found.find(({ snapshot }) => snapshot.id === id)?.name ?? id;
      return `disk:${name}/${path}`;
    },
    manifest: (_, { id, manifest }) => (manifest === null ? undefined : `disk:${manifestName(id)}`),
    close: () => Promise.resolve(),
  };
}

/** The directory of the job. */
async function directoryOf(from: string, job: string): Promise<string> {
  const names = await namesThere(from);
  if (names.some((name) => parseEntryName(name) !== undefined)) return realpath(from);
  if (names.includes(job)) {
    const below = join(from, job);
    if ((await namesThere(below)).some((name) => parseEntryName(name) !== undefined)) return realpath(below);
    throw unusable(`${below} holds no snapshots.`);
  }
  const isSnapshot = parseSnapshotId(from.replace(/\/+$/, '').split('/').at(-1) ?? '') !== undefined;
  throw unusable(
    isSnapshot
      ? `${from} is a snapshot itself: name the directory that holds it, and the snapshot with --snapshot.`
      : `${from} holds neither snapshots nor a directory ${job}: it must be the directory of the job (…/db1/${job}), or of its host.`,
  );
}

async function namesThere(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isForbidden(error)) throw keptOut(directory);
    if (isMissing(error)) throw unusable(`${directory} does not exist.`);
    throw unusable(
      errorCode(error) === 'ENOTDIR'
        ? `${directory} is no directory.`
        : `${directory} cannot be read: ${errorMessage(error)}`,
    );
  }
}

/** The snapshot whose directory is called so: sealed, or an attempt without a seal. */
function directoryIn(name: string): SnapshotId | undefined {
  const entry = parseEntryName(name);
  return entry !== undefined && DIRECTORIES.has(entry.kind) ? entry.id : undefined;
}

interface Found {
  readonly snapshot: ListedSnapshot;
  /** That of its directory. */
  readonly name: string;
}

async function snapshotsIn(directory: string, job: string): Promise<Found[]> {
  const found: Found[] = [];
  const names = (await namesThere(directory)).sort();
  for (const name of names) {
    const id = directoryIn(name);
    // A link may lead anywhere, and none of our programs makes one.
    if (id === undefined || !(await lstat(join(directory, name))).isDirectory()) continue;
    const seal = name === id ? await sealOf(directory, id, job) : undefined;
    found.push({
      name,
      snapshot: {
        ...{
          id,
          sealed: seal !== undefined,
          finished: seal?.finished ?? null,
          received: seal?.receipt?.received ?? null,
        },
        ...{ verification: seal?.verification.mode ?? null, files: seal?.files ?? null, bytes: seal?.bytes ?? null },
        manifest: seal === undefined ? null : await manifestTime(directory, id),
        ...{ damaged: null, pinned: null },
      },
    });
  }
  return found;
}

/** When a manifest was written; null where there is none. Something else in its place is none, and no reason to keep the data back. */
async function manifestTime(directory: string, id: SnapshotId): Promise<string | null> {
  const stats = await lstat(join(directory, manifestName(id))).catch(() => undefined);
  return stats?.isFile() === true ? stats.mtime.toISOString() : null;
}

async function sealOf(directory: string, id: SnapshotId, job: string) {
  const path = join(directory, sealName(id));
  if (!(await isRegularFile(path))) return undefined;
  const text = await readRegularFile(path, MAX_STORED_SEAL_BYTES).catch((error: unknown) => {
    throw isForbidden(error) ? keptOut(path) : error;
  });
  const seal = parseSeal(text, { id, job });
  if (seal === 'for another job') throw unusable(`${path} is not of the job ${job}, but of another.`);
  // Half a seal is none: the snapshot counts as one that was never sealed.
  return typeof seal === 'string' ? undefined : seal;
}

function unusable(reason: string): ReadError {
  return new ReadError({ outcome: 'usage', reason, advice: 'Help: offsite-rsync restore --help' });
}

function keptOut(path: string): ReadError {
  return new ReadError({
    outcome: 'usage',
    reason: `${path} cannot be read by this user.`,
    advice: `${RUN_AS_OWNER[0]?.toUpperCase() ?? ''}${RUN_AS_OWNER.slice(1)}.`,
  });
}
