import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { basesOf } from '../../../src/run/attempt/broken-attempt.ts';
import { checkGuards } from '../../../src/run/source/guards.ts';
import { DeadlinePassed, interruptionOf, SignalReceived, unexpectedFailure } from '../../../src/run/failure.ts';
import {
  bandwidthLimitOf,
  connectionTimes,
  stallMsOf,
  unseenSince,
  verifyModeOf,
  wiresOf,
} from '../../../src/run/plan.ts';
import { inBasis, linkingProblem, writeOnlyFilter, type Pushed } from '../../../src/run/attempt/push.ts';
import { nextAttemptDelay } from '../../../src/run/attempt/attempts.ts';
import type { SourceSummary } from '../../../src/run/source/read-source.ts';
import type { PushList } from '../../../src/run/source/survey.ts';
import { OUTCOMES, type Outcome } from '../../../src/shared/outcome.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import type { JobState } from '../../../src/state/job-state.ts';
import fc from '../../support/properties.ts';

const now = new Date('2026-11-23T02:15:00Z');
const id = parseSnapshotId('2026-11-22T021500Z')!;
const HOUR = 3_600_000;

const EMPTY_LIST = { names: [], files: 0, bytes: 0, manifest: {} as PushList['manifest'] } satisfies PushList;

const summary: SourceSummary = {
  files: 7,
  bytes: 1000,
  view: { files: 7, directories: 1, symlinks: 0 },
  largestFile: 500,
  newest: new Date(now.getTime() - HOUR),
  futureFiles: 0,
  oldFiles: 0,
  candidates: [],
  fileSystems: { sent: [], leftOut: [] },
  notSent: { devices: 0, specials: 0, closer: undefined },
  dumps: [],
  names: { files: 0, bytes: 0, young: 0, youngBytes: 0, comparisons: 0, largestDirectory: 0 },
};
const guard = { maxAgeMs: 26 * HOUR, maxShrink: 0.5, allowEmpty: false };
const sealed = { id, started: '2026-11-22T02:15:00Z', finished: '2026-11-22T02:16:00Z', files: 7, bytes: 2000 };

