import { afterAll, beforeAll, expect, test } from 'vitest';
import { chooseSnapshot } from '../../../src/read/choose-snapshot.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';

const snapshot = (text: string, sealed = true) => ({ id: parseSnapshotId(text)!, sealed });
const SNAPSHOTS = [
  snapshot('2026-11-19T020000Z'),
  snapshot('2026-11-20T020000Z'),
  snapshot('2026-11-20T140000Z'),
  snapshot('2026-11-21T020000Z', false),
];

// The times that people type are those of their clock.
const before = process.env.TZ;
beforeAll(() => (process.env.TZ = 'Europe/Berlin'));
afterAll(() => {
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});

const chosen = (wanted: string, incomplete = false) => {
  const choice = chooseSnapshot(SNAPSHOTS, wanted, incomplete);
  return choice.kind === 'chosen' ? choice.snapshot.id : choice.reason;
};

test.each([
  ['latest', '2026-11-20T140000Z'],
  ['2026-11-19T020000Z', '2026-11-19T020000Z'],
  ['2026-11-20 03:00', '2026-11-20T020000Z'], // 02:00 UTC
  ['2026-11-20 02:59', '2026-11-19T020000Z'],
  ['2026-11-20T02:00Z', '2026-11-20T020000Z'],
  ['2026-11-20 15:00:00', '2026-11-20T140000Z'],
  ['2026-11-20', '2026-11-20T140000Z'],
  ['2026-11-19', '2026-11-19T020000Z'],
  ['2027-01-01', '2026-11-20T140000Z'],
])('%s means %s', (wanted, id) => {
  expect(chosen(wanted)).toBe(id);
});

test.each([
  ['2026-11-18', 'No snapshot is that old. The oldest is 2026-11-19T020000Z.'],
  ['2026-11-22T020000Z', 'There is no snapshot 2026-11-22T020000Z. The newest is 2026-11-20T140000Z.'],
  ['2026-11-21T020000Z', 'has no seal: it was never finished or verified. --incomplete takes it.'],
  ['yesterday', '"yesterday" names no snapshot.'],
  ['2026-02-30', 'names no snapshot'],
  ['2026-11-20 25:00', 'names no snapshot'],
])('%s means none: %s', (wanted, reason) => {
  expect(chosen(wanted)).toContain(reason);
});

test('takes an attempt without a seal by its id, if told to', () => {
  expect(chosen('2026-11-21T020000Z', true)).toBe('2026-11-21T020000Z');
  expect(chosen('latest', true)).toBe('2026-11-20T140000Z');
  expect(chooseSnapshot([], 'latest')).toEqual({ kind: 'none', reason: 'There is no sealed snapshot.' });
});
