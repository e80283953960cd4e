import { join } from 'node:path';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { directoryName, isRealDirectory, type JobDirectory } from './job-directory.ts';
import { fillUp } from './one-basis.ts';
import type { JobPaths } from '../store/places.ts';
import type { GateRequest } from './request.ts';
import { isChanged } from './shared-inodes.ts';

/** What unchanged files of a push are linked to. */
export interface Basis {
  readonly name: string;
  /** The sealed snapshot whose inodes it holds. */
  readonly sealed: SnapshotId | undefined;
}

/**
 * The one basis of a push. The sender notices by itself when nothing is linked (facts.md#link-dest-that-links-nothing).
 * A dry run may not change anything, so it uses the first basis that is there.
 */
export async function basisFor(
  paths: JobPaths,
  { path, states }: JobDirectory,
  { bases, dryRun }: Extract<GateRequest, { kind: 'push' }>,
): Promise<Basis | undefined> {
  const found: { id: SnapshotId; name: string; state: 'sealed' | 'frozen' }[] = [];
  for (const id of bases) {
    const state = states.get(id);
    if (state !== 'sealed' && state !== 'frozen') continue;
    if (isChanged(paths, id)) continue;
    const name = directoryName(id, state);
    if (name !== undefined && (await isRealDirectory(path, name))) found.push({ id, name, state });
  }
  const sealed = found.find(({ state }) => state === 'sealed');
  const attempt = found.find(({ state }) => state === 'frozen');
  const filled = sealed !== undefined && attempt !== undefined && !dryRun;
  if (filled) fillUp(join(path, attempt.name), join(path, sealed.name));
  const name = filled ? attempt.name : found[0]?.name;
  return name === undefined ? undefined : { name, sealed: sealed?.id };
}
