import { errorMessage } from '../../src/platform/files.ts';
import { readDamage } from '../store/damage.ts';
import type { JobSession } from './job-session.ts';

/**
 * What is known of damage in the basis of a push: nothing, some files, or that it is not known which (the record is damaged itself, or has
 * no room for all). Then nothing may be linked that has not just been compared by checksum.
 */
export type BasisDamage = 'none' | 'some' | 'unknown';

/** Looks at what offsite-scrub has noted of a basis. @param id undefined without a basis */
export async function damageOf({ paths, log }: JobSession, id: string | undefined): Promise<BasisDamage> {
  if (id === undefined) return 'none';
  try {
    const { entries, omitted } = await readDamage(paths);
    if (entries.some(({ snapshots }) => snapshots.some((snapshot) => snapshot === id))) return 'some';
    return omitted > 0 ? 'unknown' : 'none';
  } catch (error) {
    await log({ event: 'failed', reason: errorMessage(error) });
    return 'unknown';
  }
}
