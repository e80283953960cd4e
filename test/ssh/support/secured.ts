import { makePrimary, type Primary } from './primary.ts';
import { fillSampleTree } from './sample-tree.ts';
import { startSecondary, type Secondary } from './secondary.ts';

/** A plain secondary, and a primary whose job `postgres` has a sealed snapshot there. */
export interface Secured {
  readonly secondary: Secondary;
  readonly primary: Primary;
  stop(): Promise<void>;
}

/** Starts both and makes the first run. If that fails, nothing is left running. */
export async function startSecured(): Promise<Secured> {
  const secondary = await startSecondary();
  const primary = await makePrimary(secondary, 'postgres');
  const stop = async () => {
    await primary.stop();
    await secondary.stop();
  };
  try {
    await fillSampleTree(primary.source);
    await primary.secure();
  } catch (error) {
    await stop();
    throw error;
  }
  return { secondary, primary, stop };
}
