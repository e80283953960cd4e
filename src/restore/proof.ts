import { join } from 'node:path';
import { fileArguments, type ReadScope } from '../rsync/read-arguments.ts';
import type { Failure } from '../run/failure.ts';
import { displayName } from '../rsync/itemized.ts';
import { checkManifest, type ManifestCheck } from './check-manifest.ts';
import { compareWith, type Comparison } from './compare.ts';
import type { Extent } from './contents.ts';
import { isOwn } from './own-directory.ts';
import { readFrom, type ReadDeps, type Stored } from './reading.ts';
import type { RestoreDeps, RestoreSpec } from './restore.ts';

/** What was found when that which arrived was compared with what is stored. */
export interface Proof {
  /**
   * By what contents were proved. `manifest`: by the checksums with which the secondary sealed the snapshot; `checksum`: against what is
   * stored now, so that damage there is not seen.
   */
  readonly by: 'manifest' | 'checksum';
  /** Why it is not the manifest. */
  readonly lack: ManifestLack | undefined;
  readonly comparison: Comparison;
  readonly manifest: ManifestCheck | undefined;
  /** Undefined if all of it is as it was. */
  readonly failure: Failure | undefined;
}

/** Why a manifest does not prove every file: there is none, it did not arrive, is damaged, or does not name every file. */
export type ManifestLack = 'none' | 'not-fetched' | 'damaged' | 'short';

/** Compares what was restored with the snapshot and its manifest. */
export async function checkRestored(
  spec: RestoreSpec,
  scope: ReadScope,
  extent: Extent,
  deps: RestoreDeps,
): Promise<Proof> {
  const { source, standing, names, begun } = spec;
  const { manifest, lack } = await manifestCheck(spec, extent, deps);
  const by = lack === undefined ? 'manifest' : 'checksum';
  deps.onStep('comparing');
  const asItIs = names.length > 0 && (standing.kind !== 'absent' || begun?.before !== undefined);
  const { files: totalFiles, bytes: totalBytes } = extent;
  const onRead = (bytes: number) =>
    deps.onProgress({ files: 0, totalFiles, bytes: Math.min(bytes, totalBytes), totalBytes });
  const options = { content: by === 'checksum', asItIs, onRead };
  const comparison = await compareWith(source, scope, standing.path, options, deps);
  return { by, lack, comparison, manifest, failure: verdictOn(comparison, manifest) };
}

async function manifestCheck(
  spec: RestoreSpec,
  { files, bytes }: Extent,
  deps: RestoreDeps,
): Promise<Pick<Proof, 'manifest' | 'lack'>> {
  const fetched = await fetchManifest(spec, deps);
  if (fetched.kind !== 'fetched') return { manifest: undefined, lack: fetched.kind };
  deps.onStep('manifest');
  const { signal } = deps;
  try {
    const manifest = await checkManifest({
      manifest: fetched.path,
      tree: spec.standing.path,
      wanted: wantedBy(spec.names),
      signal,
      onProgress: (done, read) =>
        deps.onProgress({ files: done, totalFiles: files, bytes: Math.min(read, bytes), totalBytes: bytes }),
    });
    if (manifest === undefined) return { manifest, lack: 'damaged' };
    return { manifest, lack: manifest.regular < files ? 'short' : undefined };
  } catch (error) {
    if (signal.aborted) return { manifest: undefined, lack: 'not-fetched' }; // the caller sees that too
    throw error;
  }
}

/** A manifest that was asked for. */
export type FetchedManifest =
  | { readonly kind: 'none' }
  | { readonly kind: 'not-fetched'; readonly failure: Failure }
  | { readonly kind: 'fetched'; readonly path: string };

/** Fetches the manifest of a snapshot. What arrives under that name may be anything. */
export async function fetchManifest({ source, job, snapshot }: Stored, deps: ReadDeps): Promise<FetchedManifest> {
  const operand = source.manifest(job, snapshot);
  if (operand === undefined) return { kind: 'none' };
  const path = join(deps.scratch, 'manifest');
  const { failure } = await readFrom(source, fileArguments(source.options, operand, path), {}, deps);
  return failure === undefined ? { kind: 'fetched', path } : { kind: 'not-fetched', failure };
}

/** Whether a name, as a string of bytes, is one of these or lies below one of them. */
function wantedBy(names: readonly Buffer[]): (name: string) => boolean {
  const wanted = new Set(names.map((name) => name.toString('latin1')));
  return (name) => {
    if (isOwn(name)) return false;
    if (wanted.size === 0) return true;
    for (let end = name.length; end > 0; end = name.lastIndexOf('/', end - 1))
      if (wanted.has(name.slice(0, end))) return true;
    return false;
  };
}

/** Names that a reason has. */
const NAMED = 5;

function verdictOn(
  { failure, different, grave }: Comparison,
  manifest: ManifestCheck | undefined,
): Failure | undefined {
  const damaged = manifest?.damaged ?? [];
  if (damaged.length > 0) {
    return {
      outcome: 'corruption',
      reason: `not as it was when the snapshot was sealed: ${listed(damaged)}`,
      advice:
        'Take what is named from another snapshot, with its names behind the command. Everything else is as it was.',
    };
  }
  if (failure !== undefined) return failure;
  const lost = [
    ...new Set([
      ...(manifest?.missing ?? []),
      ...(grave === 0 ? [] : different.map(({ name, what }) => `${name} (${what})`)),
    ]),
  ];
  if (lost.length > 0) {
    return {
      outcome: 'incomplete',
      reason: `not restored as it is in the snapshot: ${listed(lost)}`,
      advice: 'Type the same command again to try once more.',
    };
  }
  if (different.length > 0) {
    return {
      outcome: 'not-identical',
      reason: `the contents are there, but not as in the snapshot: ${listed(different.map(({ name, what }) => `${name} (${what})`))}`,
      advice:
        'This file system or this user cannot have it otherwise: as root, on a file system of Linux (ext4, XFS, Btrfs), all of it comes back.',
    };
  }
  return undefined;
}

function listed(names: readonly string[]): string {
  const more = names.length > NAMED ? `; and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).map(displayName).join('; ')}${more}`;
}
