import { sealedId } from './seal.ts';
import { parseSnapshotId, type SnapshotId } from './snapshot-id.ts';

/**
 * What a name in a job's directory stands for (design.md#on-the-secondary). Whether the entry really is that, the
 * caller has to check.
 */
export interface EntryName {
  readonly id: SnapshotId;
  /**
   * `complete`: the directory under its final name. `unfinished-…`: what is left when the writer of a seal or a manifest
   * is killed.
   */
  readonly kind: 'complete' | 'partial' | 'frozen' | 'seal' | 'unfinished-seal' | 'manifest' | 'unfinished-manifest';
}

const PARTIAL = '.partial';
const FROZEN = '.frozen';
const MANIFEST = '.sha256';

/** The directory of a snapshot while it is written. */
export function partialName(id: SnapshotId): string {
  return `${id}${PARTIAL}`;
}

/** The directory of an attempt that ended without a seal. */
export function frozenName(id: SnapshotId): string {
  return `${id}${FROZEN}`;
}

/** The checksums of all regular files of a snapshot, as sha256sum(1) writes them. */
export function manifestName(id: SnapshotId): string {
  return `${id}${MANIFEST}`;
}

/** Reads a name in a job's directory. @returns undefined for one that is not ours */
export function parseEntryName(name: string): EntryName | undefined {
  for (const [kind, idIn] of READERS) {
    const id = idIn(name);
    if (id !== undefined) return { id, kind };
  }
  return undefined;
}

const READERS: readonly (readonly [EntryName['kind'], (name: string) => SnapshotId | undefined])[] = [
  ['complete', parseSnapshotId],
  ['partial', (name) => before(name, PARTIAL)],
  ['frozen', (name) => before(name, FROZEN)],
  ['seal', sealedId],
  ['unfinished-seal', (name) => sealedId(finishedName(name))],
  ['manifest', (name) => before(name, MANIFEST)],
  ['unfinished-manifest', (name) => before(finishedName(name), MANIFEST)],
];

function before(name: string, suffix: string): SnapshotId | undefined {
  return name.endsWith(suffix) ? parseSnapshotId(name.slice(0, -suffix.length)) : undefined;
}

/** rsync and writeFileAtomic both write `.NAME.MARK` first, with marks of these characters only. */
function finishedName(name: string): string {
  return /^\.([^.]+\.[^.]+)\.[0-9A-Za-z.]+$/.exec(name)?.[1] ?? '';
}
