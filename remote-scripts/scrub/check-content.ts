import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { manifestPath, type ManifestRecord } from '../store/manifest-records.ts';
import type { Findings, Verdict } from './findings.ts';
import { Digests, inodeAt, keyOf, numberOf, type Inode } from './inodes.ts';
import { isGone, isStillSealed, type ScrubbedJob, type ScrubDeps } from './job.ts';
import { lastProvenAt } from './last-good.ts';
import { DamagedManifest, ManifestReader } from '../../src/manifests/manifest-reader.ts';
import { examine, snapshotPath } from './manifests.ts';
import type { Reading } from './read-file.ts';
import type { SumLine } from '../../src/manifests/sum-line.ts';
import { Tree } from './tree.ts';
import { troubleOf } from './walk.ts';

/** A snapshot whose files are read, with what is known of its manifest. */
export interface Proven {
  readonly id: SnapshotId;
  readonly record: ManifestRecord;
}

/** What has been read. */
export interface Amount {
  files: number;
  bytes: number;
}

/** A snapshot in the merge. */
interface Member extends Proven {
  readonly tree: Tree;
  readonly manifest: ManifestReader;
  line: SumLine | undefined;
}

/**
 * Reads what a job has stored, name by name through all its snapshots: each inode once, however many of them hold it, and compares it
 * with the line of each.
 */
export class ContentCheck {
  /** Snapshots whose manifest turned out not to be the one that was made. */
  readonly damagedManifests = new Set<SnapshotId>();
  readonly #job: ScrubbedJob;
  readonly #deps: ScrubDeps;
  readonly #findings: Findings;
  readonly #lastCycle: string | undefined;
  readonly #digests = new Digests();
  /** Manifests that were compared with their records. */
  readonly #examined = new Map<SnapshotId, boolean>();
  #members: Member[];
  readonly #bytesOfManifests: number;

  /**
   * @param after the name after which to begin; undefined for the beginning
   * @param lastCycle when the last complete cycle began (ISO 8601, UTC)
   */
  constructor(
    job: ScrubbedJob,
    snapshots: readonly Proven[],
    after: string | undefined,
    lastCycle: string | undefined,
    findings: Findings,
    deps: ScrubDeps,
  ) {
    this.#job = job;
    this.#deps = deps;
    this.#findings = findings;
    this.#lastCycle = lastCycle;
    this.#members = snapshots.flatMap((snapshot) => this.#open(snapshot, after) ?? []);
    this.#bytesOfManifests = this.#members.reduce((sum, { manifest }) => sum + manifest.size, 0);
  }

  close(): void {
    for (const member of this.#members) closeMember(member);
    this.#members = [];
  }

  /** How much of the manifests is done, from 0 to 1. */
  get done(): number {
    const position = this.#members.reduce((sum, { manifest }) => sum + manifest.position, 0);
    return this.#bytesOfManifests === 0 ? 1 : Math.min(1, position / this.#bytesOfManifests);
  }

  /**
   * Reads the files of the next name.
   * @returns the name, and what was read; undefined when there is none any more
   * @throws NodeJS.ErrnoException when this machine has no more descriptors or memory; the signal's reason when aborted
   */
  async next(): Promise<({ readonly name: string } & Amount) | undefined> {
    let name: string | undefined;
    for (const { line } of this.#members) {
      if (line !== undefined && (name === undefined || line.name < name)) name = line.name;
    }
    if (name === undefined) return undefined;
    const amount = { name, files: 0, bytes: 0 };
    const holders = this.#members.filter(({ line }) => line?.name === name);
    await this.#compare(name, holders, amount);
    for (const member of holders) this.#advance(member);
    return amount;
  }

  async #compare(name: string, holders: readonly Member[], amount: Amount): Promise<void> {
    const inodes = new Map<string, { readonly file: Inode; readonly holders: Member[] }>();
    for (const member of holders) {
      const file = statOf(member.tree, name);
      if (file === 'kept-out') continue;
      if (file === 'gone' || file === 'unreadable') {
        const kind = file === 'gone' ? 'missing' : 'unreadable';
        await this.#judge(name, member, { kind, inode: null, lastGood: this.#lastGood([member], undefined) });
        continue;
      }
      const inode = inodes.get(keyOf(file));
      if (inode === undefined) inodes.set(keyOf(file), { file, holders: [member] });
      else inode.holders.push(member);
    }
    for (const { file, holders: sharing } of inodes.values()) await this.#compareInode(name, file, sharing, amount);
  }

