import { expect, it } from 'vitest';
import { describeReadErrors, readErrorIn } from '../../../src/rsync/read-errors.ts';

it.each([
  [
    'rsync: [sender] read errors mapping "/srv/db.dump": Input/output error (5)',
    { name: '/srv/db.dump', reason: 'Input/output error' },
  ],
  [
    'rsync: [sender] read errors mapping "/srv/a": b": Stale file handle (116)',
    { name: '/srv/a": b', reason: 'Stale file handle' },
  ],
])('rsync tells of a file that it could not read: %s', (line, error) => {
  expect(readErrorIn(line)).toEqual(error);
});

it.each([
  // The file was cut short while it was read: the source is live, and no disk is at fault.
  'rsync: [sender] read errors mapping "/srv/db.dump": No data available (61)',
  // Somebody else's disk.
  'rsync: [receiver] read errors mapping "/srv/db.dump": Input/output error (5)',
  'rsync: [sender] send_files failed to open "/srv/db.dump": Permission denied (13)',
  'file has vanished: "/srv/db.dump"',
])('and not here: %s', (line) => {
  expect(readErrorIn(line)).toBeUndefined();
});

it('a failing disk is called one, and a lack of permission is not', () => {
  const failing = describeReadErrors([{ name: 'db\\#303\\#244.dump', reason: 'Input/output error' }]);
  expect(failing).toMatch(/^this host cannot read all of its own source: dbä\.dump: Input\/output error\. The disk/);
  const closed = describeReadErrors([{ name: 'db.dump', reason: 'Permission denied' }]);
  expect(closed).toBe('this host cannot read all of its own source: db.dump: Permission denied');
  const many = Array.from({ length: 8 }, (_, n) => ({ name: `f${n}`, reason: 'Permission denied' }));
  expect(describeReadErrors(many)).toMatch(/f4: Permission denied; and 3 more$/);
});
