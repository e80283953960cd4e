import type { JobSettings } from '../../config/settings.ts';

/** What the walk of a source shows about names that will be new in a push. */
export interface NameCounts {
  readonly files: number;
  readonly bytes: number;
  /** Files that were written since the last sealed snapshot: new names are among them. */
  readonly young: number;
  readonly youngBytes: number;
  /** Each young file times the files of its directory, all directories together. */
  readonly comparisons: number;
  /** Most files that one directory holds. */
  readonly largestDirectory: number;
}

/** Takes the files of a walk as they arrive; the files of one directory follow each other. */
export interface NameCounter {
  /** @param file its path below the source, its bytes, and its mtime in milliseconds since 1970 */
  add(file: { readonly name: string; readonly size: number; readonly mtimeMs: number }): void;
  end(): NameCounts;
}

/**
 * Counts names for {@link worthLooking}. It keeps only the sums of one directory, and no file names.
 * @param since when the last sealed snapshot was begun; undefined: every name counts as new
 */
export function countNames(since: Date | undefined): NameCounter {
  const sinceMs = since?.getTime() ?? -Infinity;
  const all = { files: 0, bytes: 0, young: 0, youngBytes: 0, comparisons: 0, largestDirectory: 0 };
  let directory = '';
  let here = { files: 0, young: 0 };
  const leave = (): void => {
    all.comparisons += here.files * here.young;
    all.largestDirectory = Math.max(all.largestDirectory, here.files);
    here = { files: 0, young: 0 };
  };
  return {
    add: ({ name, size, mtimeMs }) => {
      const above = name.slice(0, name.lastIndexOf('/') + 1);
      if (above !== directory) {
        leave();
        directory = above;
      }
      all.files += 1;
      all.bytes += size;
      here.files += 1;
      if (mtimeMs < sinceMs) return;
      all.young += 1;
      all.youngBytes += size;
      here.young += 1;
    },
    end: () => {
      leave();
      return { ...all };
    },
  };
}

/** A number of comparisons that nobody notices: at 1 to 5 µs each, they take one to five seconds. */
const UNNOTICED = 1_000_000;

/**
 * One comparison pays off for so many bytes of new files. It took 2 to 3 µs, of which 1 µs of processor time
 * (docs/performance.md, "Many new names at once"); a connection of 25 MB/s transfers as many bytes in 2 µs.
 */
const BYTES_EACH = 50;

/**
 * Whether rsync should look for a basis under another name. It compares each new name with each name that the directory had in the
 * basis, so the time grows with the square of the number of new names, and nothing is sent in the meantime.
 *
 * A new file with an old time is not recognised as new. Instead, the number of files by which the source has grown counts as new
 * names in the largest directory.
 * @param before what the last sealed snapshot held; undefined when there is none
 */
export function worthLooking(
  mode: JobSettings['fuzzy'],
  counts: NameCounts,
  before: { readonly files: number; readonly bytes: number } | undefined,
): boolean {
  switch (mode) {
    case 'always':
      return true;
    case 'never':
      return false;
    case 'auto': {
      const grown = before === undefined ? 0 : counts.files - before.files - counts.young;
      const unseen = Math.min(Math.max(0, grown), counts.largestDirectory);
      const comparisons = counts.comparisons + unseen * counts.largestDirectory;
      const bytes = Math.max(counts.youngBytes, before === undefined ? 0 : counts.bytes - before.bytes);
      return comparisons <= UNNOTICED || comparisons <= bytes / BYTES_EACH;
    }
    default:
      return mode satisfies never;
  }
}
