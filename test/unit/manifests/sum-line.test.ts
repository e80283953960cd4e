import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatSumLine, parseSumLine } from '../../../src/manifests/sum-line.ts';
import fc from '../../support/properties.ts';

const DIGEST = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Any bytes that a path may consist of. */
const anyName = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 255 }), fc.constantFrom(10, 13, 92, 47, 110, 32)), {
    minLength: 1,
    maxLength: 40,
  })
  .map((bytes) => Buffer.from(bytes).toString('latin1'))
  .filter((name) => name.split('/').every((step) => !['', '.', '..'].includes(step)));

it('reads back what it wrote, whatever the name', () => {
  fc.assert(
    fc.property(anyName, (name) => {
      const line = formatSumLine({ name, digest: DIGEST });
      expect(line.endsWith('\n')).toBe(true);
      expect(line.slice(0, -1)).not.toContain('\n');
      expect(parseSumLine(line.slice(0, -1))).toEqual({ name, digest: DIGEST });
    }),
  );
});

it('writes what sha256sum writes', () => {
  const directory = mkdtempSync(join(tmpdir(), 'offsite-sum-'));
  try {
    const names = [
      'plain',
      ' leading space',
      'new\nline',
      'back\\slash',
      'carriage\rreturn',
      '\\n',
      '*',
      '-',
      '\xff\xfe',
      'ü',
      'x'.repeat(255),
    ];
    for (const name of names) writeFileSync(Buffer.from(`${directory}/${name}`, 'latin1'), '');
    const { stdout } = spawnSync('sh', ['-c', 'find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum'], {
      cwd: directory,
    });
    const ours = [...names].sort().map((name) => formatSumLine({ name, digest: DIGEST }));
    expect(stdout.toString('latin1')).toBe(ours.join(''));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it.each([
  ['', 'is empty'],
  [DIGEST, 'has no name'],
  [`${DIGEST}  ./`, 'has an empty name'],
  [`${DIGEST}  a`, 'does not begin below the snapshot'],
  [`${DIGEST} *./a`, 'is marked as binary'],
  [`${DIGEST.slice(1)}  ./a`, 'has a short checksum'],
  [`${DIGEST.toUpperCase()}  ./a`, 'has another checksum than we write'],
  [`${DIGEST}  ./a\\b`, 'has a backslash, but is not marked as escaped'],
  [`\\${DIGEST}  ./a\\b`, 'has an escape that there is not'],
  [`\\${DIGEST}  ./a\\`, 'ends in half an escape'],
  [`\\${DIGEST}  ./a`, 'is marked as escaped, and nothing is'],
  [`${DIGEST}  ./a\rb`, 'has a carriage return that is not escaped'],
  [`\\${DIGEST}  ./a\\nb\rc`, 'has one beside what is escaped'],
  [`${DIGEST}  ./../../etc/passwd`, 'leads out of the snapshot'],
  [`${DIGEST}  .//etc/passwd`, 'begins at the root'],
  [`${DIGEST}  ./a//b`, 'has an empty step'],
  [`${DIGEST}  ./a/./b`, 'has a step that is none'],
  [`${DIGEST}  ./a/`, 'ends in a slash'],
  [`${DIGEST}  ./a\0b`, 'has a NUL'],
])('takes %j for no line: it %s', (line) => {
  expect(parseSumLine(line)).toBeUndefined();
});
