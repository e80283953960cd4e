import { describe, expect, it } from 'vitest';
import { guaranteeOf, trialFindings } from '../../../src/commands/doctor/trial-findings.ts';
import { FORBIDDEN, type Trial } from '../../../src/run/trials.ts';
import { IDENTITY_LINE } from '../../../src/shared/gate-words.ts';
import { version } from '../../../src/shared/version.ts';

const all = Object.keys(FORBIDDEN) as Trial['what'][];
const trials = (change: Partial<Record<Trial['what'], Partial<Trial>>> = {}): Trial[] =>
  all.map((what) => ({ what, result: 'refused', text: 'no', ...change[what] }));
const textOf = (some: readonly Trial[], secondary: 'gate' | 'rrsync' = 'gate') =>
  trialFindings(some, secondary)
    .map(({ kind, text }) => `${kind}: ${text}`)
    .join('\n');

describe('what the trials of doctor say', () => {
  it('append-only is enforced where all of it was refused', () => {
    expect(guaranteeOf(trials())).toBe('enforced');
    expect(textOf(trials())).toContain('good: append-only: enforced');
  });

  it('append-only is not enforced where one change was let in, which is a fault of a gate alone', () => {
    const some = trials({ modes: { result: 'allowed' } });
    expect(guaranteeOf(some)).toBe('not-enforced');
    expect(textOf(some)).toContain('bad: NOT refused: changing a mode');
    expect(textOf(some)).toContain('bad: append-only: NOT enforced, though the gate answers');
    expect(textOf(some, 'rrsync')).toContain('note: append-only: NOT enforced: plain rrsync');
  });

  it('a shell is a fault of any secondary', () => {
    expect(textOf(trials({ shell: { result: 'allowed' } }), 'rrsync')).toContain(
      'bad: NOT refused: a command of its own',
    );
  });

  it('nothing is known where not everything could be tried, or nothing was', () => {
    expect(guaranteeOf(trials({ deleting: { result: 'untried' } }))).toBe('unknown');
    expect(guaranteeOf([])).toBe('unknown');
    expect(trialFindings([], 'gate')).toEqual([]);
  });

  it.each([
    [version, 4000, 'good: the clocks of both hosts agree'],
    [version, -90_000, 'note: the clock of the secondary is 1 min 30 s behind the one here'],
    ['0.0.1', 0, 'note: offsite-gate 0.0.1 there'],
  ])('the gate is %s and %i ms ahead', (there, aheadMs, says) => {
    expect(textOf(trials({ shell: { gate: { version: there, aheadMs } } }))).toContain(says);
  });
});

it('a gate says who it is in a line that is read again, and nothing else is taken for it', () => {
  const identity = { version: '1.2.3', time: new Date('2026-11-23T02:15:00.123Z') };
  expect(IDENTITY_LINE.read(`first\n${IDENTITY_LINE.write(identity)}\n`)).toEqual(identity);
  expect(IDENTITY_LINE.read('offsite-gate: version 1 2, yesterday')).toBeUndefined();
});
