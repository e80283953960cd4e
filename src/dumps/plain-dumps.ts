import { cut, UNKNOWN, WHOLE, type Ends, type EndsVerdict } from './ends.ts';

/*
 * Dumps that are SQL text. The program that writes one begins with a comment that names it and ends with a closing line, and what breaks
 * it off (a full disk, a lost connection, a signal) takes that line away. Anything else of text is not judged: it may be meant to be so.
 */

/** A kind of text dump. */
interface PlainDump {
  /** How it begins; looked for in the head. */
  readonly begins: RegExp;
  readonly ends: (tail: string) => EndsVerdict;
}

/** pg_dump of late 2025 puts a line `\unrestrict` after the closing line, and people append comments. */
const NOTHING_MORE = String.raw`(\s|(--|\\unrestrict)[^\n]*(\n|(?![^])))*(?![^])`;

const CLUSTER_END = '-- PostgreSQL database cluster dump complete';
const DATABASE_END = '-- PostgreSQL database dump complete';
const ENDS_A_DATABASE = new RegExp(`^${DATABASE_END}\\r?$${NOTHING_MORE}`, 'm');

/** What the kinds of text dumps look like, as their programs write them (facts.md#how-dumps-end). */
export const PLAIN_DUMPS = {
  'postgresql-cluster': {
    begins: /^-- PostgreSQL database cluster dump\r?$/m,
    // It holds a dump of each database with a closing line of its own; one appended to `pg_dumpall --globals-only` ends with that.
    ends: (tail) =>
      hasLine(tail, CLUSTER_END) || ENDS_A_DATABASE.test(tail) ? WHOLE : cut(`it has no closing line "${CLUSTER_END}"`),
  },
  'postgresql-plain': {
    begins: /^-- PostgreSQL database dump\r?$/m,
    ends: (tail) =>
      hasLine(tail, DATABASE_END) || hasLine(tail, CLUSTER_END)
        ? WHOLE
        : cut(`it has no closing line "${DATABASE_END}"`),
  },
  mysql: {
    begins: /^-- (MySQL|MariaDB) dump \d/m,
    ends: (tail) => (/^-- Dump completed/m.test(tail) ? WHOLE : cut('it has no closing line "-- Dump completed"')),
  },
  // Without comments (--skip-comments) there is no closing line, but what was set at the top is set back at the end.
  'mysql-bare': {
    begins: /^\/\*M?!\d+ SET @OLD_(SQL_NOTES|NOTE_VERBOSITY)=@@/m,
    ends: (tail) =>
      /SET (SQL_NOTES|NOTE_VERBOSITY)=.*@OLD_\1/.test(tail)
        ? WHOLE
        : cut('it does not set back SQL_NOTES or NOTE_VERBOSITY, which is the last thing that mysqldump writes'),
  },
  'sqlite-text': {
    begins: /^PRAGMA foreign_keys=OFF;\r?\nBEGIN TRANSACTION;\r?\n/,
    ends: (tail) => {
      if (/^ROLLBACK; -- due to errors/m.test(tail)) {
        return cut('it ends with "ROLLBACK; -- due to errors": the database could not be read to its end');
      }
      return hasLine(tail, 'COMMIT;') ? WHOLE : cut('it has no closing line "COMMIT;"');
    },
  },
} as const satisfies Readonly<Record<string, PlainDump>>;

/** Whether a head is that of this kind of text dump. */
export function beginsAs(kind: keyof typeof PLAIN_DUMPS, head: Buffer): boolean {
  return PLAIN_DUMPS[kind].begins.test(head.toString('latin1'));
}

/** What the end of a text dump says. */
export function endOfPlain(kind: keyof typeof PLAIN_DUMPS, { tail }: Ends): EndsVerdict {
  return tail.length === 0 ? UNKNOWN : PLAIN_DUMPS[kind].ends(tail.toString('latin1'));
}

function hasLine(text: string, line: string): boolean {
  return text.split(/\r?\n/).includes(line);
}
