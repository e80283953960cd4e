import { expect, it } from 'vitest';
import { viewOf } from '../../../../src/run/source/three-views.ts';

const SOURCE = { regularFiles: 7, directories: 2, symlinks: 3, specials: 2 };

it.each([
  [0, 3],
  [2, 3],
  [4, 1],
])(
  'of links that a session passes over, %i entries with devices and the like, it has dealt with %i',
  (skipped, links) => {
    expect(viewOf({ source: SOURCE, skippedSpecial: skipped })).toEqual({ files: 7, directories: 2, symlinks: links });
  },
);
