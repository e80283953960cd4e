import { expect, test } from 'vitest';
import { directoryName, statesOf } from '../../../remote-scripts/gate/job-directory.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';

const ID = parseSnapshotId('2026-11-23T021500Z')!;

test.each([
  ['partial', ['.partial'], `${ID}.partial`],
  ['frozen', ['.frozen'], `${ID}.frozen`],
  ['sealed', ['', '.sealed'], ID],
  ['bare', [''], undefined],
  ['bare', ['.sealed'], undefined],
])('calls it %s when there are %j', (state, suffixes, name) => {
  const states = statesOf(suffixes.map((suffix) => `${ID}${suffix}`));

  expect(states).toEqual(new Map([[ID, state]]));
  expect(directoryName(ID, states.get(ID)!)).toBe(name);
});

test('counts only names of its own', () => {
  const foreign = [
    '.',
    '.trash',
    'lost+found',
    `.${ID}.sealed.17.tmp`,
    `${ID}.tmp`,
    `${ID}.sealed.partial`,
    '2026-02-30T000000Z',
  ];
  expect(statesOf(foreign)).toEqual(new Map());
});
