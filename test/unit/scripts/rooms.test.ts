import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { objectionTo, roomOf, ROOMS } from '../../../scripts/rooms.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

describe('a room of the house', () => {
  it('has a row in the table, and each row has a room', () => {
    const files = ['src', 'remote-scripts'].flatMap((base) =>
      readdirSync(join(root, base), { recursive: true, encoding: 'utf8' }).map((path) => `${base}/${path}`),
    );
    const rooms = files.filter((path) => path.endsWith('.ts')).map((path) => roomOf(path));
    expect(Object.keys(ROOMS).sort()).toEqual([...new Set(rooms)].sort());
  });

  it.each([
    ['src/state/history.ts', '../run/attempt/push.ts', /src\/state may not import src\/run/],
    [
      'src/run/attempt/push.ts',
      '../../../remote-scripts/gate/request.ts',
      /src\/run may not import remote-scripts\/gate/,
    ],
    ['remote-scripts/gate/check/a.ts', '../../../src/ssh/connection.ts', /may not import src\/ssh/],
    ['remote-scripts/gate/request.ts', '../prune/plan.ts', /may not import remote-scripts\/prune/],
    ['src/shared/units.ts', 'node:fs/promises', /is pure/],
    ['src/rsync/exit.ts', 'child_process', /is pure/],
    ['src/rsync/exit.ts', '../platform/process.ts', /types only/],
    ['src/platform/files.ts', '../../test/support/until.ts', /may not import/],
    ['src/attic/new.ts', './old.ts', /has no row/],
  ])('%s is not entered from %s', (from, specifier, objection) => {
    expect(objectionTo(from, specifier, false)).toMatch(objection);
  });

  it.each([
    ['src/state/history.ts', '../shared/units.ts', false],
    ['src/state/history.ts', 'node:fs', false],
    ['src/rsync/exit.ts', '../platform/process.ts', true],
    ['src/rsync/exit.ts', './output.ts', false],
    ['test/unit/rsync/exit.test.ts', '../../../src/rsync/exit.ts', false],
  ])('%s may use %s', (from, specifier, typeOnly) => {
    expect(objectionTo(from, specifier, typeOnly)).toBeUndefined();
  });
});
