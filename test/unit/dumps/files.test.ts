import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkEnds } from '../../../src/dumps/check-ends.ts';
import { checkWhole } from '../../../src/dumps/check-whole.ts';
import { runProcess } from '../../../src/platform/process.ts';
import { call, has, HALF_PG_DUMP, makePlace, PG_DUMP } from './support/samples.ts';
import { createRandom, tellSeed } from '../../support/seed.ts';

const place = makePlace();
afterAll(() => rmSync(place, { recursive: true }));
writeFileSync(join(place, 'dump.sql'), PG_DUMP);
writeFileSync(join(place, 'half.sql'), HALF_PG_DUMP);

const at = (name: string) => join(place, name);
const look = async (name: string) => (await checkEnds(at(name), name)).finding;
const read = (name: string, path = process.env.PATH ?? '') =>
  checkWhole(Buffer.from(at(name)), name, {
    run: runProcess,
    environment: { PATH: path, LC_ALL: 'C', HOME: '/nonexistent' },
    limits: { stallMs: 60_000 },
  });

/** Formats, how a file of each is made, and what its ends can tell of a cut. */
const PACKED = [
  {
    format: 'gzip',
    program: 'gzip',
    name: 'p.sql.gz',
    make: (of: string) => call(place, 'gzip', '-c', of),
    told: 'none',
  },
  { format: 'xz', program: 'xz', name: 'p.sql.xz', make: (of: string) => call(place, 'xz', '-c', of), told: 'all' },
  {
    format: 'zstd',
    program: 'zstd',
    name: 'p.sql.zst',
    make: (of: string) => call(place, 'zstd', '-qc', of),
    told: 'none',
  },
  {
    format: 'bzip2',
    program: 'bzip2',
    name: 'p.sql.bz2',
    make: (of: string) => call(place, 'bzip2', '-c', of),
    told: 'all',
  },
  {
    format: 'tar',
    program: 'tar',
    name: 'p.tar',
    make: (of: string) => call(place, 'tar', '-cf', '-', of),
    told: 'most',
  },
  {
    format: 'zip',
    program: 'zip',
    name: 'p.zip',
    make: (of: string) => call(place, 'zip', '-q', '-', of),
    told: 'all',
  },
] as const;

describe.each(PACKED)('a file of $format', ({ format, program, name, make, told }) => {
  const reader = program === 'zip' ? 'unzip' : program;
  const write = (of: string) => {
    const bytes = make(of);
    writeFileSync(at(name), bytes);
    return bytes.length;
  };

  it.skipIf(!has(program))(`is not objected to when it is whole (needs ${program})`, async () => {
    for (const of of ['content', 'dump.sql']) {
      write(of);
      expect((await look(name)).kind).toBe(told === 'none' ? 'nothing' : 'sound');
    }
  });

  it.skipIf(!has(program) || told === 'none')(`is cut off at any byte (needs ${program})`, async () => {
    const random = createRandom(tellSeed('cuts'));
    const bytes = make('content');
    const size = bytes.length;
    for (let round = 0; round < 60; round += 1) {
      // A tar is padded with zeros: what lacks only some of these is whole for tar too.
      const length = 600 + Math.floor(random() * (Math.min(size, 80_000) - 601));
      writeFileSync(at(name), bytes.subarray(0, length));
      expect(await look(name), `cut to ${length} of ${size}`).toMatchObject({ kind: 'broken' });
    }
  });

  it.skipIf(!has(program) || !has(reader))(`is read as a whole (needs ${reader})`, async () => {
    write('dump.sql');
    expect(await read(name)).toMatchObject({ kind: 'sound', format });
    const size = write('content');
    expect(await read(name)).toMatchObject({ kind: 'sound', format });
    truncateSync(at(name), Math.floor(Math.min(size, 80_000) / 2));
    expect(await read(name)).toMatchObject({ kind: 'broken' });
  });

  it.skipIf(!has(program) || !has(reader) || format === 'tar')(
    `is damaged in the middle: only reading finds that (needs ${reader})`,
    async () => {
      const bytes = Buffer.from(make('content'));
      const middle = Math.floor(bytes.length / 2);
      bytes.fill(0x55, middle, middle + 64);
      writeFileSync(at(name), bytes);
      expect((await look(name)).kind).not.toBe('broken');
      expect(await read(name)).toMatchObject({ kind: 'broken', reason: expect.stringContaining(reader) as string });
    },
  );

  it.skipIf(!has(program) || ['tar', 'zip'].includes(format))(
    `of half a dump is perfect, and what is in it is not (needs ${program})`,
    async () => {
      write('half.sql');
      expect((await look(name)).kind).not.toBe('broken');
      expect(await read(name)).toMatchObject({
        kind: 'broken',
        reason: expect.stringMatching(/^in a.* file: a PostgreSQL dump that is cut off/) as string,
      });
    },
  );

  it.skipIf(!has(program))(`says which program is missing (needs ${program})`, async () => {
    write('content');
    mkdirSync(at('bin'), { recursive: true });
    copyFileSync(
      has('setpriv') ? call(place, 'sh', '-c', 'command -v setpriv').toString().trim() : '',
      at('bin/setpriv'),
    );
    expect(await read(name, at('bin'))).toEqual({
      kind: 'unchecked',
      format,
      reason: `${reader} is not installed here`,
    });
  });
});

