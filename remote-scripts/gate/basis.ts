import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { isRealDirectory, type JobDirectory } from '../store/job-directory.ts';
import { standingOf } from '../store/snapshot-state.ts';

/** What a push need not send again, by the names of its directories. */
export interface Bases {
  /** A sealed snapshot: what is equal there is linked. */
  readonly sealed: string | undefined;
  /** An attempt without a seal, which the push continues. */
  readonly attempt: string | undefined;
}

/** Finds the bases that a client names; what is not there is left out, and the sender notices that all is sent. */
export async function basesFor({ path, states }: JobDirectory, ids: readonly SnapshotId[]): Promise<Bases> {
  const found: { name: string; unsealed: boolean }[] = [];
  for (const id of ids) {
    const { directory: name, basis, unsealed } = standingOf(id, states.get(id) ?? 'none');
    if (basis && name !== undefined && (await isRealDirectory(path, name))) found.push({ name, unsealed });
  }
  return {
    sealed: found.find(({ unsealed }) => !unsealed)?.name,
    attempt: found.find(({ unsealed }) => unsealed)?.name,
  };
}
