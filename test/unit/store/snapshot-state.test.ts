import { expect, test } from 'vitest';
import { standingOf, statesOf } from '../../../remote-scripts/store/snapshot-state.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';

const ID = parseSnapshotId('2026-11-23T021500Z')!;

test.each([
  ['partial', ['.partial'], `${ID}.partial`],
  ['frozen', ['.frozen'], `${ID}.frozen`],
  ['sealed', ['', '.sealed'], ID],
  ['bare', [''], undefined],
  ['trash', ['.sealed'], undefined],
  ['partial', ['.partial', '.sealed'], `${ID}.partial`],
])('calls it %s when there are %j', (state, suffixes, name) => {
  const states = statesOf(suffixes.map((suffix) => `${ID}${suffix}`));

  expect(states).toEqual(new Map([[ID, state]]));
  expect(standingOf(ID, states.get(ID)!).directory).toBe(name);
});

test('counts only names of its own', () => {
  const foreign = [
    '.',
    '.trash',
    'lost+found',
    `.${ID}.sealed.17.tmp`,
    `${ID}.tmp`,
    `${ID}.sha256`,
    `.${ID}.sha256.17.tmp`,
    `${ID}.sealed.partial`,
    '2026-02-30T000000Z',
  ];
  expect(statesOf(foreign)).toEqual(new Map());
});

test.each([
  ['none', { directory: undefined, basis: false, unsealed: false }],
  ['partial', { directory: `${ID}.partial`, basis: false, unsealed: true }],
  ['frozen', { directory: `${ID}.frozen`, basis: true, unsealed: true }],
  ['sealed', { directory: ID, basis: true, unsealed: false }],
  ['trash', { directory: undefined, basis: false, unsealed: false }],
  ['bare', { directory: undefined, basis: false, unsealed: false }],
] as const)('what is %s may be used for just what its state allows', (state, standing) => {
  expect(standingOf(ID, state)).toEqual(standing);
});
