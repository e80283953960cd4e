import { spawn, spawnSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, makePrivateDirectory } from '../../src/platform/files.ts';
import { readRegularFile, writeNote } from '../../src/platform/regular-file.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { CHANGED, readChanged } from '../store/change-notes.ts';
import { CHILD_ENVIRONMENT } from '../store/environment.ts';

/*
 * The second line of defence behind the grammar. rsync's receiver holds hard links to sealed inodes while a client speaks to
 * it; should a client find a way to change one of them all the same, it is noticed here, before the next seal.
 *
 * For each sealed snapshot a record says what its inodes were: mode, owner, size, mtime (whole seconds, as rsync compares) and
 * xattrs, in which `fake_super` keeps owners and modes. After a push, what the new tree shares with its basis is compared with
 * the record of the basis, and the record of the new tree is written. Both in one walk, beside the verification that follows.
 *
 *   inodes/<job>/<id>           the record: sorted pairs of an inode number and a digest, 16 bytes each
 *   inodes/<job>/<id>.basis     which record the push of <id> is to be held against; written before the walk
 *   inodes/<job>/<id>.changed   names that differ, one a line; stands until an administrator has looked
 */

/** Bytes that the records of one job may take. A basis without a record gets one before a client speaks. */
const KEPT_BYTES = 64 * 1024 ** 2;

/** Where the records of a job are. */
export interface RecordPaths {
  /** `<state>/<host>/inodes/<job>`. */
  readonly records: string;
  /** `<root>/<host>/<job>`. */
  readonly snapshots: string;
}

// Node has no getxattr(2). Python is there, since rrsync is written in it.
const WALK = `
import array, bisect, hashlib, os, stat, sys
tree, against, out, note = sys.argv[1:5]
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
    with open(path + '.tmp', 'wb') as file: file.write(content)
    os.replace(path + '.tmp', path)
if changed:
    place(note, b''.join(ascii(name.decode('utf8', 'backslashreplace'))[1:-1].encode() + b'\\n' for name in changed[:1000]))
    sys.exit(3)
pairs = array.array('Q')
for inode in sorted(found): pairs.extend((inode, found[inode]))
place(out, pairs.tobytes())
`;

/** Bytes of the file that names a basis: one id. */
const LARGEST_BASIS = 1024;

/** Exit code of the walk when something that is shared has changed. */
const DIFFERS = 3;

/**
 * Prepares for a push: after it, what the client may have changed is told by the record of its basis.
 * @param basis the sealed snapshot whose inodes the push may link to
 * @throws Error when the tree of the basis cannot be walked, or something else lies in the place of a file of ours
 */
export async function prepareRecord(paths: RecordPaths, id: SnapshotId, basis: SnapshotId | undefined): Promise<void> {
  await makePrivateDirectory(paths.records);
  if (basis !== undefined) judge(paths, { id: basis, directory: basis, against: undefined });
  await writeNote(join(paths.records, `${id}.basis`), basis ?? '');
}

/** Begins the walk of what was pushed, while it is verified. Only a head start: {@link findChanged} waits for it, or does it. */
export function beginWalk(paths: RecordPaths, id: SnapshotId, directory: string, basis: SnapshotId | undefined): void {
  const walk = { id, directory, against: basis };
  if (unfitPlace(paths, walk) !== undefined) return; // findChanged reports it
  const { program, args } = command(paths, walk);
  const child = spawn(program, args, { stdio: 'ignore', env: CHILD_ENVIRONMENT, cwd: '/', detached: true });
  child.once('error', () => undefined); // findChanged reports it
  child.unref();
}

/** What has changed in a sealed snapshot, noticed before a snapshot that shares it is sealed. */
export interface Changed {
  readonly basis: SnapshotId;
  /** Some names, from the root of the snapshot; what is not ASCII is escaped. */
  readonly names: readonly string[];
}

/**
 * Says whether an unsealed snapshot shares anything with its basis that has changed since that was sealed; if not, its own
 * record is there afterwards.
 * @param directory name of its directory
 * @throws Error when its tree cannot be walked
 */
export async function findChanged(paths: RecordPaths, id: SnapshotId, directory: string): Promise<Changed | undefined> {
  const basis = parseSnapshotId(await readOrEmpty(join(paths.records, `${id}.basis`)));
  await makePrivateDirectory(paths.records);
  if (judge(paths, { id, directory, against: basis }) || basis === undefined) return undefined;
  return { basis, names: (await readChanged(paths.records, basis)).slice(0, 5) };
}

/** Whether changes were found in a sealed snapshot: nothing more is linked to it then. */
export function isChanged({ records }: RecordPaths, id: SnapshotId): boolean {
  return lstatSync(join(records, `${id}${CHANGED}`), { throwIfNoEntry: false }) !== undefined;
}

/** Removes what belongs to snapshots that are not there any more, and the oldest records beyond {@link KEPT_BYTES}. */
export async function clearRecords({ records }: RecordPaths, present: ReadonlySet<string>): Promise<void> {
  let bytes = 0;
  for (const name of (await readdir(records)).sort().reverse()) {
    const path = join(records, name);
    const id = name.replace(/\..*/, '');
    const stats = await lstat(path);
    if (stats.isDirectory()) continue; // not ours, and harmless
    if (!present.has(id)) await rm(path, { force: true });
    else if (name === id) {
      bytes += stats.size;
      if (bytes > KEPT_BYTES) await rm(path, { force: true });
    }
  }
}

interface Walk {
  readonly id: SnapshotId;
  readonly directory: string;
  readonly against: SnapshotId | undefined;
}

function command({ records, snapshots }: RecordPaths, { id, directory, against }: Walk) {
  const record = against === undefined ? '' : join(records, against);
  const note = join(records, `${against ?? id}${CHANGED}`);
  const walk = ['python3', '-I', '-c', WALK, join(snapshots, directory), record, join(records, id), note];
  // Two walks never write the same record: the second waits, and finds it written.
  return { program: 'flock', args: ['--no-fork', join(records, `${id}.lock`), ...walk] };
}

/** The path of a file that the walk would open, where something else lies: to open a named pipe would wait for ever. */
function unfitPlace({ records }: RecordPaths, { id, against = id }: Walk): string | undefined {
  const names = [`${id}.lock`, id, `${id}.tmp`, against, `${against}${CHANGED}`, `${against}${CHANGED}.tmp`];
  return names
    .map((name) => join(records, name))
    .find((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile() === false);
}

/** @returns whether nothing that is shared has changed */
function judge(paths: RecordPaths, walk: Walk): boolean {
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

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readRegularFile(path, LARGEST_BASIS);
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}
