import { expect, it } from 'vitest';
import { isName } from '../../../src/shared/names.ts';

it.each(['a', 'postgres', 'web1.db_main-2', '9', 'A'.repeat(63), 'sealed', 'x.sealed.y'])('%j is a name', (text) => {
  expect(isName(text)).toBe(true);
});

it.each([
  '',
  '.',
  '..',
  '.hidden',
  '-x',
  '_x',
  'a/b',
  'a b',
  'a\n',
  'ä',
  'a@b',
  'a:b',
  'a*',
  'a'.repeat(64),
  'x.sealed',
  'x.partial',
  'x.frozen',
])('%j is no name', (text) => {
  expect(isName(text)).toBe(false);
});
