import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory, namesIn, writeFileAtomic } from '../../src/platform/files.ts';
import { readRegularFile } from '../../src/platform/regular-file.ts';
import { isTime } from '../../src/shared/iso-time.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { manifestName } from '../../src/shared/entry-names.ts';
import type { JobPaths } from './places.ts';

/** What is known of the manifest of one snapshot. It lies where the push key cannot write, so a changed manifest is known as such. */
export interface ManifestRecord {
  /** SHA-256 of the manifest. */
  readonly digest: string;
  /** Bytes of the manifest, and its lines. */
  readonly size: number;
  readonly lines: number;
  /** When it was made (ISO 8601, UTC). From then on the bytes of the snapshot are proven. */
  readonly madeAt: string;
  /** The snapshot whose lines it took over for shared files; null when every file was read. */
  readonly from: SnapshotId | null;
  /** Why there is no earlier one any more; null when it is the first. */
  readonly replaces: string | null;
}

const LARGEST = 16_384;
const ENDING = '.json';

type Paths = Pick<JobPaths, 'snapshots' | 'manifests'>;

/** Where the manifest of a snapshot is: beside its seal, unless the push key may write there. */
export function manifestPath(secondary: 'gate' | 'rrsync', paths: Paths, id: SnapshotId): string {
  return join(secondary === 'gate' ? paths.snapshots : paths.manifests, manifestName(id));
}

/** What is known of a manifest; undefined when there is no usable record. */
export async function readManifestRecord(paths: Paths, id: SnapshotId): Promise<ManifestRecord | undefined> {
  try {
    return parseManifestRecord(await readRegularFile(recordPath(paths, id), LARGEST));
  } catch {
    return undefined; // the manifest itself is examined then
  }
}

/** Writes what is known of a manifest. @throws NodeJS.ErrnoException when the disk does not take it */
export async function writeManifestRecord(paths: Paths, id: SnapshotId, record: ManifestRecord): Promise<void> {
  await makePrivateDirectory(paths.manifests);
  await writeFileAtomic(recordPath(paths, id), formatManifestRecord(record));
}

/** The text of a record. */
export function formatManifestRecord(record: ManifestRecord): string {
  return `${JSON.stringify({ version: 1, ...record })}\n`;
}

/** Forgets the manifests of snapshots that are gone; under a plain rrsync, removes them too. */
export async function forgetManifests(paths: Paths, sealed: ReadonlySet<SnapshotId>): Promise<void> {
  for (const name of await namesIn(paths.manifests)) {
    const id = parseSnapshotId(name.slice(0, name.indexOf('.')));
    if (id === undefined || sealed.has(id)) continue;
    if (name === `${id}${ENDING}` || name === manifestName(id)) await rm(join(paths.manifests, name), { force: true });
  }
}

function recordPath({ manifests }: Paths, id: SnapshotId): string {
  return join(manifests, `${id}${ENDING}`);
}

/** Reads the text of a record. @returns undefined when it is not one of ours @throws SyntaxError when it is no JSON */
export function parseManifestRecord(text: string): ManifestRecord | undefined {
  const data: unknown = JSON.parse(text);
  if (typeof data !== 'object' || data === null) return undefined;
  const { version, digest, size, lines, madeAt, from, replaces } = data as Record<string, unknown>;
  if (version !== 1 || typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) return undefined;
  if (!isCount(size) || !isCount(lines) || !isTime(madeAt)) return undefined;
  return {
    digest,
    size,
    lines,
    madeAt,
    from: typeof from === 'string' ? (parseSnapshotId(from) ?? null) : null,
    replaces: typeof replaces === 'string' ? replaces : null,
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
