import { expect, it } from 'vitest';
import { oneFile, parseInode, type Inode } from '../../../../src/run/source/inodes.ts';

const FACTS = 'f 20 1795681556.6001214410 1795681558.3601213610';
const inode = (name: string, changed: Partial<Inode> = {}): Inode => ({
  number: '65024 7',
  links: 2,
  facts: FACTS,
  mtimeMs: 1_795_681_556_600.121,
  ctimeMs: 1_795_681_558_360.121,
  name,
  ...changed,
});

it('what find says of a name is read, odd names too', () => {
  expect(parseInode(`65024 7 2 ${FACTS} ./a/b`)).toEqual({
    ...inode('a/b'),
    mtimeMs: expect.closeTo(1_795_681_556_600.121, 2) as number,
    ctimeMs: expect.closeTo(1_795_681_558_360.121, 2) as number,
  });
  expect(parseInode(`65024 7 2 ${FACTS} ./ 1 2 ./x`)?.name).toBe(' 1 2 ./x');
  // A character for each byte, as find writes them: a line feed, and a byte that is no UTF-8.
  expect(parseInode(`65024 7 2 ${FACTS} ./a\nb\xff`)?.name).toBe('a\\#012b\\#377');
  expect(parseInode('the rest of a name')).toBeUndefined();
});

it.each([
  ['agree and are no more than there should be', [inode('a'), inode('b')], undefined],
  ['stand alone', [inode('a')], undefined],
  ['are gone', [], undefined],
  ['differ in size', [inode('a'), inode('b', { facts: FACTS.replace('20', '21') })], ['a', 'b']],
  ['differ in their ctime alone', [inode('a'), inode('b'), inode('c', { facts: `${FACTS}1` })], ['a', 'c']],
  ['agree and are more than there should be', [inode('a'), inode('b'), inode('c')], ['a', 'c']],
] as const)('names of one number that %s', (_, names, expected) => {
  expect(oneFile(names)).toEqual(expected);
});
