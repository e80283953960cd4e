import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories } from '../platform/files.ts';

/** Database dumps and a tree of files, small and realistic; the same every time. */
export interface SampleSource {
  readonly directory: string;
  /** The next day: a dump with a new name, a few changed files, a new one. */
  advance(): Promise<void>;
  /** A large file for which there is no basis. */
  addArchive(bytes: number): Promise<void>;
}

const CUSTOMERS = 24_000;
const DOCUMENTS = 240;

/** Creates the source in a directory that does not exist yet. */
export async function makeSampleSource(directory: string): Promise<SampleSource> {
  const random = generator(20_261_123);
  const rows = Array.from({ length: CUSTOMERS }, (_, index) => row(index, random));
  const dump = (day: string) => writeFile(join(directory, 'dumps', `shop-${day}.sql`), sql('customers', rows));
  await makeDirectories(join(directory, 'dumps'));
  await dump('2026-11-22');
  await writeFile(join(directory, 'dumps', 'users.sql'), sql('users', rows.slice(0, 3000)));
  for (let index = 0; index < DOCUMENTS; index += 1) {
    const folder = join(directory, 'files', `customer-${String(index % 24).padStart(2, '0')}`);
    await makeDirectories(folder);
    await writeFile(
      join(folder, `invoice-${String(index).padStart(4, '0')}.txt`),
      noise(500 + Math.floor(random() * 9000), random),
    );
  }
  return {
    directory,
    advance: async () => {
      for (let index = 0; index < 40; index += 1) rows.push(row(CUSTOMERS + index, random));
      await dump('2026-11-23');
      for (const index of [3, 57]) {
        const folder = join(directory, 'files', `customer-${String(index % 24).padStart(2, '0')}`);
        await appendFile(join(folder, `invoice-${String(index).padStart(4, '0')}.txt`), 'paid\n');
      }
      await writeFile(join(directory, 'files', 'customer-00', 'contract.txt'), noise(4000, random));
    },
    addArchive: (bytes) => writeFile(join(directory, 'archive.tar.zst'), noise(bytes, random)),
  };
}

function row(index: number, random: () => number): string {
  const token = Math.floor(random() * 2 ** 52).toString(36);
  return `(${index}, 'customer-${index}@example.org', '${token}', ${Math.floor(random() * 100_000)})`;
}

function sql(table: string, rows: readonly string[]): string {
  return `CREATE TABLE ${table} (id int, mail text, token text, balance int);\n${rows
    .map((values) => `INSERT INTO ${table} VALUES ${values};\n`)
    .join('')}`;
}

function noise(bytes: number, random: () => number): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) buffer.writeUInt32LE(Math.floor(random() * 2 ** 32), at);
  return buffer;
}

/** A small generator of pseudo-random numbers (a linear congruence modulo 2^48, as in drand48(3)). */
function generator(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = (state * 0x5deece66dn + 11n) & ((1n << 48n) - 1n);
    return Number(state) / 2 ** 48;
  };
}
