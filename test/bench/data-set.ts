import { createHash } from 'node:crypto';
import { mkdirSync, openSync, writeSync, closeSync, writeFileSync, appendFileSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRandom } from '../support/seed.ts';

/** How large a data set is. */
export interface DataSetSpec {
  readonly files: number;
  readonly bytes: number;
  readonly seed: number;
}

/** A source directory that changes as sources do, the same way for the same seed. */
export interface DataSet {
  readonly directory: string;
  readonly files: number;
  /** Size in bytes. */
  readonly largestFile: number;
  /** Rewrites one small file in a hundred. */
  changeOnePercent(): void;
  /** Adds today's dump beside the earlier ones. Returns its size in bytes. */
  addDump(): number;
}

/** Small files in one directory. */
const IN_ONE_DIRECTORY = 100;

/** Shares of the bytes: small files, large dumps, dated dumps. */
const SMALL = 0.6;
const LARGE = 0.25;
const DATED = 0.15;

/**
 * Fills a directory: small files whose sizes have a heavy tail (Pareto, exponent 1.2), three large text dumps, three
 * dumps with a date in the name, each the previous one with rows added and a few places changed.
 */
export function makeDataSet(directory: string, { files, bytes, seed }: DataSetSpec): DataSet {
  const random = createRandom(seed);
  const text = textPool(random);
  const sizes = Array.from({ length: files }, () => Math.min(2000, (1 - random()) ** (-1 / 1.2)));
  const unit =
    (bytes * SMALL) /
    Math.max(
      1,
      sizes.reduce((a, b) => a + b, 0),
    );
  const small = sizes.map((size, index) => {
    const path = join(directory, smallName(index));
    if (index % IN_ONE_DIRECTORY === 0) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text(Math.ceil(size * unit)));
    return path;
  });
  mkdirSync(join(directory, 'large'), { recursive: true });
  for (const name of ['a', 'b', 'c']) writeDump(join(directory, 'large', `${name}.sql`), (bytes * LARGE) / 3, random);
  const dated = makeDatedDumps(join(directory, 'dumps'), (bytes * DATED) / 3, random);
  return {
    directory,
    files: files + 6,
    largestFile: Math.ceil((bytes * LARGE) / 3),
    changeOnePercent: () => {
      for (let index = Math.floor(random() * 100); index < small.length; index += 100) {
        writeFileSync(small[index] ?? '', text(Math.ceil(200 + random() * 4000)));
      }
    },
    addDump: dated.addDump,
  };
}

function smallName(index: number): string {
  const group = Math.floor(index / IN_ONE_DIRECTORY);
  return `files/${Math.floor(group / 100)}/${group % 100}/file-${index}.txt`;
}

/** A directory with only three dated dumps of so many bytes each. */
export function makeDatedDumps(directory: string, bytes: number, random: () => number): Pick<DataSet, 'addDump'> {
  mkdirSync(directory, { recursive: true });
  let day = 1;
  const nameOf = (number: number) => join(directory, `db-2026-11-${String(number).padStart(2, '0')}.sql`);
  writeDump(nameOf(day), bytes, random);
  const addDump = (): number => {
    const dump = readFileSync(nameOf(day));
    // What a day changes in a text dump: a few places are rewritten, and rows are added at the end (one in a thousand).
    for (let place = 0; place < 8; place += 1) {
      dump.write(`UPDATED ${random()}`, Math.floor(random() * (dump.length - 100)));
    }
    day += 1;
    writeFileSync(nameOf(day), dump);
    appendFileSync(nameOf(day), lines(Math.ceil(bytes / 1000), random));
    return dump.length;
  };
  addDump();
  addDump();
  return { addDump };
}

function writeDump(path: string, bytes: number, random: () => number): void {
  const file = openSync(path, 'w');
  for (let written = 0; written < bytes;) written += writeSync(file, lines(Math.min(1 << 20, bytes - written), random));
  closeSync(file);
}

/** Rows as in a text dump; half of each is what a compressor cannot shorten. */
function lines(bytes: number, random: () => number): string {
  const rows: string[] = [];
  for (let size = 0; size < bytes;) {
    const number = Math.floor(random() * 2 ** 32);
    const digest = createHash('md5').update(String(number)).digest('base64');
    const row = `INSERT INTO event VALUES (${number}, '${digest}', 'active', NULL, '2026-11-23');\n`;
    rows.push(row);
    size += row.length;
  }
  return rows.join('');
}

/** Pieces of one text of 1 MiB, each starting at another place, so that no two files are equal. */
function textPool(random: () => number): (bytes: number) => string {
  const pool = lines(1 << 20, random);
  return (bytes) => {
    const start = `${random()}\n`;
    let text = start;
    while (text.length < bytes) {
      const at = Math.floor(random() * (pool.length - 1));
      text += pool.slice(at, at + Math.min(65_536, bytes - text.length));
    }
    return text.slice(0, Math.max(bytes, start.length));
  };
}
