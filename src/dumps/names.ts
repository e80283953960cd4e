/** Words in the names of dumps. A file without one of them is not opened: sources have many files, and few dumps. */
const WORDS = [
  ...['sql', 'psql', 'pgsql', 'mysql', 'dump', 'dmp', 'pgdump', 'pgc', 'custom', 'backup', 'bak'],
  ...['sqlite', 'sqlite3', 'db', 'db3', 'archive', 'mongo', 'mongodump'],
  ...['tar', 'tgz', 'txz', 'tzst', 'tbz', 'tbz2', 'gz', 'xz', 'zst', 'zstd', 'bz2', 'zip'],
].join('|');

/** What may follow: a date, with a time or not, or the one digit of a rotation. Two digits or letters may be a piece made by split(1). */
const SUFFIX = String.raw`[._-](\d|\d{4}[._-]?\d\d[._-]?\d\d([T._-]?\d\d[:._-]?\d\d([:._-]?\d\d)?Z?)?|old)`;

const DUMP = new RegExp(`(^|[._-])(${WORDS})(${SUFFIX})?$`, 'i');

/** Names that say that a dump was compressed, or is one, also of a PostgreSQL directory: nothing that is empty is meant to be called so. */
const NEVER_EMPTY =
  /(\.(sql|dump|tar|archive|sqlite3?|db)\.(gz|xz|zstd?|bz2)|\/\d+\.dat\.gz|\.(tgz|txz|tzst|tbz2?|pgdump|dump))$/i;

/**
 * Whether a file may be a dump by its name.
 * @param path names separated by slashes, the last of which counts
 */
export function mayBeDump(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === 'toc.dat' || DUMP.test(name);
}

/** Whether a file of this name cannot be right when it is empty. */
export function neverEmpty(path: string): boolean {
  return NEVER_EMPTY.test(path);
}
