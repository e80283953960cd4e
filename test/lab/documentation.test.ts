import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockWith, documentedBlocks } from './support/documented.ts';
import { startNewcomerLab, type NewcomerLab } from './support/newcomer-lab.ts';
import { take, type Step } from './support/walk.ts';
import { GATE_WALK, RRSYNC_WALK } from './support/walks.ts';

// Every fenced block of README.md, docs/restore.md and docs/operations.md, typed in the order of the pages by somebody who has two machines
// with systemd, sshd and a line between them, and knows nothing else. test/unit/docs/blocks.test.ts sees that none is left out.

const blocks = documentedBlocks();
const stepsOf = (walk: readonly Step[]) => walk.map((step) => ({ step, ...blockWith(step.block, blocks) }));

describe.each([
  ['a plain rrsync', RRSYNC_WALK],
  ['the gate', GATE_WALK],
] as const)('the pages, with %s', (_, walk) => {
  let lab: NewcomerLab;
  let stop = () => Promise.resolve();
  let broken = '';
  beforeAll(async () => {
    lab = await startNewcomerLab();
    stop = () => lab.stop();
  });
  afterAll(() => stop());

  it.each(stepsOf(walk))('$page:$line works as written on the $step.on: $step.block', async ({ step, ...block }) => {
    expect(broken, 'a block before this one did not work').toBe('');
    broken = `${block.page}:${block.line}`;
    const typed = take(step, block, lab);
    const { failed, output } = typed;
    const expected = step.failing ?? [];
    expect(failed, output).toHaveLength(expected.length);
    failed.forEach((command, index) => expect(command).toMatch(expected[index] ?? /never/));
    await step.after?.(lab, typed);
    broken = '';
  });

  if (walk === RRSYNC_WALK) {
    it('a secondary that becomes a primary as well still lets its own primary in', () => {
      for (const step of walk.filter(({ on }) => on === 'primary').slice(0, -1)) {
        const { block, put } = step;
        const there: Step = {
          block,
          on: 'secondary',
          ...(put && { put: (at: NewcomerLab, text: string) => put(turned(at), text) }),
        };
        expect(take(there, blockWith(step.block, blocks), lab).failed).toEqual([]);
      }
      lab.primary.must('offsite-rsync', 'run', 'postgres');
    });
  }
});

/** The same two machines the other way round. */
function turned(lab: NewcomerLab): NewcomerLab {
  return { ...lab, primary: lab.secondary, secondary: lab.primary };
}
