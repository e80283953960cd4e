import { errorMessage } from '../../src/platform/files.ts';
import { displayName } from '../../src/rsync/itemized.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { formatCount } from '../../src/shared/units.ts';
import { readDamage, type DamageEntry } from '../store/damage.ts';
import type { JobPaths } from '../store/places.ts';

/** What offsite-scrub has found in the snapshots of a job that are still there. */
export interface StoredDamage {
  readonly entries: readonly DamageEntry[];
  /** Damaged files that found no place in the record. */
  readonly omitted: number;
  /** Why it is not known what is damaged. */
  readonly unknown: string | undefined;
  /** What was found until then, an administrator has seen and released. */
  readonly accepted: Date | undefined;
}

/** Files that are spelled out. */
const MOST_NAMED = 3;

/** Reads what is known of damage in a job. @param present its sealed snapshots */
export async function surveyDamage(
  paths: Pick<JobPaths, 'damage'>,
  present: readonly { readonly id: SnapshotId }[],
  accepted: Date | undefined,
): Promise<StoredDamage> {
  const ids = new Set(present.map(({ id }) => id));
  try {
    const { entries, omitted } = await readDamage(paths);
    return {
      entries: entries.filter((entry) => holders(entry, ids).length > 0),
      omitted,
      unknown: undefined,
      accepted,
    };
  } catch (error) {
    return { entries: [], omitted: 0, unknown: errorMessage(error), accepted };
  }
}

function holders({ snapshots }: DamageEntry, ids: ReadonlySet<SnapshotId>): SnapshotId[] {
  return snapshots.filter((id) => ids.has(id));
}

/** Why prune holds: damage that nobody has released yet. Older snapshots may have the only whole copy of such a file. */
export function unreleasedDamage({ entries, omitted, unknown, accepted }: StoredDamage): string | undefined {
  if (unknown !== undefined) return `it is not known what is damaged: ${unknown}`;
  const fresh = entries.filter(({ foundAt }) => accepted === undefined || Date.parse(foundAt) > accepted.getTime());
  return fresh.length === 0 ? undefined : describeDamage(fresh, omitted);
}

/** What is known to be damaged, in a line; undefined if nothing is. */
export function damageRemark({ entries, omitted, unknown }: StoredDamage): string | undefined {
  if (unknown !== undefined) return `it is not known what is damaged: ${unknown}`;
  return entries.length + omitted === 0 ? undefined : describeDamage(entries, omitted);
}

/** The last finding, which a release accepts with all before it; undefined if there is none. */
export function lastFinding({ entries }: StoredDamage): Date | undefined {
  const times = entries.map(({ foundAt }) => Date.parse(foundAt));
  return times.length === 0 ? undefined : new Date(times.reduce((latest, time) => Math.max(latest, time)));
}

function describeDamage(entries: readonly DamageEntry[], omitted: number): string {
  const snapshots = new Set(entries.flatMap((entry) => entry.snapshots)).size;
  const names = entries.slice(0, MOST_NAMED).map(({ name }) => displayName(name));
  const more = entries.length > names.length ? ', …' : '';
  const files = formatCount(entries.length + omitted, 'stored file');
  return `${files} damaged, in ${formatCount(snapshots, 'snapshot')} (${names.join(', ')}${more})`;
}
