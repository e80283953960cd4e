import { join } from 'node:path';
import { ManifestReader } from '../manifests/manifest-reader.ts';
import { ReadError } from '../read/snapshot-source.ts';
import { displayName } from '../rsync/itemized.ts';
import { legibleArguments } from '../rsync/read-arguments.ts';
import type { StoredItem } from '../rsync/stored-item.ts';
import { sha256 } from './check-manifest.ts';
import { nameBytes, readContents } from './contents.ts';
import { fetchManifest } from './proof.ts';
import { readFrom, scopeOf, type ReadDeps, type Stored } from './reading.ts';

/**
 * Fetches one file of a snapshot, whole, and proves it by the manifest if there is one.
 * @param name see parseNames
 * @returns its path in the scratch directory, as bytes
 * @throws ReadError when there is no such file, it did not arrive, or it is not as it was when the snapshot was sealed
 */
export async function fetchFile(stored: Stored, name: Buffer, deps: ReadDeps): Promise<Buffer> {
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
  if (digest !== undefined && digest !== (await sha256(path, () => undefined, deps.signal))) {
    throw new ReadError({
      outcome: 'corruption',
      reason: `"${shown(wanted)}" is not as it was when the snapshot was sealed: it is damaged there. Nothing was written.`,
      advice: 'Take it from another snapshot (--snapshot). To have what is left of it: offsite-rsync restore',
    });
  }
  return path;
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

async function digestIn(stored: Stored, name: string, deps: ReadDeps): Promise<string | undefined> {
  const manifest = await fetchManifest(stored, deps);
  if (manifest === undefined) return undefined;
  const reader = new ManifestReader(manifest);
  try {
    for (let line = reader.next(); line !== undefined; line = reader.next()) if (line.name === name) return line.digest;
    return undefined;
  } catch {
    return undefined; // a damaged manifest says nothing
  } finally {
    reader.close();
  }
}

function shown(name: string): string {
  return Buffer.from(name, 'latin1').toString();
}
