import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether a program is installed here. What needs one that is not is skipped, and its title says which. */
export function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** Runs a program in a directory; its standard output. @throws Error when it fails */
export function call(directory: string, program: string, ...args: string[]): Buffer {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: directory, maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr.toString()}`);
  return stdout;
}

/** A directory with something to pack: `content`, of which half cannot be compressed. */
export function makePlace(): string {
  const directory = mkdtempSync(join(tmpdir(), 'offsite-dumps-'));
  writeFileSync(join(directory, 'content'), Buffer.concat([randomBytes(40_000), Buffer.alloc(40_000, 'text ')]));
  return directory;
}

/** How pg_dump 15 writes a small database; `\restrict` as pg_dump does since August 2025. */
export const PG_DUMP = String.raw`--
-- PostgreSQL database dump
--

\restrict 8Wq0bY

-- Dumped from database version 15.14 (Debian 15.14-0+deb12u1)
-- Dumped by pg_dump version 15.14 (Debian 15.14-0+deb12u1)

SET statement_timeout = 0;
SET client_encoding = 'UTF8';

CREATE TABLE public.event (
    id integer NOT NULL,
    what text
);

COPY public.event (id, what) FROM stdin;
1	one
2	two
\.


--
-- PostgreSQL database dump complete
--

\unrestrict 8Wq0bY

`;

/** The first half of it. */
export const HALF_PG_DUMP = PG_DUMP.slice(0, PG_DUMP.length / 2);

/** The same as pg_dump wrote it before. */
export const PG_DUMP_BEFORE = PG_DUMP.replace(/\\(un)?restrict.*\n\n/g, '');

/** How pg_dumpall writes a cluster with one database besides the templates. */
export const PG_DUMPALL = `--
-- PostgreSQL database cluster dump
--

SET default_transaction_read_only = off;

CREATE ROLE postgres;

--
-- Databases
--

--
-- Database "shop" dump
--

${PG_DUMP_BEFORE}--
-- PostgreSQL database cluster dump complete
--

`;

/** How mariadb-dump 10.11 writes a small database. */
export const MARIADB_DUMP = String.raw`/*M!999999\- enable the sandbox mode */ 
-- MariaDB dump 10.19  Distrib 10.11.14-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: shop
-- ------------------------------------------------------
-- Server version	10.11.14-MariaDB-0+deb12u2

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;

CREATE TABLE ${'`event`'} (
  ${'`id`'} int(11) NOT NULL
);
INSERT INTO ${'`event`'} VALUES
(1),
(2);

/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed on 2026-11-28 14:02:11
`;

/** The same with --skip-comments. */
export const MARIADB_BARE = MARIADB_DUMP.split('\n')
  .filter((line) => !line.startsWith('--'))
  .join('\n');

/** How sqlite3 writes `.dump`. */
export const SQLITE_DUMP = `PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE event (id INTEGER PRIMARY KEY, what TEXT);
INSERT INTO event VALUES(1,'one');
INSERT INTO event VALUES(2,'two');
COMMIT;
`;