describe('the guards', () => {
  it('let a fresh source of about the same size pass', () => {
    expect(checkGuards(summary, guard, null, now)).toEqual([]);
    expect(checkGuards(summary, guard, sealed, now)).toEqual([]); // exactly half is not more than half
  });

  it('object to what is empty, unless that is allowed', () => {
    expect(checkGuards({ ...summary, files: 0, bytes: 0, newest: undefined }, guard, sealed, now)).toHaveLength(1);
    expect(checkGuards({ ...summary, bytes: 0 }, guard, null, now)[0]).toMatch(/7 files, all of them empty \(/);
    const nothing = { ...summary, files: 0, bytes: 0, newest: undefined };
    expect(checkGuards(nothing, guard, null, now, true)[0]).toMatch(
      /holds no file, apart from what exclude leaves out/,
    );
    expect(checkGuards({ ...summary, bytes: 0 }, { ...guard, allowEmpty: true }, null, now)).toEqual([]);
    // Allowed to be empty is not allowed to lose everything it held.
    const emptied = checkGuards({ ...summary, bytes: 0 }, { ...guard, allowEmpty: true }, sealed, now);
    expect(emptied).toEqual([expect.stringMatching(/shrank by 100 %/)]);
  });

  it('object to age and shrinking at once, each with what was found and what was expected', () => {
    const objections = checkGuards(
      { ...summary, bytes: 999, newest: new Date(now.getTime() - 26 * HOUR - 1) },
      guard,
      sealed,
      now,
    );
    expect(objections).toHaveLength(2);
    expect(objections[0]).toMatch(/1 d 2 h old, more than guard\.max_age/);
    expect(objections[1]).toMatch(/shrank by 50 % .* more than guard\.max_shrink \(50 %\)/);
  });

  it('doubt the clock, and not the backup job, where files are dated in the future', () => {
    const old = { ...summary, newest: new Date(now.getTime() - 1106 * 24 * HOUR) };
    const objection = (futureFiles: number) => checkGuards({ ...old, futureFiles }, guard, null, now).join();
    expect(objection(0)).toMatch(/: did the local backup job run\?$/);
    expect(objection(2)).toMatch(
      /; 2 files are dated in the future and do not count: is the clock of this host right\?/,
    );
    expect(objection(1)).toContain(`1 file is dated in the future and does not count`);
    expect(objection(1)).toContain(`It shows ${now.toISOString()}`);
  });

  it('can be turned off, and know nothing of growth or a clock that is ahead', () => {
    const off = { maxAgeMs: undefined, maxShrink: undefined, allowEmpty: false };
    expect(checkGuards({ ...summary, bytes: 1, newest: new Date(0) }, off, sealed, now)).toEqual([]);
    expect(
      checkGuards({ ...summary, bytes: 1e12, newest: new Date(now.getTime() + HOUR) }, guard, sealed, now),
    ).toEqual([]);
  });

  it('do not divide by a snapshot without content', () => {
    expect(checkGuards(summary, guard, { ...sealed, bytes: 0 }, now)).toEqual([]);
  });
});

describe('the wait before the next attempt', () => {
  const names = Object.keys(OUTCOMES) as Outcome[];
  const retry = fc.record({
    attempts: fc.integer({ min: 1, max: 100 }),
    delayMs: fc.integer({ min: 0, max: 1e7 }),
    maxDelayMs: fc.integer({ min: 0, max: 1e8 }),
  });

  it('is at least half of the full delay and never more than it or the greatest', () => {
    fc.assert(
      fc.property(
        retry,
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (settings, made, random) => {
          const wait = nextAttemptDelay('connection-lost', made, settings, random);
          if (made >= settings.attempts) {
            expect(wait).toBeUndefined();
            return;
          }
          const full = Math.min(settings.maxDelayMs, settings.delayMs * 2 ** (made - 1));
          expect(wait).toBeLessThanOrEqual(Math.ceil(full));
          expect(wait).toBeGreaterThanOrEqual(Math.floor(full / 2));
        },
      ),
    );
  });

  it('is none for what does not pass by itself', () => {
    const settings = { attempts: 100, delayMs: 1, maxDelayMs: 1 };
    for (const name of names) {
      expect(nextAttemptDelay(name, 1, settings, 0) !== undefined, name).toBe(OUTCOMES[name].retried);
    }
  });
});

describe('what is linked to', () => {
  it('is the last sealed snapshot before a broken attempt (facts.md#order-of-bases)', () => {
    const broken = parseSnapshotId('2026-11-23T021500Z')!;
    const state: JobState = {
      version: 1,
      lastId: broken,
      sealed,
      broken: { id: broken, bytes: 5 },
      lastFullVerification: null,
      failing: null,
    };
    expect(basesOf(state)).toEqual([id, broken]);
    expect(basesOf({ ...state, sealed: null })).toEqual([broken]);
    expect(basesOf({ ...state, sealed: null, broken: null })).toEqual([]);
  });

  function pushed(figures: Partial<Pushed['figures']>, change: Partial<Pushed> = {}): Pushed {
    return {
      figures: { basis: id, copiedFiles: 0, ...figures } as Pushed['figures'],
      basisSeen: true,
      ...change,
    } as Pushed;
  }

  it('and was not is a warning; without a basis, or with nothing old, there is none', () => {
    expect(linkingProblem(pushed({ copiedFiles: 3 }), 10)).toMatch(
      /^3 unchanged files could not be linked to 2026-11-22/,
    );
    expect(linkingProblem(pushed({ copiedFiles: 1 }), 10)).toMatch(
      /^1 unchanged file could not be linked to 2026-11-22/,
    );
    expect(linkingProblem(pushed({}, { basisSeen: false }), 10)).toMatch(/^Nothing of the basis 2026-11-22/);
    expect(linkingProblem(pushed({}, { basisSeen: false }), 0)).toBeUndefined();
    expect(linkingProblem(pushed({}), 10)).toBeUndefined();
    expect(linkingProblem(pushed({ basis: null, copiedFiles: 3 }, { basisSeen: false }), 10)).toBeUndefined();
  });

  it('is not suspected where old files have new names, as far as a list of the basis tells', () => {
    const all = { ...EMPTY_LIST, files: 3 };
    const source = { files: 3, oldFiles: 3 };
    expect(inBasis({ ...source, survey: { list: all, gone: [], groups: undefined } })).toBe(0);
    expect(inBasis({ ...source, survey: { list: { ...all, files: 2 }, gone: [], groups: undefined } })).toBe(1);
    expect(inBasis({ ...source, survey: undefined })).toBe(3);
  });
});

it('the filter of what was sent names each file and the directories above it, as bytes, with wildcards as themselves', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'offsite-only-'));
  const path = join(directory, 'only');
  await writeOnlyFilter(path, [
    'a/b/c',
    'a/d',
    'star*?[x]',
    'plain\\back',
    'star*\\back',
    'bad\\#377',
    'new\\#012line',
  ]);
  const patterns = (await readFile(path, 'latin1')).split('\0').slice(0, -1);
  expect(patterns).toEqual([
    '/a/',
    '/a/b/',
    '/a/b/c',
    '/a/d',
    '/star\\*\\?\\[x]',
    '/plain\\back',
    '/star\\*\\\\back',
    '/bad\u00ff',
    '/new\nline',
  ]);
  await rm(directory, { recursive: true });
});

