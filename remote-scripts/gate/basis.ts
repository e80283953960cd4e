import { join } from 'node:path';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { isRealDirectory, type JobDirectory } from '../store/job-directory.ts';
import { fillUp } from './one-basis.ts';
import type { JobPaths } from '../store/places.ts';
import type { GateRequest } from './request.ts';
import { standingOf } from '../store/snapshot-state.ts';
import { isChanged } from '../store/inode-records.ts';

/** What unchanged files of a push are linked to. */
export interface Basis {
  readonly name: string;
  /** The sealed snapshot whose inodes it shares. */
  readonly sealed: SnapshotId | undefined;
}

/**
 * The one basis of a push. The sender notices when nothing is linked (facts.md#link-dest-that-links-nothing). A dry run
 * may not change anything, so it uses the first basis that is there.
 */
export async function basisFor(
  paths: JobPaths,
  { path, states }: JobDirectory,
  { bases, dryRun }: Extract<GateRequest, { kind: 'push' }>,
): Promise<Basis | undefined> {
  const found: { id: SnapshotId; name: string; unsealed: boolean }[] = [];
  for (const id of bases) {
    const { directory: name, basis, unsealed } = standingOf(id, states.get(id) ?? 'none');
    if (!basis || name === undefined || isChanged(paths, id)) continue;
    if (await isRealDirectory(path, name)) found.push({ id, name, unsealed });
  }
  const sealed = found.find(({ unsealed }) => !unsealed);
  const attempt = found.find(({ unsealed }) => unsealed);
  const filled = sealed !== undefined && attempt !== undefined && !dryRun;
  if (filled) fillUp(join(path, attempt.name), join(path, sealed.name));
  const name = filled ? attempt.name : found[0]?.name;
  return name === undefined ? undefined : { name, sealed: sealed?.id };
}
