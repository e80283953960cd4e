import { describe, expect, it } from 'vitest';
import { judgeEnds } from '../../../src/dumps/check-ends.ts';
import { HEAD_BYTES, TAIL_BYTES } from '../../../src/dumps/ends.ts';
import { recogniseFormat } from '../../../src/dumps/formats.ts';
import fc from '../../support/properties.ts';
import { MARIADB_BARE, MARIADB_DUMP, PG_DUMP, PG_DUMPALL, PG_DUMP_BEFORE, SQLITE_DUMP } from './support/samples.ts';

/** What the ends of a text say: its kind, or its reason if it is broken. */
function judged(text: string): string {
  const whole = Buffer.from(text);
  const [head, tail] = [whole.subarray(0, HEAD_BYTES), whole.subarray(-TAIL_BYTES)];
  const format = recogniseFormat(head);
  if (format === undefined) return 'not recognised';
  const finding = judgeEnds(format, { size: whole.length, head, tail });
  return finding.kind === 'broken' ? finding.reason : `${format}: ${finding.kind}`;
}

const WHOLE = [
  ['postgresql-plain', PG_DUMP, '\n-- PostgreSQL database dump complete'],
  ['postgresql-plain', PG_DUMP_BEFORE, '\n-- PostgreSQL database dump complete'],
  ['postgresql-cluster', PG_DUMPALL, '\n-- PostgreSQL database cluster dump complete'],
  ['mysql', MARIADB_DUMP, '\n-- Dump completed'],
  ['mysql-bare', MARIADB_BARE, '\n/*!40111 SET SQL_NOTES=@OLD'],
  ['sqlite-text', SQLITE_DUMP, '\nCOMMIT;'],
] as const;

describe.each(WHOLE)('a dump in text (%s)', (format, text, closing) => {
  it('is whole, also with what people and programs append', () => {
    for (const more of ['', '\n\n\n', '\n-- made by backup.sh at 02:15\n', '\r\n']) {
      expect(judged(`${text}${more}`)).toBe(`${format}: sound`);
    }
    expect(judged(text.replaceAll('\n', '\r\n'))).toBe(`${format}: sound`);
  });

  it('is cut off wherever its closing line is missing', () => {
    const begins = text.indexOf('\n', text.search(/dump|SQL_NOTES=0|BEGIN/)) + 1;
    fc.assert(
      fc.property(fc.integer({ min: begins, max: text.lastIndexOf(closing) }), (length) => {
        const part = text.slice(0, length);
        // Of a cluster, the end of a database is no proof of more to come.
        if (format === 'postgresql-cluster' && /database dump complete[\s-]*$/.test(part)) return;
        expect(judged(part)).toMatch(/cut off: it (has no closing line|does not set back)/);
      }),
    );
  });

  it('is cut off also where a row before was longer than what is looked at', () => {
    const row = `INSERT INTO event VALUES('${'x'.repeat(3 * TAIL_BYTES)}');\n`;
    const at = text.lastIndexOf(closing);
    expect(judged(`${text.slice(0, at)}\n${row}`)).toMatch(/cut off/);
    expect(judged(`${text.slice(0, at)}\n${row}${text.slice(at)}`)).toBe(`${format}: sound`);
  });
});

describe('what is no whole dump of one program', () => {
  it.each([
    ['text without the header of a dump', 'CREATE TABLE event (id int);\nINSERT INTO event VALUES (1);\n'],
    ['mysqldump --compact', 'CREATE TABLE `event` (\n  `id` int NOT NULL\n);\nINSERT INTO `event` VALUES (1);\n'],
    ['a dump of which the comments were removed', PG_DUMP.replace(/^--.*\n/gm, '')],
    ['a migration that mentions one', '-- restores a PostgreSQL database dump\nSELECT 1;\n'],
    ['nothing', ''],
  ])('is not judged: %s', (_, text) => {
    expect(judged(text)).toBe('not recognised');
  });

  it('is whole where several are joined, in any order', () => {
    expect(judged(`${PG_DUMP}${PG_DUMPALL}`)).toBe('postgresql-cluster: sound');
    expect(judged(`${PG_DUMPALL}${PG_DUMP}`)).toBe('postgresql-cluster: sound');
    expect(judged(`${PG_DUMPALL}${PG_DUMP_BEFORE}`)).toBe('postgresql-cluster: sound');
    expect(judged(`${MARIADB_DUMP}${MARIADB_DUMP}`)).toBe('mysql: sound');
  });

  it('is whole with statements of their own behind it', () => {
    expect(judged(`${PG_DUMP}ANALYZE;\n`)).toBe('postgresql-plain: sound');
    expect(judged(`${MARIADB_DUMP}COMMIT;\n`)).toBe('mysql: sound');
  });

  it('is cut off where pg_dumpall could not dump the second database', () => {
    const at = PG_DUMPALL.indexOf('--\n-- PostgreSQL database cluster dump complete');
    expect(judged(`${PG_DUMPALL.slice(0, at)}--\n-- Database "next" dump\n--\n\n\\connect next\n\n`)).toMatch(
      /cut off/,
    );
  });

  it('takes no longer with many comments at its end', () => {
    const began = performance.now();
    expect(judged(`${PG_DUMPALL}${PG_DUMP_BEFORE}${'------ x\n'.repeat(1500)}SELECT 1;\n`)).toMatch(/cut off|sound/);
    expect(performance.now() - began).toBeLessThan(500);
  });

  it('is whole as --skip-dump-date and MariaDB 11.4 write it', () => {
    expect(judged(MARIADB_DUMP.replace(/ on 2026.*/, ''))).toBe('mysql: sound');
    const notes = MARIADB_BARE.replaceAll('!40111', 'M!100616').replaceAll('SQL_NOTES', 'NOTE_VERBOSITY');
    expect(judged(notes)).toBe('mysql-bare: sound');
    expect(judged(notes.slice(0, -60))).toMatch(/cut off/);
  });

  it('is broken where sqlite3 says that it could not read the database', () => {
    expect(judged(SQLITE_DUMP.replace('COMMIT;', 'ROLLBACK; -- due to errors'))).toMatch(
      /could not be read to its end/,
    );
  });
});
