import { expect, it } from 'vitest';
import { parseEntry } from '../../../src/rsync/listing.ts';

const at = (time: string) => Date.parse(time);

it.each([
  [
    '-rw-r--r--          20000 2026/11/23 15:42:39 sub/file',
    '2026/11/23-15:42:39',
    at('2026-11-23T15:42:39Z'),
    'sub/file',
  ],
  ['drwxr-xr-x          4,096 2026/11/23 15:42:39 .', '2026/11/23-15:42:39', at('2026-11-23T15:42:39Z'), '.'],
  // What rsync 3.5.0 writes of files on a tmpfs with such times.
  ['-rw-r--r--              0   68/09/03 13:20:00 x', '--68/09/03-13:20:00', at('0068-09-03T13:20:00Z'), 'x'],
  ['-rw-r--r--              0    1/01/01 00:00:00 x', '---1/01/01-00:00:00', at('0001-01-01T00:00:00Z'), 'x'],
  ['-rw-r--r--              0 -249/10/15 19:33:20 x', '-249/10/15-19:33:20', at('-000249-10-15T19:33:20Z'), 'x'],
  ['-rw-r--r--              0 -156474/04/23 15:06 x', '-156474/04/23-15:06', at('-156474-04-23T15:06:00Z'), 'x'],
  ['-rw-r--r--              0 2147483647/12/31 23 x', '2147483647/12/31-23', 8.64e15, 'x'],
  ['-rw-r--r--              0 287168/08/24 16:00: x y', '287168/08/24-16:00:', 8.64e15, 'x y'],
])('a file is listed whatever its time: %s', (line, mtime, mtimeMs, name) => {
  expect(parseEntry(line)).toMatchObject({ mtime, mtimeMs, name });
});

it.each([
  '',
  '-rw-r--r-- 5 \t 68/09/03 13:20:00 x',
  'receiving file list ... done',
  '-rw-r--r-- 5 yesterday x',
  '-rw-r--r-- 5 2026-11-23 15:42:39 x',
])('a line is no entry: %s', (line) => {
  expect(parseEntry(line)).toBeUndefined();
});
