import { describe, expect, it } from 'vitest';
import { parseItem } from '../../../src/rsync/itemized.ts';
import { classifyDifference, describeDifference } from '../../../src/verify/difference.ts';
import { judgeComparison, summariseComparison } from '../../../src/verify/verification.ts';
import type { Comparison } from '../../../src/verify/comparison.ts';
import fc from '../../support/properties.ts';

const SINCE = Date.parse('2026-11-23T02:15:00Z');
const OLD = { lastChangeMs: SINCE - 86_400_000 };
const NEW = { lastChangeMs: SINCE + 60_000 };
const SEALED = '2026/11/20-10:00:00';
const item = (line: string, mtime = SEALED) =>
  parseItem(`@${line} ${line.startsWith('*') ? '' : `${mtime} `}x`, false)!;

describe('a difference', () => {
  it.each([
    // Under the same size and mtime it is corruption, whatever the source's times say.
    ['<fc........ 20', OLD, 'corruption'],
    ['<fc........ 20', NEW, 'corruption'],
    ['<fc..p..... 20', NEW, 'corruption'],
    // With another size or mtime the source tells.
    ['<fcst...... 20', OLD, 'corruption'],
    ['<fcst...... 20', NEW, 'drift'],
    ['<fc.t...... 20', NEW, 'drift'],
    ['<f.s....... 20', OLD, 'corruption'],
    ['<f+++++++++ 20', OLD, 'missing'],
    ['<f+++++++++ 20', NEW, 'drift'],
    ['cd+++++++++ 4096', OLD, 'missing'],
    ['.f....og... 20', OLD, 'metadata'],
    ['.f....og... 20', NEW, 'drift'],
    ['.f...p..a.. 20', OLD, 'metadata'],
    ['.d..t...... 4096', OLD, 'metadata'],
    ['cLc........ 9', OLD, 'corruption'],
    ['cLc........ 9', NEW, 'drift'],
    ['<fcst...... 20', undefined, 'drift'], // gone from the source by now
    ['*deleting  ', undefined, 'extra'],
    ['cD+++++++++ 0', OLD, undefined], // never stored
    ['cS+++++++++ 0', OLD, undefined],
    // A further name of a file that is a file of its own there; what else such a line says is not to be relied on.
    ['hf          20', OLD, 'unlinked'],
    ['hf          20', NEW, 'drift'],
    ['hf.st...... 20', OLD, 'unlinked'],
    ['hf...p..... 20', OLD, 'unlinked'],
    ['hL          3', OLD, 'unlinked'],
    ['hf+++++++++ 20', OLD, 'missing'],
  ] as const)('%j with source %j is %s', (line, source, kind) => {
    expect(classifyDifference(item(line), source, { since: SINCE })).toBe(kind);
  });

  it('in content under the same size and mtime is never called drift, whatever else differs and whenever', () => {
    const flags = fc.subarray(['p', 'o', 'g', 'u', 'a', 'x']);
    fc.assert(
      fc.property(flags, fc.integer({ min: -1e9, max: 1e9 }), (letters, offset) => {
        const line = `<fc${['.', '.', ...['p', 'o', 'g', 'u', 'a', 'x'].map((l) => (letters.includes(l) ? l : '.'))].join('')}`;
        expect(classifyDifference(item(`${line} 5`), { lastChangeMs: SINCE + offset }, { since: SINCE })).toBe(
          'corruption',
        );
      }),
    );
  });

  it.each([
    ['<fc........ 20', OLD, 'corruption'],
    ['<fc........ 20', NEW, 'unseen'],
    ['<fcst...... 20', NEW, 'drift'],
    ['<f.s....... 20', OLD, 'corruption'],
    ['.f....og... 20', OLD, 'metadata'],
  ] as const)('after a push, %j with source %j is %s', (line, source, kind) => {
    expect(classifyDifference(item(line), source, { since: SINCE, unseenSince: SINCE })).toBe(kind);
  });

  const held = (kind: string, size = 20) => ({ kind: 'held', entry: { kind, size, mtime: SEALED } }) as const;
  const LATER = '2026/11/24-10:00:00';

  it.each([
    // What the run sent and is not there was lost, however often the source was touched since.
    ['<f+++++++++ 20', SEALED, NEW, held('file'), 'missing'],
    ['<f+++++++++ 99', LATER, NEW, held('file'), 'missing'],
    ['cd+++++++++ 4096', LATER, NEW, held('directory'), 'missing'],
    ['<f+++++++++ 20', LATER, NEW, held('symlink'), 'drift'], // something else has that name by now
    // What it did not send is new, or was excluded then, however old it is.
    ['<f+++++++++ 20', SEALED, OLD, { kind: 'not-held' }, 'drift'],
    ['<f+++++++++ 20', LATER, NEW, { kind: 'not-held' }, 'drift'],
    // The source has still the size that was sent, so the stored side has another.
    ['<fcs....... 20', SEALED, NEW, held('file'), 'corruption'],
    ['<fcst...... 20', LATER, NEW, held('file'), 'corruption'],
    ['<fcst...... 20', LATER, NEW, held('file', 19), 'drift'],
    ['<fcst...... 20', LATER, OLD, held('file', 19), 'corruption'],
    // The same for its mtime.
    ['<fc.t...... 20', SEALED, NEW, held('file'), 'corruption'],
    ['<fc.t...... 20', LATER, NEW, held('file'), 'drift'],
    ['.f..t...... 20', SEALED, NEW, held('file'), 'metadata'],
    ['.d..t...... 4096', SEALED, NEW, held('directory'), 'metadata'],
    ['.f..t...... 20', LATER, NEW, held('file'), 'drift'],
    ['.f...p..... 20', SEALED, NEW, held('file'), 'drift'], // of its mode the run has kept nothing
    ['cLc........ 9', SEALED, NEW, held('symlink', 9), 'drift'],
  ] as const)('%j (source of %s, %j) beside what the run knew (%j) is %s', (line, mtime, source, known, kind) => {
    expect(classifyDifference(item(line, mtime), source, { since: SINCE }, known)).toBe(kind);
  });

  it('is told in words', () => {
    expect(describeDifference(item('<fcstpog..a 20'))).toMatch(/^content, size, mtime, mode, owner, group/);
    expect(describeDifference(item('cLc........ 9'))).toBe('target');
    expect(describeDifference(item('<f+++++++++ 9'))).toBe('not on the secondary');
    expect(describeDifference(item('*deleting  '))).toBe('only on the secondary');
    expect(describeDifference(item('hf.st...... 9'))).toBe('hard link');
  });
});

