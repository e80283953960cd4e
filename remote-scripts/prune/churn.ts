import { errorMessage } from '../../src/platform/files.ts';
import { learnChurn, type Churn } from '../retention/churn.ts';
import { measureFresh } from './fresh.ts';
import type { Inventory } from './inventory.ts';
import type { Tools } from './scratch.ts';

/** How a survey measures snapshots that no survey has measured before. */
export interface Measuring extends Tools {
  /** Snapshots of one job that it measures at most; the next survey goes on. */
  readonly most: number;
  /** Whether it may measure how much a job takes, which takes longest. */
  readonly stored: boolean;
  readonly warn: (reason: string) => void;
}

/** What is known before a survey, and what it may do to know more. */
export interface ChurnInput {
  readonly inventory: Inventory;
  readonly before: Churn | undefined;
  /** See {@link learnChurn}. */
  readonly limit: number;
  readonly now: Date;
  readonly scratch: string;
  /** Without it nothing is measured. */
  readonly measuring: Measuring | undefined;
}

/**
 * Measures what has arrived since the last survey, each snapshot once. Of a job that was never measured, only the newest
 * is. What cannot be measured is left for the next survey.
 */
export async function surveyChurn(input: ChurnInput): Promise<Churn | undefined> {
  const { inventory, now, measuring, scratch, limit } = input;
  const arrived = inventory.snapshots
    .filter(({ received }) => received.getTime() <= now.getTime())
    .sort((a, b) => a.received.getTime() - b.received.getTime());
  const before = input.before && stillTrue(input.before, inventory, now);
  if (!measuring) return before;
  const pending = before ? arrived.filter(({ received }) => received > before.until) : arrived.slice(-1);
  let known = before;
  for (const snapshot of pending.slice(0, measuring.most)) {
    const previous = arrived[arrived.indexOf(snapshot) - 1]?.id;
    try {
      const fresh = await measureFresh(inventory.directory, snapshot.id, previous, scratch, measuring);
      known = learnChurn(known, { ...fresh, id: snapshot.id, received: snapshot.received }, limit);
    } catch (error) {
      if (measuring.signal?.aborted) break;
      measuring.warn(
        `${snapshot.id} is not measured, so it is not known how much of it is new: ${errorMessage(error)}`,
      );
      break;
    }
  }
  return known;
}

/** An outlier is over once its snapshot is gone. A clock that was ahead must not keep us from measuring. */
function stillTrue(churn: Churn, { snapshots }: Inventory, now: Date): Churn {
  return {
    ...churn,
    until: churn.until > now ? now : churn.until,
    outliers: churn.outliers.filter((outlier) => snapshots.some(({ id }) => id === outlier.id)),
  };
}