describe.skipIf(!has('sqlite3'))('an SQLite database (needs sqlite3)', () => {
  const make = () => {
    rmSync(at('shop.db'), { force: true });
    const rows =
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000) INSERT INTO e SELECT i, hex(randomblob(40)) FROM n;';
    call(place, 'sqlite3', 'shop.db', `CREATE TABLE e(i INTEGER PRIMARY KEY, t); CREATE INDEX x ON e(t); ${rows}`);
  };

  it('is whole, and is neither changed nor locked by looking', async () => {
    make();
    const before = readFileSync(at('shop.db'));
    expect(await look('shop.db')).toMatchObject({ kind: 'sound' });
    expect(await read('shop.db')).toEqual({ kind: 'sound', format: 'sqlite', by: 'sqlite3' });
    expect(readFileSync(at('shop.db')).equals(before)).toBe(true);
  });

  it('is read whatever its name: nothing in it is taken for part of a URI', async () => {
    make();
    const odd = 'a?mode=rw&x#%20 b.db';
    copyFileSync(at('shop.db'), at(odd));
    expect(await read(odd)).toMatchObject({ kind: 'sound' });
  });

  it('is cut off at a page; not where a journal shows that it is in use', async () => {
    make();
    truncateSync(at('shop.db'), 4096 * 20);
    expect(await look('shop.db')).toMatchObject({
      kind: 'broken',
      reason: expect.stringMatching(
        /an SQLite database that is cut off: it has 81920 bytes, and its header says \d+ pages of 4096/,
      ) as string,
    });
    writeFileSync(at('shop.db-wal'), '');
    expect(await look('shop.db')).toEqual({ kind: 'nothing' });
    rmSync(at('shop.db-wal'));
  });

  it('is damaged inside: only reading finds that', async () => {
    make();
    const bytes = readFileSync(at('shop.db'));
    bytes.fill(0xff, 4096 * 30, 4096 * 31);
    writeFileSync(at('shop.db'), bytes);
    expect(await look('shop.db')).toMatchObject({ kind: 'sound' });
    expect(await read('shop.db')).toMatchObject({ kind: 'broken' });
  });
});

describe('a MongoDB archive', () => {
  const block = (text: string) =>
    Buffer.concat([Buffer.from([text.length + 5, 0, 0, 0]), Buffer.from(text), Buffer.of(0)]);
  const end = Buffer.alloc(4, 0xff);
  const archive = Buffer.concat([
    Buffer.from('6de29981', 'hex'),
    block('prelude'),
    end,
    block('header'),
    block('row'),
    end,
  ]);

  it('ends with a terminator', async () => {
    writeFileSync(at('m.archive'), archive);
    expect(await look('m.archive')).toMatchObject({ kind: 'sound' });
    truncateSync(at('m.archive'), archive.length - 7);
    expect(await look('m.archive')).toMatchObject({ kind: 'broken' });
    // Its own program compares it with a server, so there is none that could read it alone.
    writeFileSync(at('m.archive'), archive);
    expect(await read('m.archive')).toMatchObject({ kind: 'sound', by: 'its ends' });
  });
});

describe('what is not judged', () => {
  it.each([
    ['a name that promises a format, and another content', 'not.gz', 'plain text'],
    ['an empty file that may be meant so', 'down.sql', ''],
    ['an empty file of a format that is never empty, without more words', 'x.gz', ''],
  ])('%s', async (_, name, content) => {
    writeFileSync(at(name), content);
    expect(await look(name)).toEqual({ kind: 'nothing' });
    expect(await read(name)).toEqual({ kind: 'nothing' });
  });

  it('what is not there, or is no file', async () => {
    mkdirSync(at('directory.sql'), { recursive: true });
    expect(await look('directory.sql')).toEqual({ kind: 'nothing' });
    expect(await look('gone.sql')).toEqual({ kind: 'nothing' });
  });

  it.skipIf(!has('xz') || !has('bzip2'))(
    'zeros behind the end of a stream, as tapes and block devices leave them',
    async () => {
      for (const [program, name] of [
        ['xz', 'z.xz'],
        ['bzip2', 'z.bz2'],
      ] as const) {
        writeFileSync(at(name), call(place, program, '-c', 'content'));
        appendFileSync(at(name), Buffer.alloc(8192));
        expect((await look(name)).kind, name).not.toBe('broken');
      }
    },
  );
});

it('objects to an empty file whose name says that a dump was compressed', async () => {
  for (const name of ['e.sql.gz', 'e.tar.xz', 'e.tgz', 'e.dump']) {
    writeFileSync(at(name), '');
    expect(await look(name), name).toEqual({ kind: 'broken', reason: 'it is empty' });
  }
});
