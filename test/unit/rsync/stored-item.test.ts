import { describe, expect, it } from 'vitest';
import { parseStoredItem } from '../../../src/rsync/stored-item.ts';

// Lines as rsync 3.5.0 writes them.
describe('a line about a stored entry', () => {
  it.each([
    [
      '@>f+++++++++ rw-r--r-- 123 45 3 2026/11/28-17:47:53 a b//',
      { kind: 'file', isNew: true, mode: 'rw-r--r--', uid: 123, gid: 45, size: 3, name: 'a b', target: undefined },
    ],
    ['@cd+++++++++ rwxr-xr-t 0 0 4096 2026/11/28-17:47:53 sub///', { kind: 'directory', name: 'sub/' }],
    [
      '@.d..t...... rwxr-xr-x 0 0 4096 2026/11/28-17:47:53 .///',
      { kind: 'directory', isNew: false, differs: 't', name: './' },
    ],
    [
      '@cL+++++++++ rwxrwxrwx 0 DEFAULT 18 2026/11/28-17:47:53 link// -> //a -> b',
      { kind: 'symlink', gid: undefined, name: 'link', target: '//a -> b' },
    ],
    [
      '@hf+++++++++ rw-r--r-- 0 0 2 2026/11/28-17:47:53 hard// => sub/f',
      { action: 'linked', name: 'hard', target: undefined },
    ],
    ['@.f          rwsr-xr-x 0 0 2 2026/11/28-17:47:53 1 2 -> 3//', { isNew: false, differs: '', name: '1 2 -> 3' }],
  ])('%s is read', (line, item) => expect(parseStoredItem(line)).toMatchObject(item));

  it.each([
    '@.f          rw-r--r-- 18446744073709551616 0 2 2026/11/28-17:47:53 a//',
    '@.f          rw-r--r-- 0 18446744073709551616 2 2026/11/28-17:47:53 a//',
    '',
    'Total file size: 6 bytes',
    '@>f+++++++++ 3 2026/11/28-17:47:53 a b',
    'created directory /tmp/x',
  ])('is not "%s"', (line) => expect(parseStoredItem(line)).toBeUndefined());
});
