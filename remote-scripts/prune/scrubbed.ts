import { readScrubState } from '../store/scrub-state.ts';
import type { JobPaths } from '../store/places.ts';

/** How far the scrub of a job has come. */
export interface Scrubbed {
  /** When it last did its share; undefined: it never has. */
  readonly ranAt: Date | undefined;
  /** When it last had read everything. */
  readonly finishedAt: Date | undefined;
  /** How much of the present cycle is done, from 0 to 1; undefined if there is none. */
  readonly done: number | undefined;
}

/** Reads how far the scrub of a job has come. What cannot be read counts as never: offsite-scrub itself says so. */
export async function readScrubbed(paths: Pick<JobPaths, 'scrub'>): Promise<Scrubbed> {
  const state = await readScrubState(paths).catch(() => undefined);
  return { ranAt: timeOf(state?.ranAt), finishedAt: timeOf(state?.last?.endedAt), done: state?.cycle?.done };
}

function timeOf(text: string | null | undefined): Date | undefined {
  return typeof text === 'string' ? new Date(text) : undefined;
}
