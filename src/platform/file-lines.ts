import { constants } from 'node:fs';
import { openRegularFile } from './regular-file.ts';

const LINE_FEED = 0x0a;

/** What {@link readFileLines} had to leave out. */
export interface FileLines {
  /** Number of lines that were longer than the limit. */
  readonly tooLong: number;
}

/**
 * Reads a file line by line, in bounded memory whatever it contains; empty lines are left out.
 * @param limit bytes of the longest line that is passed on; longer ones are only counted
 * @param onLine called for each line, in order
 * @throws UnfitFileError when the path is something other than a file
 * @throws NodeJS.ErrnoException when it cannot be read
 */
export async function readFileLines(path: string, limit: number, onLine: (line: string) => void): Promise<FileLines> {
  const file = await openRegularFile(path, constants.O_RDONLY);
  let parts: Buffer[] = [];
  let length = 0;
  let tooLong = 0;
  const add = (part: Buffer) => {
    length += part.length;
    if (length <= limit) parts.push(part);
    else parts = [];
  };
  const end = () => {
    if (length > limit) tooLong += 1;
    else if (length > 0) {
      const line = Buffer.concat(parts).toString('utf8').trim();
      if (line !== '') onLine(line);
    }
    parts = [];
    length = 0;
  };
  for await (const piece of file.createReadStream() as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = piece.indexOf(LINE_FEED); at !== -1; at = piece.indexOf(LINE_FEED, from)) {
      add(piece.subarray(from, at));
      end();
      from = at + 1;
    }
    add(piece.subarray(from));
  }
  end();
  return { tooLong };
}
