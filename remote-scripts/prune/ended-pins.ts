import { errorMessage } from '../../src/platform/files.ts';
import type { Log } from '../../src/platform/logger.ts';
import { jobPaths, type HostPlaces } from '../store/places.ts';
import { writePins } from '../store/pins.ts';
import { describePin } from './pins.ts';
import type { JobPlan } from './plan.ts';

/**
 * Says which pins of a job have ended, and drops them. To be called under the lock that a run of prune holds. While the
 * clock cannot be right, nothing has ended.
 */
export async function dropEndedPins(
  { job, pins, holds }: JobPlan,
  places: HostPlaces,
  { log }: { readonly log: Log },
): Promise<void> {
  if (pins.ended.length === 0 || holds.some(({ kind }) => kind === 'clock')) return;
  for (const pin of pins.ended) log('notice', `${job}/${pin.id}: its pin has ended (${describePin(pin)})`);
  await writePins(jobPaths(places, job).pins, [...pins.holding, ...pins.lost]).catch((error: unknown) => {
    log('error', `${job}: ended pins cannot be dropped, and will be named again: ${errorMessage(error)}`);
  });
}
