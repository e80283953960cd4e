import { expect, it } from 'vitest';
import { mayBeDump } from '../../../src/dumps/names.ts';

it.each([
  'db.sql',
  'deep/er/db.SQL',
  'db.sql.gz',
  'db-2026-11-23.sql',
  'db.sql.2026-11-23',
  'db.sql.20261123T021500Z',
  'db.sql.gz.1',
  'dump-20261123',
  'dump',
  'full_backup',
  'shop/toc.dat',
  'shop.sqlite3',
  'web.tar.zst',
  'base.tgz',
  'mongo.archive',
  'shop.bak',
  'db.sql.old',
])('%s may be a dump', (name) => {
  expect(mayBeDump(name)).toBe(true);
});

it.each(['notes.txt', 'index.html', 'sql.txt', 'data.json', 'zip/readme', 'gzip', 'mysqld.cnf', 'toc.dat.txt'])(
  '%s is not opened',
  (name) => {
    expect(mayBeDump(name)).toBe(false);
  },
);

it.each(['db.sql.aa', 'db.sql.00', 'db.sql.part1', 'backup.zip.001', 'db.sql-ab'])(
  '%s may be a piece of a dump, so nobody expects it to be whole',
  (name) => {
    expect(mayBeDump(name)).toBe(false);
  },
);
