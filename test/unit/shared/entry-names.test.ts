import { expect, it, test } from 'vitest';
import { frozenName, manifestName, parseEntryName, partialName } from '../../../src/shared/entry-names.ts';
import { isName } from '../../../src/shared/names.ts';
import { sealName } from '../../../src/shared/seal.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';

const ID = parseSnapshotId('2026-11-23T021500Z')!;

test.each([
  ['complete', ID],
  ['partial', `${ID}.partial`],
  ['frozen', `${ID}.frozen`],
  ['seal', `${ID}.sealed`],
  ['unfinished-seal', `.${ID}.sealed.4711.12.34.1.tmp`],
  ['unfinished-seal', `.${ID}.sealed.Xy12zz`],
  ['manifest', `${ID}.sha256`],
  ['unfinished-manifest', `.${ID}.sha256.4711.12.34.1.tmp`],
])('what is %s is known by its name, %s', (kind, name) => {
  expect(parseEntryName(name)).toEqual({ id: ID, kind });
});

test.each([
  '.',
  '.trash',
  'lost+found',
  `.${ID}.sealed`,
  `.${ID}.sealed.`,
  `.${ID}.partial.Xy12zz`,
  `.${ID}.sealed.x/y`,
  `${ID}.tmp`,
  `${ID}.sealed.partial`,
  `.${ID}.sha256`,
  `${ID}.sha256.tmp`,
  `x${ID}.sealed`,
  '2026-02-30T000000Z',
])('a name that is not ours is nothing: %s', (name) => {
  expect(parseEntryName(name)).toBeUndefined();
});

it('names what it reads, and no job can be called so', () => {
  for (const name of [partialName(ID), frozenName(ID), sealName(ID)]) {
    expect(parseEntryName(name)?.id).toBe(ID);
    expect(isName(name.replace(ID, 'db'))).toBe(false);
  }
  expect(parseEntryName(manifestName(ID))).toEqual({ id: ID, kind: 'manifest' });
});
