import { expect, it } from 'vitest';
import { readOutputLine } from '../../../src/rsync/output.ts';
import fc from '../../support/properties.ts';

it.each([
  ['  1,048,576  25%    1.00MB/s    0:00:03', 1_048_576],
  ['      1048576  25%    1.00MB/s    0:00:03  ', 1_048_576],
  ['5242880 100%    4.77MB/s    0:00:01 (xfr#1, to-chk=0/7)', 5_242_880],
  ['     0   0%    0.00kB/s    0:00:00 (xfr#0, ir-chk=1003/1005)', 0],
])('progress is read: %j', (line, bytes) => {
  expect(readOutputLine(line, true)).toEqual({ kind: 'progress', bytes });
});

it.each([
  ['Total file size: 15,887,178 bytes', 'totalBytes', 15_887_178],
  ['Number of regular files transferred: 7', 'transferredFiles', 7],
  ['Total transferred file size: 99 bytes', 'transferredBytes', 99],
  ['Literal data: 2,970 bytes', 'literalBytes', 2970],
  ['Matched data: 15,884,208 bytes', 'matchedBytes', 15_884_208],
  ['Total bytes sent: 19,001', 'sentBytes', 19_001],
  ['Total bytes received: 5', 'receivedBytes', 5],
])('a figure is read: %j', (line, key, value) => {
  expect(readOutputLine(line, true)).toEqual({ kind: 'stat', key, value });
});

it.each([
  ['1,234 (reg: 1,200, dir: 34)', { regularFiles: 1200, directories: 34, symlinks: 0, specials: 0 }],
  ['7 (reg: 1, dir: 2, link: 1, dev: 1, special: 2)', { regularFiles: 1, directories: 2, symlinks: 1, specials: 3 }],
  ['1 (dir: 1)', { regularFiles: 0, directories: 1, symlinks: 0, specials: 0 }],
])('what the source holds is read by kinds: %s', (text, counts) => {
  expect(readOutputLine(`Number of files: ${text}`, true)).toEqual({ kind: 'counts', counts });
});

it.each([
  ['(Client) Protocol versions: remote=32, negotiated=32', { kind: 'protocol', remote: 32 }],
  ['Client negotiated checksum: xxh128', { kind: 'checksum', algorithm: 'xxh128' }],
  ['Client checksum: md5', { kind: 'checksum', algorithm: 'md5' }],
  ['created 2 directories for postgres/2026-11-23T021500Z', { kind: 'created-destination' }],
  ['created 1 directory for postgres/2026-11-23T021500Z', { kind: 'created-destination' }],
  ['created directory postgres/2026-11-23T021500Z', { kind: 'created-destination' }],
  ['skipping non-regular file "pipe"', { kind: 'skipped', what: 'non-regular' }],
  ['anything else', { kind: 'other', text: 'anything else' }],
  ['Number of files: 0', { kind: 'other', text: 'Number of files: 0' }],
])('%j is understood', (line, expected) => {
  expect(readOutputLine(line, true)).toEqual(expected);
});

it('a file named like a message stays an item', () => {
  for (const name of ['Total bytes sent: 1', 'created directory x', '5 100% 1 1', 'skipping non-regular file "x"']) {
    expect(readOutputLine(`@<f+++++++++ 1 2026/11/23-02:15:00 2 ${name}`, true)).toMatchObject({
      kind: 'item',
      item: { name },
    });
  }
});

it('no line of any content throws', () => {
  fc.assert(fc.property(fc.string(), fc.boolean(), (line, withWire) => void readOutputLine(line, withWire)));
});
