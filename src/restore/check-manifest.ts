import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
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
 * @returns undefined when the manifest itself is damaged, so that it says nothing
 */
export async function checkManifest({
  manifest,
  tree,
  wanted,
  signal,
  onProgress,
}: ManifestSpec): Promise<ManifestCheck | undefined> {
  const reader = new ManifestReader(manifest);
  const damaged: string[] = [];
  const missing: string[] = [];
  let [files, bytes, unread] = [0, 0, 0];
  const sumOf = rememberLinked((piece) => onProgress(files, (bytes += piece)), signal);
  try {
    for (let line = reader.next(); line !== undefined; line = reader.next()) {
      const { name, digest } = line;
      if (!wanted(name)) continue;
      signal.throwIfAborted();
      files += 1;
      const sums = await sumOf(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from(name, 'latin1')]));
      if (sums === 'unread') unread += 1;
      else if (sums === 'missing') missing.push(encodeName(Buffer.from(name, 'latin1')));
      else if (!sums.includes(digest)) damaged.push(encodeName(Buffer.from(name, 'latin1')));
    }
  } catch (error) {
    if (error instanceof DamagedManifest) return undefined;
    throw error;
  } finally {
    reader.close();
  }
  return { files, damaged, missing, unread };
}

type Sums = readonly string[] | 'missing' | 'unread';

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
      return [target, Buffer.concat([Buffer.from(MUNGED), target])].map((text) =>
        createHash('sha256').update(text).digest('hex'),
      );
    }
    if (!stats.isFile()) return 'missing';
    const key = stats.nlink > 1 ? `${stats.dev}:${stats.ino}` : undefined;
    const before = key === undefined ? undefined : known.get(key);
    if (before !== undefined) return before;
    const sums = await sha256(path, onPiece, signal).then(
      (digest): Sums => [digest],
      (error: unknown) => whyNot(error),
    );
    if (key !== undefined) known.set(key, sums);
    return sums;
  };
}

function whyNot(error: unknown): 'missing' | 'unread' {
  if (isMissing(error) || errorCode(error) === 'ENOTDIR') return 'missing';
  if (isForbidden(error)) return 'unread';
  throw error;
}

/**
 * The SHA-256 of a file in hexadecimal digits.
 * @throws NodeJS.ErrnoException when it cannot be read
 */
export async function sha256(
  path: string | Buffer,
  onPiece: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
      onPiece(bytesRead);
    }
  } finally {
    await file.close();
  }
}
