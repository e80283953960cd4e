import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { makePrivateDirectory } from '../../src/platform/files.ts';
import { manifestPath, writeManifestRecord, type ManifestRecord } from '../store/manifest-records.ts';
import { Digests, inodeAt, isSame, numberOf, type Inode } from './inodes.ts';
import { isGone, isStillSealed, type ScrubbedJob, type ScrubDeps } from './job.ts';
import { DamagedManifest, ManifestReader } from '../../src/manifests/manifest-reader.ts';
import { ManifestWriter } from './manifest-writer.ts';
import { Tree } from './tree.ts';
import { walk } from './walk.ts';
import type { SumLine } from '../../src/manifests/sum-line.ts';

/** A snapshot with a manifest, from which shared files need not be read again. */
export interface Former {
  readonly id: SnapshotId;
  readonly record: ManifestRecord;
}

/** What making a manifest has come to. `gone`: prune has taken the snapshot away meanwhile. `former-damaged`: nothing was made. */
export type Making =
  | { readonly kind: 'made'; readonly record: ManifestRecord; readonly unread: Unread }
  | { readonly kind: 'gone' | 'former-damaged' };

/** What a manifest has no line for. */
export interface Unread {
  /** Files and directories that the disk does not give, with their inodes. */
  readonly unreadable: readonly { readonly name: string; readonly inode: string | null }[];
  /** How many their mode keeps us out of. */
  readonly keptOut: number;
}

/**
 * Makes the manifest of a sealed snapshot. A file whose inode is that of the same name in the former snapshot inherits its line:
 * whatever its bytes are today, these they were. All others are read.
 * @param replaces why there is no earlier one any more
 * @throws NodeJS.ErrnoException when the disk does not take it; nothing has changed then
 */
export async function makeManifest(
  job: ScrubbedJob,
  id: SnapshotId,
  former: Former | undefined,
  replaces: string | null,
  deps: ScrubDeps,
): Promise<Making> {
  const path = manifestPath(job.secondary, job.paths, id);
  await makePrivateDirectory(job.paths.manifests);
  const writer = await ManifestWriter.begin(path);
  const tree = new Tree(join(job.paths.snapshots, id));
  let lines: FormerLines | undefined;
  try {
    lines = former === undefined ? undefined : openFormer(job, former);
    const unread = await writeLines(writer, tree, lines, deps);
    if (lines !== undefined && lines.digest() !== former?.record.digest) return dropped(writer, 'former-damaged');
    if (!(await isStillSealed(job, id))) return dropped(writer, 'gone');
    const written = await writer.finish();
    const record = { ...written, madeAt: deps.clock.now().toISOString(), from: former?.id ?? null, replaces };
    await writeManifestRecord(job.paths, id, record);
    return { kind: 'made', record, unread };
  } catch (error) {
    writer.drop();
    if (error instanceof DamagedManifest) return { kind: 'former-damaged' };
    if (isGone(error) && !(await isStillSealed(job, id))) return { kind: 'gone' };
    throw error;
  } finally {
    lines?.close();
    tree.close();
  }
}

function dropped(writer: ManifestWriter, kind: 'gone' | 'former-damaged'): Making {
  writer.drop();
  return { kind };
}

async function writeLines(
  writer: ManifestWriter,
  tree: Tree,
  former: FormerLines | undefined,
  { pace, readFile, onProgress }: ScrubDeps,
): Promise<Unread> {
  const digests = new Digests();
  const unreadable: { name: string; inode: string | null }[] = [];
  let keptOut = 0;
  for (const step of walk(tree)) {
    if (pace.isDue()) {
      await pace.pause();
      onProgress?.(0, step.name);
    }
    if (step.kind === 'kept-out') keptOut += 1;
    else if (step.kind === 'unreadable') unreadable.push({ name: step.name, inode: null });
    else {
      const { name } = step;
      const found = inodeAt(tree.at(name));
      const known = former?.digestOf(name, found) ?? (found.nlink > 1 ? digests.get(found) : undefined);
      if (known !== undefined) {
        writer.add({ name, digest: known });
        continue;
      }
      const reading = await readFile(tree.at(name), found.size, pace);
      if (reading.kind === 'read') {
        writer.add({ name, digest: reading.digest });
        if (found.nlink > 1) digests.set(found, reading.digest);
      } else if (reading.kind === 'kept-out') keptOut += 1;
      else if (reading.kind === 'unreadable') unreadable.push({ name, inode: numberOf(found) });
    }
  }
  return { unreadable, keptOut };
}

/** The lines of the former snapshot, beside its tree. */
class FormerLines {
  readonly #reader: ManifestReader;
  readonly #tree: Tree;
  #line: SumLine | undefined;

  constructor(reader: ManifestReader, tree: Tree) {
    this.#reader = reader;
    this.#tree = tree;
    this.#line = reader.next();
  }

  /** Names are asked for in their order. */
  digestOf(name: string, found: Inode): string | undefined {
    while (this.#line !== undefined && this.#line.name < name) this.#line = this.#reader.next();
    if (this.#line?.name !== name || found.nlink < 2) return undefined;
    const before = inodeIn(this.#tree, name);
    return before !== undefined && isSame(before, found) ? this.#line.digest : undefined;
  }

  /** The checksum of the whole manifest, whose rest is read for it. */
  digest(): string {
    while (this.#line !== undefined) this.#line = this.#reader.next();
    return this.#reader.digest();
  }

  close(): void {
    this.#reader.close();
    this.#tree.close();
  }
}

function openFormer({ paths, secondary }: ScrubbedJob, { id }: Former): FormerLines {
  const path = manifestPath(secondary, paths, id);
  if (!existsSync(path)) throw new DamagedManifest(`${path} is gone`);
  return new FormerLines(new ManifestReader(path), new Tree(join(paths.snapshots, id)));
}

/** undefined when there is no such name: prune may be taking the former snapshot away. */
function inodeIn(tree: Tree, name: string): Inode | undefined {
  try {
    return inodeAt(tree.at(name));
  } catch {
    return undefined;
  }
}
