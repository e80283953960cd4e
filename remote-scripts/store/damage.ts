import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissing, writeFileAtomic } from '../../src/platform/files.ts';
import { readRegularFile } from '../../src/platform/regular-file.ts';
import { isTime } from '../../src/shared/iso-time.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import type { JobPaths } from './places.ts';
import { syncDirectory } from './syncing.ts';

/**
 * What is wrong with a stored file:
 *
 *   content     its bytes are not those of the manifest
 *   unreadable  the disk does not give its bytes
 *   missing     the manifest names it, and there is no such file
 *   unlisted    it is there, and the manifest does not name it
 */
export type DamageKind = 'content' | 'unreadable' | 'missing' | 'unlisted';

/** One damaged file of a job. A file that several snapshots share is one entry. */
export interface DamageEntry {
  /** Path below the snapshot, as rsync writes it: see `decodeName` of src/rsync/itemized.ts. */
  readonly name: string;
  /** The snapshots that hold it, oldest first; at least one. */
  readonly snapshots: readonly SnapshotId[];
  readonly kind: DamageKind;
  /** Decimal digits, since an inode's number may be larger than a JSON number; null where there is no inode. */
  readonly inode: string | null;
  /** When it was first found (ISO 8601, UTC). */
  readonly foundAt: string;
  /** When that inode was last read and found good; null if it never was. */
  readonly lastGood: string | null;
}

/** What is known of damage in one job. */
export interface Damage {
  readonly entries: readonly DamageEntry[];
  /** Damaged files that found no place in the record. While there are any, nobody knows which files are good. */
  readonly omitted: number;
}

/** Largest size of the record in bytes: it is read at every push. */
const LARGEST = 16 * 1024 * 1024;

const NONE: Damage = { entries: [], omitted: 0 };

const KINDS: ReadonlySet<unknown> = new Set<DamageKind>(['content', 'unreadable', 'missing', 'unlisted']);

/**
 * Reads what is known of damage in a job; without a record there is none.
 * @throws Error when the record cannot be read or is damaged itself: then nobody knows what is damaged
 */
export async function readDamage({ damage: path }: Pick<JobPaths, 'damage'>): Promise<Damage> {
  let text: string;
  try {
    text = await readRegularFile(path, LARGEST);
  } catch (error) {
    if (isMissing(error)) return NONE;
    throw error;
  }
  const damage = parseDamage(text);
  if (damage === undefined) {
    throw new Error(`${path} is not a record of damage: move it away, and let offsite-scrub --all find out anew`);
  }
  return damage;
}

/**
 * Replaces what is known of damage in a job, for good: it is on the disk when this returns. What has no place in it is counted.
 * @throws NodeJS.ErrnoException when the disk does not take it; the former record stays then
 */
export async function writeDamage(
  { damage: path }: Pick<JobPaths, 'damage'>,
  { entries, omitted }: Damage,
): Promise<void> {
  if (entries.length === 0 && omitted === 0) {
    await rm(path, { force: true });
  } else {
    await writeFileAtomic(path, formatDamage({ entries, omitted }));
  }
  await syncDirectory(dirname(path));
}

/** The text of a record. */
export function formatDamage({ entries, omitted }: Damage): string {
  const lines = fitting(entries);
  const left = omitted + entries.length - lines.length;
  return `{"version":1,"omitted":${left},"entries":[\n${lines.join(',\n')}\n]}\n`;
}

/** One line for each entry, as many as fit. */
function fitting(entries: readonly DamageEntry[]): string[] {
  const lines: string[] = [];
  let bytes = 1024;
  for (const { name, snapshots, kind, inode, foundAt, lastGood } of entries) {
    const line = JSON.stringify({ name, snapshots, kind, inode, foundAt, lastGood });
    bytes += Buffer.byteLength(line) + 2;
    if (bytes > LARGEST) break;
    lines.push(line);
  }
  return lines;
}

/** Reads the text of a record. @returns undefined when it is not one that we write */
export function parseDamage(text: string): Damage | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(data) || data.version !== 1 || !Array.isArray(data.entries)) return undefined;
  if (!Number.isSafeInteger(data.omitted) || Number(data.omitted) < 0) return undefined;
  const entries = (data.entries as unknown[]).map(parseEntry);
  const read = entries.filter((entry) => entry !== undefined);
  return read.length === entries.length ? { entries: read, omitted: Number(data.omitted) } : undefined;
}

function parseEntry(value: unknown): DamageEntry | undefined {
  if (!isRecord(value) || typeof value.name !== 'string' || !KINDS.has(value.kind)) return undefined;
  const { name, inode, foundAt, lastGood } = value;
  const snapshots = Array.isArray(value.snapshots) ? (value.snapshots as unknown[]).map(idOf) : [];
  const ids = snapshots.filter((id) => id !== undefined);
  if (ids.length === 0 || ids.length < snapshots.length) return undefined;
  if (inode !== null && !(typeof inode === 'string' && /^\d+$/.test(inode))) return undefined;
  if (!isTime(foundAt) || (lastGood !== null && !isTime(lastGood))) return undefined;
  return { name, snapshots: ids, kind: value.kind as DamageKind, inode, foundAt, lastGood };
}

function idOf(value: unknown): SnapshotId | undefined {
  return typeof value === 'string' ? parseSnapshotId(value) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
