import { errorMessage } from '../../src/platform/files.ts';
import type { Inventory } from './inventory.ts';
import type { Measuring } from './churn.ts';
import { BLOCK, walk, type Tools } from './scratch.ts';

const DAY = 86_400_000;

/** Milliseconds after which a job is measured anew: it takes a look at every name that it has. */
const MEASURED_EVERY = 7 * DAY;

/** How much a job takes on the disk, with all its snapshots. */
export interface Stored {
  readonly at: Date;
  readonly bytes: number;
}

/**
 * Measures a job if that was not done within a week.
 * @returns what was known before, if it is new enough or cannot be measured now
 */
export async function surveyStored(
  { directory, snapshots }: Inventory,
  before: Stored | undefined,
  now: Date,
  measuring: Measuring | undefined,
): Promise<Stored | undefined> {
  const age = before ? now.getTime() - before.at.getTime() : Infinity;
  if (!measuring?.stored || snapshots.length === 0 || (age >= 0 && age < MEASURED_EVERY)) return before;
  try {
    return { at: now, bytes: await measureStored(directory, measuring) };
  } catch (error) {
    if (!measuring.signal?.aborted) measuring.warn(`It is not known how much there is: ${errorMessage(error)}`);
    return before;
  }
}

/**
 * Bytes on the disk of everything below a directory. Each name of a file counts for its share of it, so nothing has to be
 * remembered: all names of a file are in one job.
 */
async function measureStored(directory: string, tools: Tools): Promise<number> {
  let blocks = 0;
  const print = ['(', '-type', 'd', '-printf', '%b 1\n', '-o', '-printf', '%b %n\n', ')'];
  await walk(directory, ['.', '-ignore_readdir_race', '-xdev', ...print], tools, (line) => {
    const space = line.indexOf(' ');
    blocks += Number(line.slice(0, space)) / Number(line.slice(space + 1));
  });
  return Math.round(blocks) * BLOCK;
}
