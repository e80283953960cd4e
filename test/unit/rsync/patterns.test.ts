import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scopePatterns } from '../../../src/rsync/patterns.ts';

it('patterns take in the named files and directories, whatever characters they have, and nothing else', () => {
  const directory = mkdtempSync(join(tmpdir(), 'offsite-patterns-'));
  const at = (name: string) => join(directory, 'tree', name);
  try {
    const names = [
      'a*',
      'ab',
      'back\\slash',
      'back\\slash*',
      'd/in',
      'd[1]/x/y',
      'd1/x/y',
      'deep/a/b',
      'deep/a/c',
      '# no',
      ' ',
      '- x',
      'new\nline',
    ];
    for (const name of names) {
      mkdirSync(join(at(name), '..'), { recursive: true });
      writeFileSync(at(name), '');
    }
    const wanted = ['a*', 'back\\slash', 'd[1]', 'deep/a/b', '# no', ' ', '- x', 'new\nline'];
    writeFileSync(join(directory, 'only'), scopePatterns(wanted.map((name) => Buffer.from(name))));
    const args = [
      '-r',
      '--from0',
      `--include-from=${join(directory, 'only')}`,
      '--exclude=*',
      `${at('')}/`,
      join(directory, 'to/'),
    ];
    expect(spawnSync('rsync', args).status).toBe(0);
    const found = spawnSync('find', [join(directory, 'to'), '-type', 'f', '-printf', '%P\\0'], { encoding: 'utf8' });
    expect(found.stdout.split('\0').filter(Boolean).sort()).toEqual(
      ['a*', 'back\\slash', 'd[1]/x/y', 'deep/a/b', '# no', ' ', '- x', 'new\nline'].sort(),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
