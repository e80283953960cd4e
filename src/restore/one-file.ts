import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { DamagedManifest } from '../manifests/manifest-reader.ts';
import { openRegularFile } from '../platform/regular-file.ts';
import { ReadError } from '../read/snapshot-source.ts';
import { displayName } from '../rsync/itemized.ts';
import { legibleArguments } from '../rsync/read-arguments.ts';
import type { StoredItem } from '../rsync/stored-item.ts';
import { openManifest, sha256Of } from './check-manifest.ts';
import { nameBytes, readContents } from './contents.ts';
import { fetchManifest } from './proof.ts';
import { readFrom, scopeOf, type ReadDeps, type Stored } from './reading.ts';

/** A file that has arrived. */
export interface FetchedFile {
  /** Whoever gets it closes it. */
  readonly file: FileHandle;
  /** Whether the manifest says that it is as it was sealed; false where there is none. */
  readonly proved: boolean;
}

/**
 * Fetches one file of a snapshot, whole, and proves it by the manifest if there is one.
 * @param name see parseNames
 * @returns the file, open: what was proved is what is read from it
 * @throws ReadError when there is no such file, it did not arrive, or it is not as it was when the snapshot was sealed
 */
export async function fetchFile(stored: Stored, name: Buffer, deps: ReadDeps): Promise<FetchedFile> {
  const { source } = stored;
  const scope = await scopeOf(stored, [name], [], deps);
  const wanted = name.toString('latin1');
  let item: StoredItem | undefined;
  await readContents(source, scope, deps, (each) => {
    if (nameBytes(each) === wanted) item = each;
  });
  assertFile(item, wanted);

  const to = join(deps.scratch, 'file');
  const { failure } = await readFrom(source, legibleArguments(scope, to), {}, deps);
  if (failure?.outcome === 'no-space-here')
    throw new ReadError({
      ...failure,
      advice: 'A file lies there until it is whole: set TMPDIR to a directory with more space.',
    });
  if (failure !== undefined) throw new ReadError(failure);
  const path = Buffer.concat([Buffer.from(`${to}/`), name]);
  const digest = await digestIn(stored, wanted, deps);
  const file = await openArrived(path, wanted);
  if (digest !== undefined && digest !== (await sha256Of(file, () => undefined, deps.signal))) {
    await file.close();
    throw new ReadError({
      outcome: 'corruption',
      reason: `"${shown(wanted)}" is not as it was when the snapshot was sealed: it is damaged there. Nothing was written.`,
      advice: 'Take it from another snapshot (--snapshot). To have what is left of it: offsite-rsync restore',
    });
  }
  return { file, proved: digest !== undefined };
}

function assertFile(item: StoredItem | undefined, wanted: string): void {
  const reason = whyNoFile(item, shown(wanted));
  if (reason !== undefined)
    throw new ReadError({ outcome: 'usage', reason, advice: 'Names are those below the source of the job.' });
}

function whyNoFile(item: StoredItem | undefined, name: string): string | undefined {
  if (item === undefined) return `The snapshot has no "${name}".`;
  if (item.kind === 'symlink') return `"${name}" is a symbolic link to "${displayName(item.target ?? '')}".`;
  return item.kind === 'file' ? undefined : `"${name}" is a directory: offsite-rsync restore brings those.`;
}

/**
 * What the manifest says of a file.
 * @returns undefined where there is no manifest
 * @throws ReadError when there is one that does not say it
 */
async function digestIn(stored: Stored, name: string, deps: ReadDeps): Promise<string | undefined> {
  const fetched = await fetchManifest(stored, deps);
  if (fetched.kind === 'none') return undefined;
  if (fetched.kind === 'not-fetched') throw new ReadError(fetched.failure);
  const digest = lookUp(fetched.path, name);
  if (digest !== undefined) return digest;
  throw new ReadError({
    outcome: 'corruption',
    reason: `The manifest of ${stored.snapshot.id} is damaged or does not name "${shown(name)}", so nothing proves what it was when the snapshot was sealed. Nothing was written.`,
    advice: 'Take it from another snapshot (--snapshot). To have it as it is stored now: offsite-rsync restore',
  });
}

function lookUp(manifest: string, name: string): string | undefined {
  const reader = openManifest(manifest);
  try {
    for (let line = reader?.next(); line !== undefined; line = reader?.next())
      if (line.name === name) return line.digest;
    return undefined;
  } catch (error) {
    if (error instanceof DamagedManifest) return undefined;
    throw error;
  } finally {
    reader?.close();
  }
}

/** Opens what has arrived, which must be a file. */
async function openArrived(path: Buffer, wanted: string): Promise<FileHandle> {
  try {
    return await openRegularFile(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    throw new ReadError({
      outcome: 'refused',
      reason: `"${shown(wanted)}" did not arrive as a file. Nothing was written.`,
    });
  }
}

function shown(name: string): string {
  return Buffer.from(name, 'latin1').toString();
}
