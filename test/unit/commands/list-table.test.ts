import { stripVTControlCharacters } from 'node:util';
import width from 'string-width';
import { expect, test } from 'vitest';
import { describeJob, type ShownJob, type ShownSnapshot } from '../../../src/commands/list/list-table.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';

const snapshot = (id: string, change: Partial<ShownSnapshot> = {}): ShownSnapshot => ({
  ...{ id: parseSnapshotId(id)!, sealed: true, finished: null, received: null, verification: 'full' },
  ...{ files: 12_034, bytes: 123_456_789_012, manifest: null, damaged: 0, pinned: null, found: null },
  ...change,
});
const JOB: ShownJob = {
  ...{ job: 'postgres', target: 'vault', from: 'secondary', omitted: 3 },
  problems: ['it is not known which snapshots are pinned; see gate.log there'],
  snapshots: [
    snapshot('2026-11-20T020000Z', { damaged: 3, manifest: '2026-11-20T03:00:00Z', found: 'db.sql: content' }),
    snapshot('2026-11-21T020000Z', { pinned: { why: 'before the\nmigration', until: '2027-03-31' } }),
    snapshot('2026-11-22T020000Z', { sealed: false, files: null, bytes: null, verification: null, damaged: null }),
  ],
};
const shown = (columns?: number) => stripVTControlCharacters(describeJob(JOB, 'Europe/Berlin', columns)).split('\n');

test('shows time, size, files and how it was verified; what is worth knowing stands below', () => {
  expect(shown()).toEqual([
    'postgres → vault',
    '  snapshot            begun                size  files  verified',
    '  2026-11-20T020000Z  2026-11-20 03:00  115 GiB  12034  full, manifest',
    '    DAMAGED: 3 files',
    '    DAMAGED, says a verification from here: db.sql: content',
    '  2026-11-21T020000Z  2026-11-21 03:00  115 GiB  12034  full',
    '    pinned until 2027-03-31: before the migration',
    '  2026-11-22T020000Z  2026-11-22 03:00        –      –  –',
    '    not sealed',
    '  and 3 older ones',
    '  ! it is not known which snapshots are pinned; see gate.log there',
    '',
  ]);
});

test.each([80, 50])('fits %i columns, and has less on a narrow terminal', (columns) => {
  const [, head = '', ...rows] = shown(columns);
  for (const line of [head, ...rows.filter((row) => /^ {2}2026/.test(row))])
    expect(width(line)).toBeLessThanOrEqual(columns);
  expect(head.includes('begun')).toBe(columns === 80);
});

test('says that there is none', () => {
  const none = describeJob({ ...JOB, snapshots: [], omitted: 0, problems: [] }, 'UTC');
  expect(stripVTControlCharacters(none)).toBe('postgres → vault\n  no snapshot\n');
});
