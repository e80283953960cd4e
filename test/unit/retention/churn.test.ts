import { describe, expect, it } from 'vitest';
import { acceptOutliers, learnChurn, type Churn, type Measure } from '../../../remote-scripts/retention/churn.ts';
import { checkHolds } from '../../../remote-scripts/retention/holds.ts';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';
import { createRandom, tellSeed } from '../../support/seed.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const GIB = 2 ** 30;
const LIMIT = 0.4;

/** What a job sends at a time, in bytes. */
type Sent = Pick<Measure, 'total' | 'fresh'>;

/** A kind of job: what arrives at each of its times. State between the times is its own. */
interface Kind {
  /** Hours between two snapshots. */
  readonly every: number;
  readonly start: (random: () => number) => (day: Date) => Sent;
}

const between = (random: () => number, least: number, most: number) => least + random() * (most - least);

/** A tree of which some is rewritten and some is new each time. */
function tree(random: () => number, rewritten: () => number, grows: () => number, size = 100 * GIB) {
  let total = size * between(random, 0.1, 10);
  return (): Sent => {
    const fresh = total * rewritten();
    const added = total * grows();
    total += added;
    return { total, fresh: fresh + Math.max(0, added) };
  };
}

const fileServer = (random: () => number) =>
  tree(
    random,
    // Now and then somebody copies a few years of photographs over old ones, or empties a directory.
    () => (random() < 0.01 ? between(random, 0.03, 0.12) : between(random, 0.001, 0.03)),
    () => (random() < 0.01 ? between(random, -0.2, 0.2) : between(random, -0.001, 0.004)),
  );

const JOBS: Readonly<Record<string, Kind>> = {
  'a file server': { every: 24, start: fileServer },
  'a file server, hourly': {
    every: 1,
    start: (random) =>
      tree(
        random,
        () => between(random, 0, 0.01),
        () => between(random, 0, 0.0001),
      ),
  },
  'full dumps every day': {
    every: 24,
    start: (random) => {
      let size = GIB;
      return () => {
        size *= between(random, 0.97, 1.04);
        return { total: size, fresh: size };
      };
    },
  },
  'full dumps every day, of which a week is kept': {
    every: 24,
    start: (random) => {
      const kept: number[] = [];
      return () => {
        const fresh = GIB * between(random, 0.9, 1.1);
        kept.push(fresh);
        return { total: kept.slice(-7).reduce((sum, size) => sum + size, 0), fresh };
      };
    },
  },
  'a full dump a week, and what changed every day': {
    every: 24,
    start: (random) => {
      let parts: number[] = [];
      return (at) => {
        const isFull = at.getUTCDay() === 0 || parts.length === 0;
        const fresh = GIB * (isFull ? between(random, 0.9, 1.1) : between(random, 0.005, 0.05));
        parts = isFull ? [fresh] : [...parts, fresh];
        return { total: parts.reduce((sum, size) => sum + size, 0), fresh };
      };
    },
  },
  'full dumps once a week': {
    every: 168,
    start: (random) => () => {
      const size = GIB * between(random, 0.9, 1.1);
      return { total: size, fresh: size };
    },
  },
  'archives that rotate on the first of each month': {
    every: 24,
    start: (random) => {
      const daily = tree(
        random,
        () => between(random, 0.001, 0.02),
        () => between(random, 0, 0.01),
      );
      return (at) => {
        const { total, fresh } = daily();
        return { total, fresh: at.getUTCDate() === 1 ? total * between(random, 0.8, 1) : fresh };
      };
    },
  },
  'archives that rotate on the first Sunday of each month, hourly': {
    every: 1,
    start: (random) => {
      const hourly = tree(
        random,
        () => between(random, 0, 0.005),
        () => between(random, 0, 0.0002),
      );
      return (at) => {
        const { total, fresh } = hourly();
        const rotates = at.getUTCDay() === 0 && at.getUTCDate() <= 7 && at.getUTCHours() === 3;
        return { total, fresh: rotates ? total * between(random, 0.8, 1) : fresh };
      };
    },
  },
  'logs that are renamed every week': {
    every: 24,
    start: (random) => {
      const daily = tree(
        random,
        () => between(random, 0.01, 0.05),
        () => between(random, 0, 0.001),
      );
      return (at) => {
        const { total, fresh } = daily();
        return { total, fresh: at.getUTCDay() === 1 ? total * between(random, 0.9, 1) : fresh };
      };
    },
  },
  'a tree that grows, at times by half': {
    every: 24,
    start: (random) =>
      tree(
        random,
        () => between(random, 0, 0.01),
        () => (random() < 0.01 ? between(random, 0.1, 0.6) : between(random, 0, 0.003)),
        GIB,
      ),
  },
  'mailboxes and images of machines': {
    every: 24,
    start: (random) =>
      tree(
        random,
        () => between(random, 0.1, 0.35),
        () => between(random, 0, 0.001),
      ),
  },
  'documents that nobody touches': { every: 24, start: () => () => ({ total: GIB, fresh: 0 }) },
  'an empty directory': { every: 24, start: () => () => ({ total: 0, fresh: 0 }) },
};

function measureAt(time: number, sent: Sent): Measure {
  const received = new Date(time);
  return { id: snapshotIdOf(received), received, ...sent };
}