describe('a comparison', () => {
  const comparison = (counts: Partial<Comparison['counts']>, change: Partial<Comparison> = {}): Comparison => ({
    counts: {
      corruption: 0,
      missing: 0,
      metadata: 0,
      unlinked: 0,
      drift: 0,
      unseen: 0,
      extra: 0,
      clamped: 0,
      ...counts,
    },
    differences: [],
    snapshotMissing: false,
    unread: [],
    ...change,
  });

  it.each([
    [{}, 'fake_super', 'intact'],
    [{ drift: 3 }, 'fake_super', 'drift'],
    [{ extra: 1 }, 'fake_super', 'drift'],
    [{ unseen: 1 }, 'fake_super', 'drift'],
    [{ unseen: 1, corruption: 1 }, 'fake_super', 'corruption'],
    [{ corruption: 1, drift: 9 }, 'fake_super', 'corruption'],
    [{ missing: 1 }, 'plain', 'corruption'],
    [{ metadata: 1 }, 'fake_super', 'corruption'],
    [{ metadata: 1 }, 'plain', 'intact'],
    [{ unlinked: 1 }, 'fake_super', 'intact'],
  ] as const)('of %j with %s metadata is %s', (counts, metadata, verdict) => {
    expect(judgeComparison(comparison(counts), metadata)).toBe(verdict);
  });

  it('without the snapshot is corruption, however little else is said', () => {
    expect(judgeComparison(comparison({}, { snapshotMissing: true }), 'plain')).toBe('corruption');
    expect(summariseComparison(comparison({}, { snapshotMissing: true }))).toMatch(/nothing of this snapshot/);
  });

  it('is told by counts and the first names', () => {
    const differences = ['a', 'b', 'c', 'd'].map((name) => ({ kind: 'corruption' as const, name, what: 'content' }));
    expect(summariseComparison(comparison({ corruption: 4, drift: 2 }, { differences }))).toBe(
      '4 corrupt, 2 changed in the source since (a: content; b: content; c: content; …)',
    );
  });

  it('names what is corrupt before what has only changed', () => {
    const drift = ['a', 'b', 'c'].map((name) => ({ kind: 'drift' as const, name, what: 'size' }));
    const differences = [...drift, { kind: 'corruption' as const, name: 'dump.sql', what: 'content' }];
    expect(summariseComparison(comparison({ corruption: 1, drift: 3 }, { differences }))).toBe(
      '1 corrupt, 3 changed in the source since (dump.sql: content; a: size; b: size; …)',
    );
  });
});
