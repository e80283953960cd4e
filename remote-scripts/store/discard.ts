import { join } from 'node:path';
import { readJobDirectory } from './job-directory.ts';
import { trashOf } from './places.ts';
import { standingOf } from './snapshot-state.ts';
import { syncDirectory } from './syncing.ts';
import { moveToTrash, prepareTrash } from './trash.ts';

/**
 * Moves every unsealed attempt of a job into the host's trash, which prune empties. To be called under the job's lock.
 * @returns the names that were moved
 */
export async function discardUnsealed(hostRoot: string, snapshots: string, job: string): Promise<string[]> {
  const { states } = await readJobDirectory(snapshots);
  const unsealed = [...states].map(([id, state]) => standingOf(id, state)).filter((standing) => standing.unsealed);
  if (unsealed.length === 0) return [];
  const trash = await prepareTrash(trashOf(hostRoot), process.getuid?.() ?? 0);
  const moved: string[] = [];
  for (const { directory: name } of unsealed) {
    if (name === undefined) continue;
    if (await moveToTrash(join(snapshots, name), trash, `${job}.${name}`)) moved.push(name);
  }
  await syncDirectory(snapshots);
  return moved;
}
