import type { Clock } from './clock.ts';
import { formatDuration } from '../shared/units.ts';

/** Milliseconds between two lines if each line stays, as in the journal. */
const LINE_EVERY = 60_000;

/** Milliseconds between two updates of the line on a terminal. */
const SHOW_EVERY = 100;

/** One step of something that takes its time. */
export interface Step {
  /** What is being done, in words: `deleting`. */
  readonly doing: string;
  readonly number: number;
  readonly of: number;
  /** The item that is being worked on. */
  readonly name: string;
}

/**
 * Shows progress: on a terminal as one line that changes, elsewhere as one line per minute.
 * @param stream where to; its `isTTY` decides
 */
export function createProgress(
  stream: { readonly isTTY?: boolean; write(text: string): unknown },
  clock: Pick<Clock, 'monotonic'>,
): (step: Step) => void {
  const start = clock.monotonic();
  let last = start;
  let shown = false;
  return ({ doing, number, of, name }) => {
    const now = clock.monotonic();
    const text = `${doing} ${number} of ${of}: ${name} (${formatDuration(now - start)})`;
    if (stream.isTTY) {
      // Short work needs no line.
      if (number === of ? !shown : now - last < SHOW_EVERY) return;
      last = now;
      shown = number !== of;
      stream.write(`\r\u001b[K${text}${number === of ? '\n' : ''}`);
    } else if (now - last >= LINE_EVERY) {
      last = now;
      stream.write(`${text}\n`);
    }
  };
}