  async #compareInode(name: string, file: Inode, holders: readonly Member[], amount: Amount): Promise<void> {
    const [first] = holders;
    if (first === undefined) return;
    const reading = await this.#read(first.tree.at(name), file, holders.length, amount);
    if (reading.kind === 'gone') {
      // Of this snapshot only, which prune may be taking away.
      const lastGood = this.#lastGood(holders, file);
      await this.#judge(name, first, { kind: 'missing', inode: null, lastGood });
      await this.#compareInode(name, file, holders.slice(1), amount);
    } else if (reading.kind !== 'kept-out') {
      for (const member of holders) await this.#judge(name, member, this.#verdict(reading, member, file, holders));
    }
  }

  async #read(path: string | Buffer, file: Inode, names: number, amount: Amount): Promise<Reading> {
    const more = file.nlink > names;
    const known = more ? this.#digests.get(file) : undefined;
    if (known !== undefined) return { kind: 'read', digest: known };
    const reading = await this.#deps.readFile(path, file.size, this.#deps.pace);
    if (reading.kind === 'gone') return reading;
    amount.files += 1;
    amount.bytes += file.size;
    if (more && reading.kind === 'read') this.#digests.set(file, reading.digest);
    return reading;
  }

  #verdict(reading: Reading, member: Member, file: Inode, holders: readonly Member[]): Verdict | undefined {
    if (reading.kind === 'read' && reading.digest === member.line?.digest) return undefined;
    const kind = reading.kind === 'read' ? 'content' : 'unreadable';
    return { kind, inode: numberOf(file), lastGood: this.#lastGood(holders, file) };
  }

  #lastGood(holders: readonly Proven[], file: Inode | undefined): string | null {
    return lastProvenAt(holders, file, this.#lastCycle);
  }

  /** Before anything is said against a file: its snapshot must still be there, and its manifest be the one that was made. */
  async #judge(name: string, member: Member, verdict: Verdict | undefined): Promise<void> {
    if (verdict !== undefined) {
      if (!(await isStillSealed(this.#job, member.id))) {
        member.line = undefined;
        return;
      }
      if (!(await this.#isAsMade(member))) return;
    }
    // The lines of a manifest that was made again are no witness against what was found before.
    const { replaces, madeAt } = member.record;
    this.#findings.judge(name, member.id, verdict, replaces === null ? undefined : madeAt);
  }

  async #isAsMade({ id, record }: Proven): Promise<boolean> {
    const known = this.#examined.get(id);
    if (known !== undefined) return known;
    const whole = await examine(manifestPath(this.#job.secondary, this.#job.paths, id), this.#deps);
    const asMade = whole?.digest === record.digest;
    this.#examined.set(id, asMade);
    if (!asMade) this.damagedManifests.add(id);
    return asMade;
  }

  #open(snapshot: Proven, after: string | undefined): Member | undefined {
    let manifest: ManifestReader | undefined;
    try {
      manifest = new ManifestReader(manifestPath(this.#job.secondary, this.#job.paths, snapshot.id));
      if (after !== undefined) manifest.skipTo(after);
      const tree = new Tree(snapshotPath(this.#job, snapshot.id));
      return { ...snapshot, tree, manifest, line: manifest.next() };
    } catch (error) {
      manifest?.close();
      this.#distrust(snapshot.id, error);
      return undefined;
    }
  }

  #advance(member: Member): void {
    if (member.line === undefined || this.damagedManifests.has(member.id)) {
      member.line = undefined;
      return;
    }
    try {
      member.line = member.manifest.next();
    } catch (error) {
      member.line = undefined;
      this.#distrust(member.id, error);
    }
  }

  /** A manifest that cannot be read to its end is made again; one that is gone, is so with its snapshot, or is made again too. */
  #distrust(id: SnapshotId, error: unknown): void {
    if (!(error instanceof DamagedManifest) && !isGone(error) && troubleOf(error) === undefined) throw error;
    this.damagedManifests.add(id);
  }
}

function closeMember({ manifest, tree }: Member): void {
  manifest.close();
  tree.close();
}

/** `gone`: no regular file has the name any more. */
function statOf(tree: Tree, name: string): Inode | 'gone' | 'kept-out' | 'unreadable' {
  try {
    const file = inodeAt(tree.at(name));
    return file.isFile ? file : 'gone';
  } catch (error) {
    if (isGone(error)) return 'gone';
    const trouble = troubleOf(error);
    if (trouble === undefined) throw error;
    return trouble;
  }
}
