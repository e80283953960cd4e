import type { Clock } from '../../src/platform/clock.ts';
import { formatDuration } from '../../src/shared/units.ts';
import type { TrashProgress } from './empty-trash.ts';

/** Milliseconds between two lines where each line stays, as in the journal. */
const LINE_EVERY = 60_000;

/**
 * Shows how far a deletion has come: on a terminal one line that changes, elsewhere a line a minute.
 * @param stream where to; its `isTTY` decides
 */
export function createProgress(
  stream: { readonly isTTY?: boolean; write(text: string): unknown },
  clock: Pick<Clock, 'monotonic'>,
): (progress: TrashProgress) => void {
  const start = clock.monotonic();
  let last = start;
  return ({ name, number, of }) => {
    const now = clock.monotonic();
    const text = `deleting ${number} of ${of}: ${name} (${formatDuration(now - start)})`;
    if (stream.isTTY) {
      stream.write(`\r\u001b[K${text}${number === of ? '\n' : ''}`);
    } else if (now - last >= LINE_EVERY) {
      last = now;
      stream.write(`${text}\n`);
    }
  };
}
