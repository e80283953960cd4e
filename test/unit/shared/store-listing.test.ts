import { expect, test } from 'vitest';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { formatListing, parseListing, type StoreListing } from '../../../src/shared/store-listing.ts';

const LISTING: StoreListing = {
  metadata: 'fake_super',
  jobs: [
    {
      ...{ job: 'db', omitted: 2, problems: ['the seal of x is unreadable'] },
      snapshots: [
        {
          ...{ id: parseSnapshotId('2026-11-23T021500Z')!, sealed: true, finished: '2026-11-23T02:16:00.000Z' },
          ...{ received: '2026-11-23T02:16:01.000Z', verification: 'full', files: 2, bytes: 20 },
          ...{ manifest: '2026-11-23T02:20:00.000Z', damaged: 0, pinned: { why: 'audit', until: '2027-03-31' } },
        },
        {
          ...{ id: parseSnapshotId('2026-11-24T021500Z')!, sealed: false, finished: null, received: null },
          ...{ verification: null, files: null, bytes: null, manifest: null, damaged: null, pinned: null },
        },
      ],
    },
    { job: 'files', omitted: 0, problems: [], snapshots: [] },
  ],
};
const lines = formatListing(LISTING).trimEnd().split('\n');

test('is read as it was written', () => {
  expect(parseListing(lines)).toEqual(LISTING);
});

test.each([
  ['cut off', lines.slice(0, -1)],
  ['empty', []],
  ['of another version', [lines[0]!.replace('"version":1', '"version":2'), ...lines.slice(1)]],
  ['with a line that is none', [...lines.slice(0, -1), '[]']],
  ['with a snapshot before any job', [lines[0]!, lines[2]!, lines[1]!, ...lines.slice(3)]],
  ['with an id that climbs', lines.map((line) => line.replace('2026-11-23T021500Z', '../../etc'))],
  ['with a job that climbs', lines.map((line) => line.replace('"job":"db"', '"job":"../db"'))],
])('is refused: %s', (_, text) => {
  expect(parseListing(text)).toBeUndefined();
});

test('what is of the wrong kind is unknown, and nothing moves the cursor', () => {
  const odd = lines.map((line) =>
    line.replace('"damaged":0', '"damaged":"no"').replace('"bytes":20', '"bytes":-1').replace('audit', '\\u001b[2Jx'),
  );
  expect(parseListing(odd)?.jobs[0]?.snapshots[0]).toMatchObject({
    damaged: null,
    bytes: null,
    pinned: { why: ' [2Jx' },
  });
});
