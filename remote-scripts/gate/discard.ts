import { join } from 'node:path';
import { trashOf } from '../store/places.ts';
import { moveToTrash, prepareTrash, syncDirectory } from '../store/trash.ts';
import { directoryName, readJobDirectory } from './job-directory.ts';

/**
 * Moves every unsealed attempt of a job into the host's trash, which prune empties. To be called under the job's lock.
 * @returns the names that were moved
 */
export async function discardUnsealed(hostRoot: string, snapshots: string, job: string): Promise<string[]> {
  const { states } = await readJobDirectory(snapshots);
  const unsealed = [...states].filter(([, state]) => state === 'partial' || state === 'frozen');
  if (unsealed.length === 0) return [];
  const trash = await prepareTrash(trashOf(hostRoot), process.getuid?.() ?? 0);
  const moved: string[] = [];
  for (const [id, state] of unsealed) {
    const name = directoryName(id, state);
    if (name === undefined) continue;
    if (await moveToTrash(join(snapshots, name), trash, `${job}.${name}`)) moved.push(name);
  }
  await syncDirectory(snapshots);
  return moved;
}
