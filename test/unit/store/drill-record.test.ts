import { expect, it } from 'vitest';
import { formatDrills, parseDrills } from '../../../remote-scripts/store/drill-record.ts';

const drill = {
  ...{
    id: '2026-11-23T021500Z',
    which: 'old',
    started: '2026-11-23T03:00:00.000Z',
    durationMs: 12,
    ok: false,
    whole: 3,
  },
  ...{ broken: [{ name: 'a', reason: 'cut off' }], unchecked: [], failure: 'exit 1', output: ['no rows'] },
};
const read = (change: object) => parseDrills(JSON.stringify({ version: 1, drills: [{ ...drill, ...change }] }));

it('a drill comes back from its text', () => {
  expect(JSON.parse(formatDrills(read({})))).toEqual({ version: 1, drills: [drill] });
});

it('what is no text in a damaged record is left out, and stops nobody', () => {
  const hostile = { toString: 1, valueOf: 1 };
  expect(read({ output: [hostile, 'x', 5], broken: [{ name: hostile, reason: 'x' }, { name: 'b' }] })).toMatchObject([
    { output: ['x'], broken: [] },
  ]);
});

it('a number that is none, or a time that we do not write, is not taken', () => {
  expect(parseDrills(`{"version":1,"drills":[${JSON.stringify(drill).replace('"whole":3', '"whole":1e999')}]}`)).toMatchObject([{ whole: 0 }]); // prettier-ignore
  expect(read({ started: '1' })).toEqual([]);
});
