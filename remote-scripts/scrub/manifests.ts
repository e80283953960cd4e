import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelLock } from '../../src/platform/kernel-lock.ts';
import { makePrivateDirectory } from '../../src/platform/files.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { takeLock } from '../store/locks.ts';
import {
  forgetManifests,
  manifestPath,
  readManifestRecord,
  writeManifestRecord,
  type ManifestRecord,
} from '../store/manifest-records.ts';
import { sealedSnapshots, type ScrubbedJob, type ScrubDeps } from './job.ts';
import { makeManifest, type Former, type Unread } from './make-manifest.ts';
import { ManifestReader } from '../../src/manifests/manifest-reader.ts';

/** A manifest that was made now. */
export interface MadeManifest {
  readonly id: SnapshotId;
  /** Why there is no earlier one any more; null when it is the first. */
  readonly replaces: string | null;
  readonly unread: Unread;
}

/** Milliseconds that one of our programs waits for another that is making manifests of the same job. */
const LOCK_WAIT = 60_000;

/** Takes the lock under which manifests of a job are made. @returns undefined when another process keeps it */
export async function lockManifests(
  { paths }: Pick<ScrubbedJob, 'paths'>,
  wait: { readonly waitMs?: number; readonly signal?: AbortSignal } = {},
): Promise<KernelLock | undefined> {
  await makePrivateDirectory(paths.manifests);
  return takeLock({ path: paths.manifestsLock, kind: 'file' }, { waitMs: LOCK_WAIT, ...wait });
}

/**
 * Makes what is missing: the manifests of new snapshots, of those from before there were manifests, and of those whose manifest
 * was lost or is not the one that was made. To be called under {@link lockManifests}.
 * @param distrusted manifests that are known to be damaged, and why
 * @throws NodeJS.ErrnoException when the disk does not take one
 */
export async function makeMissing(
  job: ScrubbedJob,
  deps: ScrubDeps,
  distrusted: ReadonlyMap<SnapshotId, string> = new Map(),
): Promise<MadeManifest[]> {
  const sealed = await sealedSnapshots(job);
  await forgetManifests(job.paths, new Set(sealed));
  const damaged = new Map(distrusted);
  const made: MadeManifest[] = [];
  const good = new Map<SnapshotId, ManifestRecord>();
  for (const id of sealed) {
    const record = damaged.has(id) ? undefined : await goodRecord(job, id, deps, damaged);
    if (record !== undefined) good.set(id, record);
  }
  let pending = sealed.filter((id) => !good.has(id));
  for (let id = pending.shift(); id !== undefined; id = pending.shift()) {
    const former = formerOf(id, good);
    const replaces = damaged.get(id) ?? null;
    deps.onProgress?.(0, `manifest of ${job.name}/${id}`);
    const making = await makeManifest(job, id, former, replaces, deps);
    if (making.kind === 'made') {
      good.set(id, making.record);
      made.push({ id, replaces, unread: making.unread });
    } else if (making.kind === 'former-damaged' && former !== undefined) {
      good.delete(former.id);
      damaged.set(former.id, CHANGED);
      pending = [...pending, id, former.id].sort();
    }
  }
  return made;
}

/** What is wrong with a manifest, for {@link MadeManifest.replaces}. */
export const CHANGED = 'it was not the one that was made';
const LOST = 'it was gone';

/** The record of a manifest that seems to be in order. One whose record is lost is taken over if it can be read to its end. */
async function goodRecord(
  job: ScrubbedJob,
  id: SnapshotId,
  deps: ScrubDeps,
  damaged: Map<SnapshotId, string>,
): Promise<ManifestRecord | undefined> {
  const path = manifestPath(job.secondary, job.paths, id);
  const record = await readManifestRecord(job.paths, id);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    if (record !== undefined) damaged.set(id, LOST);
    return undefined;
  }
  if (record !== undefined) {
    if (found.isFile() && found.size === record.size) return record;
    damaged.set(id, CHANGED);
    return undefined;
  }
  const whole = await examine(path, deps);
  if (whole === undefined) {
    damaged.set(id, CHANGED);
    return undefined;
  }
  // Whether its lines were inherited is no longer known. With `from: id`, nothing is claimed of what is older than the snapshot.
  const taken = { ...whole, madeAt: found.mtime.toISOString(), from: id, replaces: null };
  await writeManifestRecord(job.paths, id, taken);
  return taken;
}

/** Reads a manifest to its end. @returns undefined when it is damaged */
export async function examine(
  path: string,
  { pace }: Pick<ScrubDeps, 'pace'>,
): Promise<Pick<ManifestRecord, 'digest' | 'size' | 'lines'> | undefined> {
  let reader: ManifestReader | undefined;
  try {
    reader = new ManifestReader(path);
    let lines = 0;
    for (; reader.next() !== undefined; lines += 1) if (pace.isDue()) await pace.pause();
    return { digest: reader.digest(), size: reader.size, lines };
  } catch {
    pace.check();
    return undefined;
  } finally {
    reader?.close();
  }
}

/** The nearest older snapshot with a manifest, or else the nearest newer one. */
function formerOf(id: SnapshotId, good: ReadonlyMap<SnapshotId, ManifestRecord>): Former | undefined {
  const ids = [...good.keys()].sort();
  const near = ids.findLast((other) => other < id) ?? ids.find((other) => other > id);
  const record = near === undefined ? undefined : good.get(near);
  return near === undefined || record === undefined ? undefined : { id: near, record };
}

/** The path of a snapshot. */
export function snapshotPath({ paths }: Pick<ScrubbedJob, 'paths'>, id: SnapshotId): string {
  return join(paths.snapshots, id);
}
