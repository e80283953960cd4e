import type { Readable } from 'node:stream';

/** Longest piece of a line without an end that is kept, in characters. A path is at most 4096 bytes, escaped 4 times that. */
const LONGEST_LINE = 65_536;

/** Number of pieces of a stream that are handled as they arrive. A stream that sends more counts as busy. */
const FEW = 50;

/** A piece shorter than this (characters) was not worth waking up for. */
const SHORT = 4096;

/**
 * Milliseconds to wait until more has arrived. Some 280 lines fill the pipe, and then rsync has to wait too. When it
 * lists a source it writes over 200 lines per millisecond, so a wait of 1 ms slowed it down (docs/performance.md, "What
 * was taken out").
 */
const GATHER = 0.5;

/**
 * Calls `onLine` for each line; `\r` ends a line too, so that progress shows; empty lines are left out.
 *
 * rsync writes every line separately (`--outbuf` does not change that), one or two for each file that it sends, and each line
 * wakes up its reader. For 50,000 files with two lines each, that took 0.7 s of processor time here instead of 0.2 s, and rsync,
 * which has to wake us, took a quarter longer. So when a stream sends many short pieces, we stop reading for a moment and let some
 * accumulate. The wait has to block: a paused stream of node goes on reading into its buffer, piece by piece.
 * @param records what ends a line, and how bytes become characters: text by default; `nul` for names that may hold any byte but NUL, one
 *   character for each byte
 * @param wait blocks for so many milliseconds
 */
export function eachLine(
  stream: Readable,
  onLine: (line: string) => void,
  records: 'text' | 'nul' = 'text',
  wait: (ms: number) => void = standStill,
): void {
  let rest = '';
  let pieces = 0;
  stream.setEncoding(records === 'nul' ? 'latin1' : 'utf8');
  const ends = records === 'nul' ? '\0' : /[\r\n]/;
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split(ends);
    rest = (lines.pop() ?? '').slice(-LONGEST_LINE);
    for (const line of lines) if (line !== '') onLine(line);
    pieces += 1;
    if (pieces > FEW && chunk.length < SHORT) wait(GATHER);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

const NOBODY_WRITES_HERE = new Int32Array(new SharedArrayBuffer(4));

function standStill(ms: number): void {
  Atomics.wait(NOBODY_WRITES_HERE, 0, 0, ms);
}
