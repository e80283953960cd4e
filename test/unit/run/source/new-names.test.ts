import { expect, it } from 'vitest';
import { countNames, worthLooking, type NameCounts } from '../../../../src/run/source/new-names.ts';

const YESTERDAY = new Date('2026-11-22T02:15:00Z');
const OLD = Date.parse('2026-11-21T02:15:00Z');
const NEW = Date.parse('2026-11-23T02:15:00Z');

function counted(files: readonly (readonly [name: string, size: number, mtimeMs: number])[], since = YESTERDAY) {
  const names = countNames(since);
  for (const [name, size, mtimeMs] of files) names.add({ name, size, mtimeMs });
  return names.end();
}

/** A directory of dumps with dates in their names: so many of yesterday and as many of today. */
function dated(count: number, size: number): NameCounts {
  const files = (day: string, mtimeMs: number) =>
    Array.from({ length: count }, (_, index) => [`dumps/${index}-${day}.sql`, size, mtimeMs] as const);
  return counted([...files('22', OLD), ...files('23', NEW)]);
}

const before = (files: number, bytes: number) => ({ files, bytes });

it('counts each new name against all names of its directory, and no others', () => {
  const counts = counted([
    ['top-1', 10, OLD],
    ['top-2', 10, NEW],
    ['a/1', 10, NEW],
    ['a/2', 20, NEW],
    ['a/3', 10, OLD],
    ['a/b/1', 10, OLD],
  ]);
  expect(counts).toEqual({
    files: 6,
    bytes: 70,
    young: 3,
    youngBytes: 40,
    comparisons: 2 + 2 * 3,
    largestDirectory: 3,
  });
});

it('takes every name for new where nothing is sealed: the basis can only be what was broken off', () => {
  const names = countNames(undefined);
  for (const name of ['1', '2', '3']) names.add({ name, size: 1, mtimeMs: OLD });
  expect(names.end()).toMatchObject({ young: 3, comparisons: 9 });
});

it('looks for a basis under another name where that takes little', () => {
  expect(worthLooking('auto', dated(500, 100), before(500, 50_000))).toBe(true);
  expect(worthLooking('auto', counted([]), undefined)).toBe(true);
});

it('does not look where thousands of new names hold little: two small files are sent sooner than found', () => {
  expect(worthLooking('auto', dated(2000, 1000), before(2000, 2_000_000))).toBe(false);
  expect(worthLooking('auto', dated(4000, 1000), before(4000, 4_000_000))).toBe(false);
});

it('looks where thousands of new names hold much', () => {
  expect(worthLooking('auto', dated(2000, 1_000_000), before(2000, 2e9))).toBe(true);
});

it('does not hesitate over a large directory in which little is new', () => {
  const files = Array.from({ length: 50_000 }, (_, index) => [`mail/${index}`, 10, OLD] as const);
  expect(worthLooking('auto', counted([...files, ['mail/new', 10, NEW]]), before(50_000, 500_000))).toBe(true);
});

it('counts what has come with old times too, in the largest directory, as it may be there', () => {
  const files = Array.from({ length: 8000 }, (_, index) => [`mail/${index}`, 10, OLD] as const);
  expect(worthLooking('auto', counted(files), before(8000, 80_000))).toBe(true);
  expect(worthLooking('auto', counted(files), before(4000, 40_000))).toBe(false);
});

it('obeys the settings whatever is counted', () => {
  const few = dated(5, 1e9);
  const many = dated(9000, 10);
  expect(worthLooking('never', few, undefined)).toBe(false);
  expect(worthLooking('always', many, undefined)).toBe(true);
});
