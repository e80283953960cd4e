import { createHash } from 'node:crypto';
import { constants, lstatSync, type Stats } from 'node:fs';
import { lstat, open, readlink, type FileHandle } from 'node:fs/promises';
import { DamagedManifest, ManifestReader } from '../manifests/manifest-reader.ts';
import { isForbidden, isMissing, errorCode } from '../platform/files.ts';
import { encodeName } from '../rsync/itemized.ts';

/** What a comparison with a manifest has found; names as rsync writes them. */
export interface ManifestCheck {
  readonly files: number;
  /** Their bytes are not those with which the snapshot was sealed. */
  readonly damaged: readonly string[];
  readonly missing: readonly string[];
  /** Files that their own modes close to this user. */
  readonly unread: number;
  /** Lines that stand for regular files. Symbolic links have lines too, where they are stored as files. */
  readonly regular: number;
}

/** What to compare. */
interface ManifestSpec {
  readonly manifest: string;
  /** The restored tree. */
  readonly tree: string;
  /** Whether a name, as a string of bytes, was wanted. */
  readonly wanted: (name: string) => boolean;
  readonly signal: AbortSignal;
  /** Called with the number of bytes that were read so far. */
  readonly onProgress: (files: number, bytes: number) => void;
}

/**
 * Reads every restored file and compares its checksum with the manifest of the snapshot, which was made when that was sealed.
 * @returns undefined when the manifest itself is damaged, or none that we have written, so that it says nothing
 */
export async function checkManifest({
  manifest,
  tree,
  wanted,
  signal,
  onProgress,
}: ManifestSpec): Promise<ManifestCheck | undefined> {
  const reader = openManifest(manifest);
  if (reader === undefined) return undefined;
  const damaged: string[] = [];
  const missing: string[] = [];
  let [files, bytes, unread, regular] = [0, 0, 0, 0];
  const sumOf = rememberLinked((piece) => onProgress(files, (bytes += piece)), signal);
  const leadsAway = rememberDirectories(tree);
  try {
    for (let line = reader.next(); line !== undefined; line = reader.next()) {
      const { name, digest } = line;
      if (!isPath(name)) return undefined;
      if (!wanted(name)) continue;
      if (leadsAway(name)) return undefined;
      signal.throwIfAborted();
      files += 1;
      const sums = await sumOf(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from(name, 'latin1')]));
      if (typeof sums === 'string' || !sums.isLink) regular += 1;
      if (sums === 'unread') unread += 1;
      else if (sums === 'missing') missing.push(encodeName(Buffer.from(name, 'latin1')));
      else if (!sums.digests.includes(digest)) damaged.push(encodeName(Buffer.from(name, 'latin1')));
    }
  } catch (error) {
    if (error instanceof DamagedManifest) return undefined;
    throw error;
  } finally {
    reader.close();
  }
  return { files, damaged, missing, unread, regular };
}

/**
 * Opens a manifest that was fetched.
 * @returns undefined when what has arrived is no file
 */
export function openManifest(path: string): ManifestReader | undefined {
  try {
    return new ManifestReader(path);
  } catch (error) {
    if (error instanceof DamagedManifest || isMissing(error) || errorCode(error) === 'ELOOP') return undefined;
    throw error;
  }
}

/** Whether a line names something below the snapshot in the only way in which we write that. */
function isPath(name: string): boolean {
  return !/(?:^|\/)\.{0,2}(?:\/|$)/.test(name) && !name.includes('\0');
}

/** Tells whether a name lies below a symbolic link. Names come sorted, so most lie where the one before them does. */
function rememberDirectories(tree: string): (name: string) => boolean {
  let known = '';
  return (name) => {
    for (let end = name.indexOf('/'); end !== -1; end = name.indexOf('/', end + 1)) {
      const directory = name.slice(0, end);
      if (`${known}/`.startsWith(`${directory}/`)) continue;
      const path = Buffer.concat([Buffer.from(`${tree}/`), Buffer.from(directory, 'latin1')]);
      if (isLink(path)) return true;
      known = directory;
    }
    return false;
  };
}

function isLink(path: Buffer): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false; // whoever reads the file finds out
  }
}

type Sums = { readonly digests: readonly string[]; readonly isLink: boolean } | 'missing' | 'unread';

/** What keeps a link from leading anywhere on the secondary (facts.md#munged-links). */
const MUNGED = '/rsyncd-munged/';

/** Reads each file once, whatever names it has. */
function rememberLinked(onPiece: (bytes: number) => void, signal: AbortSignal): (path: Buffer) => Promise<Sums> {
  const known = new Map<string, Sums>();
  return async (path) => {
    let stats: Stats;
    try {
      stats = await lstat(path);
    } catch (error) {
      return whyNot(error);
    }
    // A symbolic link is stored as a file that holds its target (facts.md#symbolic-links-without-privileges).
    if (stats.isSymbolicLink()) {
      const target = await readlink(path, 'buffer');
      const texts = [target, Buffer.concat([Buffer.from(MUNGED), target])];
      return { digests: texts.map((text) => createHash('sha256').update(text).digest('hex')), isLink: true };
    }
    if (!stats.isFile()) return 'missing';
    const key = stats.nlink > 1 ? `${stats.dev}:${stats.ino}` : undefined;
    const before = key === undefined ? undefined : known.get(key);
    if (before !== undefined) return before;
    const sums = await sha256(path, onPiece, signal).then(
      (digest): Sums => ({ digests: [digest], isLink: false }),
      (error: unknown) => whyNot(error),
    );
    if (key !== undefined) known.set(key, sums);
    return sums;
  };
}

function whyNot(error: unknown): 'missing' | 'unread' {
  if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes(errorCode(error) ?? '')) return 'missing';
  if (isForbidden(error)) return 'unread';
  throw error;
}

async function sha256(path: Buffer, onPiece: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await sha256Of(file, onPiece, signal);
  } finally {
    await file.close();
  }
}

/**
 * The SHA-256 of an open file in hexadecimal digits, from its beginning to its end.
 * @throws NodeJS.ErrnoException when it cannot be read
 */
export async function sha256Of(
  file: FileHandle,
  onPiece: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  for (let at = 0; ;) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return hash.digest('hex');
    at += bytesRead;
    hash.update(buffer.subarray(0, bytesRead));
    onPiece(bytesRead);
  }
}
