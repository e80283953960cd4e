import { expect, it } from 'vitest';
import { exitCodeOf, OUTCOMES, type Outcome } from '../../../src/shared/outcome.ts';

const names = Object.keys(OUTCOMES) as Outcome[];

it('every outcome has a code of its own, and says what happened and what to do', () => {
  expect(new Set(names.map((name) => OUTCOMES[name].code)).size).toBe(names.length);
  for (const name of names) {
    expect(OUTCOMES[name].title).not.toBe('');
    expect(OUTCOMES[name].advice).toMatch(/\S{3,}/);
    expect(OUTCOMES[name].code).toBeLessThanOrEqual(128);
  }
});

it('no advice takes what has ended for a run: verify and doctor give the same', () => {
  for (const name of names) expect(OUTCOMES[name].advice).not.toMatch(/where this one|this run/);
});

it('only what may pass by itself is tried again', () => {
  expect(names.filter((name) => OUTCOMES[name].retried)).toEqual([
    'could-not-connect',
    'connection-lost',
    'incomplete',
  ]);
});

it('only what is done exits with 0', () => {
  expect(names.filter((name) => exitCodeOf(name) === 0)).toEqual(['done']);
});

it('a signal exits with 128 and its number, as a shell would say', () => {
  expect(exitCodeOf('interrupted', 'SIGHUP')).toBe(129);
  expect(exitCodeOf('interrupted', 'SIGINT')).toBe(130);
  expect(exitCodeOf('interrupted', 'SIGTERM')).toBe(143);
  expect(exitCodeOf('connection-lost', 'SIGTERM')).toBe(12);
});
