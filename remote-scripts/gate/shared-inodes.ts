import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { makePrivateDirectory } from '../../src/platform/files.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { CHILD_ENVIRONMENT } from '../store/environment.ts';
import { readBasis, readChanged, recordFiles, UNFINISHED, writeBasis } from '../store/inode-records.ts';
import { fitsFile, whileLocked } from '../store/locks.ts';
import type { JobPaths } from '../store/places.ts';

/*
 * The second line of defence behind the grammar. While a client is connected, rsync's receiver has hard links to sealed
 * inodes. If a client finds a way to change one of them after all, that is noticed here, before the next seal.
 *
 * For each sealed snapshot a record says what its inodes were: mode, owner, size, mtime (whole seconds, as rsync
 * compares) and xattrs, in which `fake_super` keeps owners and modes. After a push, what the new tree shares with its
 * basis is compared with the record of the basis, and the record of the new tree is written. Both happen in one walk,
 * during the verification that follows.
 */

/** Where the snapshots of a job are, and the records. */
export type WalkPaths = Pick<JobPaths, 'records' | 'snapshots'>;

// Node has no getxattr(2). Python is there, since rrsync is written in it.
const WALK = `
import array, bisect, hashlib, os, stat, sys
tree, against, out, note, unfinished = sys.argv[1:6]
if os.path.exists(out): sys.exit(0)
known_inodes, known_digests = array.array('Q'), array.array('Q')
if against:
    with open(against, 'rb') as file: record = file.read()
    if len(record) % 16: sys.exit(against + ' is damaged: move it away')
    pairs = array.array('Q', record)
    known_inodes, known_digests = pairs[0::2], pairs[1::2]
found, changed = {}, []
def digest(path, status):
    parts = [status.st_mode, status.st_uid, status.st_gid, status.st_size, int(status.st_mtime_ns // 10**9)]
    if not stat.S_ISLNK(status.st_mode):
        for name in sorted(os.listxattr(path, follow_symlinks=False)):
            parts += [name, os.getxattr(path, name, follow_symlinks=False)]
    return int.from_bytes(hashlib.blake2b(repr(parts).encode('utf8', 'surrogateescape'), digest_size=8).digest(), 'little')
pending = [tree]
while pending:
    with os.scandir(pending.pop()) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
                continue
            status = entry.stat(follow_symlinks=False)
            if status.st_ino in found: continue
            value = found[status.st_ino] = digest(entry.path, status)
            if status.st_nlink < 2: continue
            at = bisect.bisect_left(known_inodes, status.st_ino)
            if at < len(known_inodes) and known_inodes[at] == status.st_ino and known_digests[at] != value:
                changed.append(os.fsencode(os.path.relpath(entry.path, tree)))
def place(path, content):
    with open(path + unfinished, 'wb') as file: file.write(content)
    os.replace(path + unfinished, path)
if changed:
    place(note, b''.join(ascii(name.decode('utf8', 'backslashreplace'))[1:-1].encode() + b'\\n' for name in changed[:1000]))
    sys.exit(3)
pairs = array.array('Q')
for inode in sorted(found): pairs.extend((inode, found[inode]))
place(out, pairs.tobytes())
`;

/** Exit code of the walk when something that is shared has changed. */
const DIFFERS = 3;

/**
 * Prepares a push: makes sure that its basis has a record, which later shows what the client has changed.
 * @param basis the sealed snapshot whose inodes the push may link to
 * @throws Error when the tree of the basis cannot be walked, or something else is in the place of one of our files
 */
export async function prepareRecord(paths: WalkPaths, id: SnapshotId, basis: SnapshotId | undefined): Promise<void> {
  await makePrivateDirectory(paths.records);
  if (basis !== undefined) judge(paths, { id: basis, directory: basis, against: undefined });
  await writeBasis(paths, id, basis);
}

/**
 * Begins the walk of what was pushed, while it is verified. It is only a head start: {@link findChanged} waits for it,
 * or does it itself.
 */
export function beginWalk(paths: WalkPaths, id: SnapshotId, directory: string, basis: SnapshotId | undefined): void {
  const walk = { id, directory, against: basis };
  if (unfitPlace(paths, walk) !== undefined) return; // findChanged reports it
  const { program, args } = command(paths, walk);
  const child = spawn(program, args, { stdio: 'ignore', env: CHILD_ENVIRONMENT, cwd: '/', detached: true });
  child.once('error', () => undefined); // findChanged reports it
  child.unref();
}

/** What has changed in a sealed snapshot, found before a snapshot that shares it is sealed. */
export interface Changed {
  readonly basis: SnapshotId;
  /** Some names, from the root of the snapshot; what is not ASCII is escaped. */
  readonly names: readonly string[];
}

/**
 * Determines whether an unsealed snapshot shares anything with its basis that has changed since the basis was sealed.
 * If not, its own record exists afterwards.
 * @param directory name of its directory
 * @throws Error when its tree cannot be walked
 */
export async function findChanged(paths: WalkPaths, id: SnapshotId, directory: string): Promise<Changed | undefined> {
  const basis = await readBasis(paths, id);
  await makePrivateDirectory(paths.records);
  if (judge(paths, { id, directory, against: basis }) || basis === undefined) return undefined;
  return { basis, names: (await readChanged(paths, basis)).slice(0, 5) };
}

interface Walk {
  readonly id: SnapshotId;
  readonly directory: string;
  readonly against: SnapshotId | undefined;
}

function command(paths: WalkPaths, { id, directory, against }: Walk) {
  const { record, lock } = recordFiles(paths, id);
  const { changed } = recordFiles(paths, against ?? id);
  const known = against === undefined ? '' : recordFiles(paths, against).record;
  const tree = join(paths.snapshots, directory);
  // Two walks never write the same record: the second one waits and then finds it.
  return whileLocked(lock, ['python3', '-I', '-c', WALK, tree, known, record, changed, UNFINISHED], 'wait');
}

/** The path of a file that the walk would open, if something else is there. */
function unfitPlace(paths: WalkPaths, { id, against = id }: Walk): string | undefined {
  const own = recordFiles(paths, id);
  const other = recordFiles(paths, against);
  const written = [own.record, other.changed];
  return [own.lock, other.record, ...written, ...written.map((path) => `${path}${UNFINISHED}`)].find(
    (path) => !fitsFile(path),
  );
}

/** @returns whether nothing that is shared has changed */
function judge(paths: WalkPaths, walk: Walk): boolean {
  const unfit = unfitPlace(paths, walk);
  if (unfit !== undefined) throw new Error(`${unfit} is no file: move it away`);
  const { program, args } = command(paths, walk);
  const { status, error, stderr } = spawnSync(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    env: CHILD_ENVIRONMENT,
  });
  if (error !== undefined) throw error;
  if (status === 0) return true;
  if (status === DIFFERS) return false;
  throw new Error(`${walk.directory} could not be looked through: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}
