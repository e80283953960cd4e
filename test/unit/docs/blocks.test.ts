import { describe, expect, it } from 'vitest';
import { blockWith, documentedBlocks } from '../../lab/support/documented.ts';
import { GATE_WALK, NOT_TYPED, RRSYNC_WALK } from '../../lab/support/walks.ts';

const blocks = documentedBlocks();
const placesOf = (walk: readonly { block: string }[]) =>
  walk.map(({ block }) => blocks.indexOf(blockWith(block, blocks)));

describe('the fenced blocks of README.md, docs/restore.md and docs/operations.md', () => {
  it('are each typed by a test in test/lab/documentation, or stand among those that are not, with the reason', () => {
    const known = new Set([...placesOf(RRSYNC_WALK), ...placesOf(GATE_WALK), ...placesOf(unTyped())]);
    const unknown = blocks.filter((_, place) => !known.has(place));
    expect(unknown.map(({ page, line, text }) => `${page}:${line}: ${text}`)).toEqual([]);
    for (const place of placesOf(unTyped())) expect(placesOf([...RRSYNC_WALK, ...GATE_WALK])).not.toContain(place);
  });

  it.each([
    ['rrsync', RRSYNC_WALK],
    ['gate', GATE_WALK],
  ])('are typed in the order of the pages (%s)', (_, walk) => {
    const places = placesOf(walk);
    expect(places).toEqual([...new Set(places)].sort((one, other) => one - other));
  });
});

function unTyped(): { block: string }[] {
  return Object.keys(NOT_TYPED).map((block) => ({ block }));
}
