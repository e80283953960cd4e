const DAY = 86_400_000;

/** Days of which the free space is remembered. */
const REMEMBERED_DAYS = 120;

/** Days from which it is concluded how fast a disk fills. */
const LOOKED_AT_DAYS = 28;

/** Days that two samples must be apart to say anything: what a week does may differ from day to day. */
const LEAST_APART = 7;

/** Days beyond which nobody can tell. */
const FARTHEST = 3650;

/** What is free on the file system of a host. */
export interface FreeSpace {
  readonly freeBytes: number;
  /** Undefined on file systems that do not count them. */
  readonly freeInodes: number | undefined;
}

/** What is free and what there is. */
export interface Space extends FreeSpace {
  readonly totalBytes: number;
}

/** The least that was free on each day, by UTC day, as days since the epoch. */
export type SpaceDays = ReadonlyMap<number, FreeSpace>;

/** When nothing more will be let in. */
export interface Forecast {
  readonly days: number;
  /** What will be used up first. */
  readonly what: 'space' | 'inodes';
}

/** Adds a sample. Pure. */
export function learnSpace(before: SpaceDays, { freeBytes, freeInodes }: FreeSpace, at: Date): SpaceDays {
  const today = dayOf(at);
  const known = before.get(today);
  return new Map([
    ...[...before].filter(([day]) => day > today - REMEMBERED_DAYS && day < today),
    [
      today,
      {
        freeBytes: Math.min(freeBytes, known?.freeBytes ?? Infinity),
        freeInodes: freeInodes === undefined ? undefined : Math.min(freeInodes, known?.freeInodes ?? Infinity),
      },
    ],
  ]);
}

/**
 * How many days it takes until the gate lets no push begin, if things go on as in the last four weeks. Pure.
 * @param least what the gate requires to be free
 * @returns undefined if too little is known, or nothing will be used up within ten years
 */
export function forecast(
  days: SpaceDays,
  now: FreeSpace,
  at: Date,
  least: { readonly bytes: number; readonly inodes: number },
): Forecast | undefined {
  const recent = [...days].filter(([day]) => day > dayOf(at) - LOOKED_AT_DAYS && day <= dayOf(at));
  const inodes = recent.flatMap(([day, { freeInodes }]) =>
    freeInodes === undefined ? [] : [[day, freeInodes] as const],
  );
  const found = [
    {
      what: 'space',
      days: daysUntil(
        recent.map(([day, { freeBytes }]) => [day, freeBytes]),
        now.freeBytes - least.bytes,
      ),
    },
    { what: 'inodes', days: daysUntil(inodes, (now.freeInodes ?? Infinity) - least.inodes) },
  ] as const;
  const [first] = found.filter((each): each is Forecast => each.days <= FARTHEST).sort((a, b) => a.days - b.days);
  return first;
}

// The median of all slopes is not led astray by one large removal or one large push (Theil and Sen).
function daysUntil(samples: readonly (readonly [day: number, free: number])[], left: number): number {
  const slopes = samples.flatMap(([day, free]) =>
    samples.filter(([later]) => later - day >= LEAST_APART).map(([later, then]) => (then - free) / (later - day)),
  );
  if (slopes.length === 0) return Infinity;
  const slope = slopes.sort((a, b) => a - b)[Math.floor((slopes.length - 1) / 2)] ?? 0;
  return slope >= 0 ? Infinity : Math.max(0, left) / -slope;
}

function dayOf(time: Date): number {
  return Math.floor(time.getTime() / DAY);
}