/** Plays a job for some days. */
function play(kind: Kind, days: number, random: () => number, start = START): { churn: Churn; time: number } {
  const send = kind.start(random);
  let churn: Churn | undefined;
  let time = start;
  for (; time < start + days * DAY; time += kind.every * 3_600_000) {
    churn = learnChurn(churn, measureAt(time, send(new Date(time))), LIMIT);
  }
  return { churn: churn!, time };
}

describe('what is usual for a job is nothing to hold', () => {
  const seed = tellSeed('years of jobs');
  it.each(Object.entries(JOBS))('%s', (name, kind) => {
    const random = createRandom(seed);
    // Hourly jobs take most of the time, and a year has everything that one of these does.
    const [years, rounds] = kind.every === 1 ? [1, 2] : [4, 8];
    for (let round = 0; round < rounds; round += 1) {
      // Each begins at another time of the week, the month and the year.
      const start = START + Math.floor(random() * 365) * DAY;
      const { churn } = play(kind, years * 365, random, start);
      const found = churn.outliers.map(({ id, share, usual }) => `${id}: ${share} where ${usual} is usual`);
      expect(found, `${name}, begun ${new Date(start).toISOString()}`).toEqual([]);
    }
  });
});

describe('a primary that is being encrypted', () => {
  const seed = tellSeed('encrypted primaries');
  const rounds = Array.from({ length: 25 }, (_, round) => round);

  /** A file server that has been watched for between two months and two years. */
  function watched(random: () => number) {
    const { churn, time } = play(JOBS['a file server']!, Math.floor(between(random, 45, 700)), random);
    const total = churn.totals.at(-1)!;
    return { churn, time, total };
  }

  it.each([
    ['in place', (total: number, share: number) => ({ total, fresh: total * share })],
    [
      'and gets a little larger',
      (total: number, share: number) => ({ total: total * 1.05, fresh: total * share * 1.1 }),
    ],
    ['and what is left is deleted', (total: number, share: number) => ({ total: total * share, fresh: total * share })],
  ])('is noticed from half of a file server on: %s', (_, encrypt) => {
    const random = createRandom(seed);
    for (const round of rounds) {
      const { churn, time, total } = watched(random);
      const share = between(random, 0.52, 1);
      const { outliers } = learnChurn(churn, measureAt(time, encrypt(total, share)), LIMIT);
      expect(outliers, `round ${round}`).toMatchObject([{ id: snapshotIdOf(new Date(time)) }]);
    }
  });

  it('is noticed behind a tiny snapshot that was pushed first', () => {
    const random = createRandom(seed);
    const { churn, time, total } = watched(random);
    const decoy = learnChurn(churn, measureAt(time, { total: 4096, fresh: 4096 }), LIMIT);
    const { outliers } = learnChurn(decoy, measureAt(time + DAY, { total, fresh: total }), LIMIT);
    expect(outliers).toHaveLength(1);
  });

  it('stays noticed when what follows is as usual, until somebody has released it', () => {
    const random = createRandom(seed);
    const { churn, time, total } = watched(random);
    let known = learnChurn(churn, measureAt(time, { total, fresh: total * 0.9 }), LIMIT);
    for (let day = 1; day < 100; day += 1) {
      known = learnChurn(known, measureAt(time + day * DAY, { total, fresh: total * 0.01 }), LIMIT);
    }
    expect(known.outliers).toHaveLength(1);
    expect(acceptOutliers(known, known.outliers).outliers).toEqual([]);
    expect(acceptOutliers(known, []).outliers).toHaveLength(1);
  });

  it('is noticed although such a thing was released once; the second time it counts as usual', () => {
    const random = createRandom(seed);
    const { churn, time, total } = watched(random);
    const again = (known: Churn, days: number) =>
      learnChurn(known, measureAt(time + days * DAY, { total, fresh: total * 0.9 }), LIMIT);
    const first = again(churn, 0);
    const second = again(acceptOutliers(first, first.outliers), 100);
    expect(second.outliers).toHaveLength(1);
    const third = again(acceptOutliers(second, second.outliers), 200);
    expect(third.outliers).toEqual([]);
  });

  it('is held as what was rewritten, what is usual and what is allowed', () => {
    const outlier = { id: snapshotIdOf(new Date(START)), received: new Date(START), share: 0.973, usual: 0.021 };
    const limits = { shrink: 0.5, maxRemovals: 50, maxExtra: 3, churn: 0.4 };
    const holds = (outliers: (typeof outlier)[], churn = 0.4) =>
      checkHolds([], { limits: { ...limits, churn }, now: new Date(START), outliers });
    expect(holds([outlier])).toEqual([
      {
        kind: 'churn',
        reason: `97% of what there was before ${outlier.id} was rewritten in it, where at most 2.1% is usual; 40% is allowed`,
      },
    ]);
    expect(holds([outlier, outlier])[0]?.reason).toMatch(/; and 1 later snapshot like it$/);
    expect(holds([outlier], 1)).toEqual([]);
    expect(holds([])).toEqual([]);
  });
});

it('nothing is unusual to a job that nobody has watched for six weeks', () => {
  const random = createRandom(1);
  for (const days of [1, 20, 41]) {
    const { churn, time } = play(JOBS['a file server']!, days, random);
    const total = churn.totals.at(-1)!;
    expect(learnChurn(churn, measureAt(time, { total, fresh: total }), LIMIT).outliers).toEqual([]);
  }
});