describe('an interruption', () => {
  it('is known by its reason', () => {
    expect(interruptionOf(AbortSignal.abort(new SignalReceived('SIGTERM')))).toEqual({
      outcome: 'interrupted',
      reason: 'ended by SIGTERM',
      signal: 'SIGTERM',
    });
    expect(interruptionOf(AbortSignal.abort(new DeadlinePassed('late')))).toEqual({
      outcome: 'deadline-exceeded',
      reason: 'late',
    });
    expect(interruptionOf(AbortSignal.abort())).toMatchObject({ outcome: 'internal-error' });
  });

  it('goes before whatever else was thrown', () => {
    const { signal } = new AbortController();
    const error = (code: string) => Object.assign(new Error(`${code}: it failed`), { code });
    expect(unexpectedFailure(error('EACCES'), AbortSignal.abort(new SignalReceived('SIGINT')))).toMatchObject({
      outcome: 'interrupted',
    });
    expect(unexpectedFailure(error('EACCES'), signal)).toMatchObject({ outcome: 'usage' });
    for (const full of ['ENOSPC', 'EDQUOT']) {
      expect(unexpectedFailure(error(full), signal)).toMatchObject({
        outcome: 'no-space-here',
        reason: expect.stringMatching(/cannot be written/) as string,
      });
    }
    expect(unexpectedFailure('a string', signal)).toMatchObject({ outcome: 'internal-error', reason: 'a string' });
  });
});

describe('the plan', () => {
  const { jobs, targets } = parseConfig(
    'c.yaml',
    `version: 1
targets:
  vault:
    host: { env: A }
    user: { env: B }
    identity: { file: /k }
    known_hosts: { file: /h }
    io_timeout: 1500ms
    connect_timeout: 100ms
    bandwidth_limit: 2MiB
jobs:
  pg:
    source: /data
    verify: { mode: changed, full_schedule: '0 0 * * 0' }
`,
  );
  const target = targets.get('vault')!;
  const job = jobs.get('pg')!;
  const state = { lastFullVerification: '2026-11-18T00:00:00.000Z' } as JobState;

  it('gives what compares by checksum the time to read everything, and rounds seconds up', () => {
    const { wire, verifyWire } = wiresOf(target, '/run/x', { ...summary, bytes: 80 * 1024 * 1024 });
    expect(wire).toMatchObject({ timeoutSeconds: 2, alias: 'vault', secondary: 'gate' });
    expect(verifyWire.timeoutSeconds).toBe(12);
    expect(wiresOf(target, '/run/x', { ...summary, bytes: 60e9 }).verifyWire.timeoutSeconds).toBeGreaterThan(6000);
    expect(wiresOf(target, '/run/x', { ...summary, bytes: 1e15 }).verifyWire.timeoutSeconds).toBe(999_999); // the gate reads six digits
    expect(connectionTimes(target).connect).toBe(1);
  });

  it('lets nothing stand still for longer than its limit, but for the time it takes to read everything for a checksum', () => {
    const { wire, verifyWire } = wiresOf(target, '/run/x', { ...summary, bytes: 80 * 1024 * 1024 });
    expect(wire.stallMs).toBe(900_000);
    expect(verifyWire.stallMs).toBe(910_000);
    expect(wiresOf(target, '/run/x', { ...summary, bytes: 60e9 }).verifyWire.stallMs).toBeGreaterThan(6_900_000);
    // Whoever lets rsync wait longer than that wants to wait.
    expect(stallMsOf({ ...target, ioTimeoutMs: 3_600_000 })).toBe(3_600_000);
  });

  it('looks at what was touched since the newest ctime that the last run saw, and at the latest since its start', () => {
    const started = Date.parse(sealed.started);
    expect(unseenSince(sealed, 50)).toBe(started - 50); // a state of before this was noted
    expect(unseenSince({ ...sealed, newestChangeMs: started - 3_600_000.25 }, 50)).toBe(started - 3_600_000.25);
    expect(unseenSince({ ...sealed, newestChangeMs: started + 1 }, 50)).toBe(started - 50); // touched during the run, or a clock is wrong
  });

  it('takes the stricter limit of bandwidth', () => {
    expect(bandwidthLimitOf(job, target)).toBe(2_097_152);
    expect(bandwidthLimitOf({ ...job, bandwidthLimit: 1024 }, target)).toBe(1024);
    expect(bandwidthLimitOf(job, { ...target, bandwidthLimit: undefined })).toBeUndefined();
  });

  it('reads everything when that is due, was never done, or is asked for', () => {
    expect(verifyModeOf(job, state, new Date('2026-11-20T02:15:00Z'))).toBe('changed');
    expect(verifyModeOf(job, state, new Date('2026-11-22T00:00:00Z'))).toBe('full'); // a Sunday
    expect(verifyModeOf(job, { ...state, lastFullVerification: null }, now)).toBe('full');
    expect(
      verifyModeOf({ ...job, verify: { ...job.verify, mode: 'full' } }, state, new Date('2026-11-20T00:00:00Z')),
    ).toBe('full');
  });
});
