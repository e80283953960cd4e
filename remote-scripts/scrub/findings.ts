import type { Clock } from '../../src/platform/clock.ts';
import { decodeName, encodeName } from '../../src/rsync/itemized.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { readDamage, writeDamage, type Damage, type DamageEntry, type DamageKind } from '../store/damage.ts';
import { takeLock } from '../store/locks.ts';
import type { JobPaths } from '../store/places.ts';

/** What was found about one name in one snapshot. */
export interface Verdict {
  readonly kind: DamageKind;
  readonly inode: string | null;
  /** When it was last read and found good (ISO 8601, UTC). */
  readonly lastGood: string | null;
}

/** What is known of one name in one snapshot. */
interface Finding extends Verdict {
  readonly name: string;
  readonly id: SnapshotId;
  readonly foundAt: string;
}

/** What may be known of a name that the manifest does not have. */
const STRAY: ReadonlySet<DamageKind> = new Set(['unlisted', 'unreadable']);

/** Milliseconds that a process waits for another that is noting what it found. */
const LOCK_WAIT = 10_000;

/**
 * What a scrub has found in a job, on its way into the record of damage. Others may write that record meanwhile (the manifest of a
 * new snapshot is made at any time), so that only what was judged here is changed in it.
 */
export class Findings {
  readonly #paths: Pick<JobPaths, 'damage' | 'damageLock'>;
  readonly #clock: Pick<Clock, 'now'>;
  #known = new Map<string, Finding>();
  #omitted = 0;
  readonly #judged = new Map<string, Finding | undefined>();

  private constructor(paths: Pick<JobPaths, 'damage' | 'damageLock'>, clock: Pick<Clock, 'now'>) {
    this.#paths = paths;
    this.#clock = clock;
  }

  /**
   * Reads what is known.
   * @param warn told when it cannot be read: it is found anew then
   */
  static async load(
    paths: Pick<JobPaths, 'damage' | 'damageLock'>,
    clock: Pick<Clock, 'now'>,
    warn: (error: unknown) => void,
  ): Promise<Findings> {
    const findings = new Findings(paths, clock);
    try {
      findings.#take(await readDamage(paths));
    } catch (error) {
      warn(error);
    }
    return findings;
  }

  /**
   * Notes what was found, or with `undefined` that a name is as it has to be.
   * @param since what was found before this time (ISO 8601, UTC) stays; default: nothing does
   */
  judge(name: string, id: SnapshotId, verdict: Verdict | undefined, since?: string): void {
    // Nearly always: a million names are judged, and nothing is wrong.
    if (verdict === undefined && this.#known.size === 0 && this.#judged.size === 0) return;
    const key = keyOf(name, id);
    const before = this.#judged.has(key) ? this.#judged.get(key) : this.#known.get(key);
    if (verdict === undefined) {
      const stays = before === undefined || (since !== undefined && before.foundAt < since);
      if (!stays) this.#judged.set(key, undefined);
      return;
    }
    const same = before?.kind === verdict.kind && before.inode === verdict.inode;
    const lastGood = same ? before.lastGood : verdict.lastGood;
    const foundAt = same ? before.foundAt : this.#clock.now().toISOString();
    this.#judged.set(key, { name, id, ...verdict, lastGood, foundAt });
  }

  /** The names in a snapshot that are known to be something that only a look at all names can show. */
  strayNamesIn(id: SnapshotId): string[] {
    const strays = [...this.#current().values()].filter((finding) => finding.id === id && STRAY.has(finding.kind));
    return strays.map(({ name }) => name);
  }

  /** Everything that is known, as the record has it. */
  get damage(): Damage {
    return { entries: grouped(this.#current().values()), omitted: this.#omitted };
  }

  /** Everything was looked at: what had no place in the record before has been found again. */
  countAnew(): void {
    this.#omitted = 0;
  }

  /**
   * Writes what was found, without what concerns snapshots that are gone.
   * @throws NodeJS.ErrnoException when the disk does not take it; what was found is kept for the next time
   */
  async save(sealed: ReadonlySet<SnapshotId>): Promise<void> {
    const stale = [...this.#known.values()].some(({ id }) => !sealed.has(id));
    if (this.#judged.size === 0 && !stale) return;
    const lock = await takeLock({ path: this.#paths.damageLock, kind: 'file' }, { waitMs: LOCK_WAIT });
    try {
      const omitted = this.#omitted;
      this.#take(await readDamage(this.#paths).catch(() => this.damage));
      this.#omitted = omitted;
      const next = [...this.#current().values()].filter(({ id }) => sealed.has(id));
      await writeDamage(this.#paths, { entries: grouped(next), omitted });
      this.#known = new Map(next.map((finding) => [keyOf(finding.name, finding.id), finding]));
      this.#judged.clear();
    } finally {
      await lock?.release();
    }
  }

  #take({ entries, omitted }: Damage): void {
    this.#known = new Map();
    for (const { name: written, snapshots, ...rest } of entries) {
      const name = decodeName(written).toString('latin1');
      for (const id of snapshots) this.#known.set(keyOf(name, id), { name, id, ...rest });
    }
    this.#omitted = omitted;
  }

  #current(): Map<string, Finding> {
    const current = new Map(this.#known);
    for (const [key, finding] of this.#judged) {
      if (finding === undefined) current.delete(key);
      else current.set(key, finding);
    }
    return current;
  }
}

function keyOf(name: string, id: SnapshotId): string {
  return `${id}/${name}`;
}

/** One entry for each damaged file, however many snapshots hold it; by name. */
function grouped(findings: Iterable<Finding>): DamageEntry[] {
  const entries = new Map<string, Finding & { snapshots: SnapshotId[] }>();
  for (const finding of findings) {
    const { name, kind, inode, id } = finding;
    const key = JSON.stringify([name, kind, inode]);
    const entry = entries.get(key);
    if (entry === undefined) entries.set(key, { ...finding, snapshots: [id] });
    else entry.snapshots.push(id);
  }
  return [...entries.keys()]
    .sort()
    .flatMap((key) => entries.get(key) ?? [])
    .map(({ name, snapshots, kind, inode, foundAt, lastGood }) => {
      return {
        name: encodeName(Buffer.from(name, 'latin1')),
        snapshots: snapshots.sort(),
        kind,
        inode,
        foundAt,
        lastGood,
      };
    });
}
