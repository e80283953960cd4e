import { lstatSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { isForbidden } from '../platform/files.ts';
import type { SnapshotSource } from '../read/snapshot-source.ts';
import { compareArguments, type ReadScope } from '../rsync/read-arguments.ts';
import type { StoredItem } from '../rsync/stored-item.ts';
import type { Failure } from '../run/failure.ts';
import { nameBytes } from './contents.ts';
import { readFrom, type ReadDeps, type ReadEnd } from './reading.ts';

/** How something restored is not as it is in the snapshot. */
export interface RestoreDifference {
  /** As rsync writes it. */
  readonly name: string;
  /** In a few words: `content`, `time, mode`, `missing`. */
  readonly what: string;
}

/** What a comparison with the snapshot has found. */
export interface Comparison {
  readonly failure: Failure | undefined;
  readonly different: readonly RestoreDifference[];
  /** How many of these are missing or have another content. */
  readonly grave: number;
  /** Entries that their own modes, or those of directories above them, close to this user. */
  readonly unread: number;
}

/** How to compare. */
interface CompareOptions {
  /** Whether contents are compared too, by checksum; without it, sizes. */
  readonly content: boolean;
  /** Whether the directory itself keeps its own owner, mode and time. */
  readonly asItIs: boolean;
  /** Called with the bytes that were read here so far, where contents are compared. */
  readonly onRead: (bytes: number) => void;
}

/** The letters of rsync's itemised lines (rsync(1), --itemize-changes). */
const LETTERS: Readonly<Record<string, string>> = {
  c: 'content',
  s: 'size',
  t: 'time',
  p: 'mode',
  o: 'owner',
  g: 'group',
  a: 'ACL',
  x: 'attributes',
};

/**
 * Compares what was restored with the snapshot: everything that is stored, times to the nanosecond.
 */
export async function compareWith(
  source: SnapshotSource,
  scope: ReadScope,
  to: string,
  { content, asItIs, onRead }: CompareOptions,
  deps: ReadDeps,
): Promise<Comparison> {
  const found: StoredItem[] = [];
  const args = compareArguments(scope, to, { content });
  const end = await readFrom(source, args, { onItem: (item) => found.push(item), ...(content && { onRead }) }, deps);
  const different: RestoreDifference[] = [];
  let [grave, unread] = [0, 0];
  for (const item of found) {
    const name = nameBytes(item);
    if (name === '.' && asItIs) continue;
    const what = whatDiffers(item);
    if (what === undefined) continue;
    const isGrave = item.isNew || /[cs]/.test(item.differs);
    if (isGrave && (await isClosed(Buffer.concat([Buffer.from(`${to}/`), Buffer.from(name, 'latin1')]), item))) {
      unread += 1;
      continue;
    }
    if (isGrave) grave += 1;
    different.push({ name: item.name, what });
  }
  // What lies in a directory that is closed is not even named.
  const closed = process.getuid?.() !== 0 && isOnlyClosed(end);
  return {
    ...{ failure: closed ? undefined : end.failure, different, grave },
    unread: unread + (closed ? end.troubles.length : 0),
  };
}

function whatDiffers({ isNew, action, kind, differs }: StoredItem): string | undefined {
  if (action === 'linked' && !isNew) return differs === '' ? 'hard link' : undefined;
  if (isNew) return 'missing';
  const words = Array.from(differs, (letter) =>
    letter === 'c' && kind === 'symlink' ? 'target' : (LETTERS[letter.toLowerCase()] ?? letter),
  );
  return words.length === 0 ? undefined : words.join(', ');
}

/** Whether a mode from the snapshot keeps this user, who is not root, from reading it. */
async function isClosed(path: Buffer, { kind }: StoredItem): Promise<boolean> {
  if (process.getuid?.() === 0) return false;
  try {
    lstatSync(path);
    if (kind === 'file') await (await open(path)).close();
    return false;
  } catch (error) {
    return isForbidden(error);
  }
}

/** Whether rsync complains of nothing but directories here that are closed to this user. */
function isOnlyClosed({ failure, troubles }: ReadEnd): boolean {
  return (
    failure?.outcome === 'incomplete' &&
    troubles.length > 0 &&
    troubles.every((line) => /^\[generator\] .*: Permission denied \(13\)$/.test(line))
  );
}
