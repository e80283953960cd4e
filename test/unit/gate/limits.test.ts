import { expect, test } from 'vitest';
import type { GateLimits } from '../../../remote-scripts/config/settings.ts';
import { overLimit, type PushFacts } from '../../../remote-scripts/gate/limits.ts';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';
import fc from '../../support/properties.ts';

const NOW = new Date('2026-11-23T02:15:00.900Z');
const MINUTE = 60_000;

const LIMITS: GateLimits = {
  clockSkewMs: 10 * MINUTE,
  minIntervalMs: MINUTE,
  attemptsPerDay: 3,
  minFreeSpace: 1024 ** 3,
  minFreeInodes: 10_000,
  maxSessionBytes: undefined,
  sessionLimitMs: 86_400_000,
  timeoutMs: 600_000,
  delta: true,
  fuzzy: true,
};

const FACTS: PushFacts = {
  id: snapshotIdOf(NOW),
  now: NOW,
  present: [],
  attempts: [],
  freeBytes: 2 * 1024 ** 3,
  freeInodes: 20_000,
};

const idAt = (offset: number) => snapshotIdOf(new Date(NOW.getTime() + offset));
const attemptAt = (offset: number) => ({ id: idAt(offset), time: new Date(NOW.getTime() + offset) });

test.each<[string, Partial<PushFacts>]>([
  ['a first push', {}],
  ['an id at the edge of the skew', { id: idAt(10 * MINUTE - 900) }],
  ['an id that is as old as the skew', { id: idAt(-10 * MINUTE) }],
  ['an id one second above the last', { present: [idAt(-1000)] }],
  ['an attempt after the interval', { attempts: [attemptAt(-MINUTE)] }],
  ['what was noted while the clock was wrong', { id: idAt(9 * MINUTE), attempts: [attemptAt(8 * MINUTE)] }],
  ['an id below one that was let in while the clock was wrong', { present: [idAt(86_400_000)] }],
  ['an id below an attempt of that time', { attempts: [attemptAt(86_400_000)] }],
  ['a file system that counts no inodes', { freeInodes: undefined }],
  ['attempts of yesterday', { attempts: [-25, -26, -27].map((hours) => attemptAt(hours * 60 * MINUTE)) }],
])('lets in %s', (_, facts) => {
  expect(overLimit({ ...FACTS, ...facts }, LIMITS)).toBeUndefined();
});

test.each<[string, Partial<PushFacts>, string]>([
  ['an id from the future', { id: idAt(11 * MINUTE) }, 'clock skew: 2026-11-23T022600Z is 10 min 59 s ahead of'],
  ['an id from the past', { id: idAt(-11 * MINUTE) }, 'behind this machine (allowed: 10 min)'],
  ['an id that exists', { present: [FACTS.id] }, 'exists already'],
  ['an id below one that exists', { present: [idAt(5000)] }, 'ids must increase'],
  ['an id below one that was tried', { attempts: [{ ...attemptAt(5000), time: NOW }] }, 'ids must increase'],
  ['the id of an attempt that is gone', { attempts: [attemptAt(0)] }, 'ids must increase'],
  ['an attempt too soon', { attempts: [attemptAt(-30_000)] }, 'too soon: the last attempt began 30 s ago'],
  ['an attempt too many', { attempts: [-2, -3, -4].map((h) => attemptAt(h * 60 * MINUTE)) }, 'too often: 3 attempts'],
  ['a full disk', { freeBytes: 1024 ** 2 }, 'no space: 1.00 MiB free (min_free_space: 1.00 GiB)'],
  ['a disk without inodes', { freeInodes: 9 }, 'no space: 9 inodes free'],
])('refuses %s', (_, facts, reason) => {
  expect(overLimit({ ...FACTS, ...facts }, LIMITS)).toContain(reason);
});

test('lets in only ids above every known one that can be right, and near the clock, whatever is known', () => {
  const offset = fc.integer({ min: -900_000, max: 900_000 });
  fc.assert(
    fc.property(offset, fc.array(offset), fc.array(offset), (id, present, attempts) => {
      const facts = { ...FACTS, id: idAt(id), present: present.map(idAt), attempts: attempts.map(attemptAt) };
      if (overLimit(facts, { ...LIMITS, minIntervalMs: 0, attemptsPerDay: 1000 }) !== undefined) return;
      for (const known of [...present, ...attempts].filter((offset) => offset < 10 * MINUTE)) {
        expect(idAt(id) > idAt(known)).toBe(true);
      }
      expect(Math.abs(id)).toBeLessThanOrEqual(10 * MINUTE + 1000);
    }),
  );
});
