import { createRandom } from '../../../support/seed.ts';
import { openLane, type Lane } from './lane.ts';
import { play, type Played } from './play.ts';
import type { Fault } from './table.ts';

/** Which runs are played, on which lanes. */
export interface Series {
  readonly seed: number;
  /** The kinds of the lanes; as many play at once. */
  readonly lanes: readonly Lane['kind'][];
  /** What befalls the runs of a kind of lane, by turns. */
  readonly faults: (kind: Lane['kind']) => readonly Fault[];
  /** Runs, on all lanes together. */
  readonly runs: number;
  /** Runs that follow upon each other; the next ones begin with one snapshot again. */
  readonly group: number;
  /** Plays only the run of this number, after those from which it goes on. */
  readonly only?: number | undefined;
}

/** Plays runs until all are played. What was found is told at once. */
export async function playSeries(series: Series): Promise<Played[]> {
  const { lanes, runs, group: size, only } = series;
  const kinds = [...new Set(lanes)];
  const kindOf = (group: number) => kinds[group % kinds.length];
  const groups = Array.from({ length: Math.ceil(runs / size) }, (_, group) => group).filter(
    (group) => only === undefined || group === Math.floor(only / size),
  );
  const played: Played[] = [];
  const work = async (kind: Lane['kind']) => {
    let lane: Lane | undefined;
    try {
      for (;;) {
        const index = groups.findIndex((group) => kindOf(group) === kind);
        const [group] = index === -1 ? [] : groups.splice(index, 1);
        if (group === undefined) return;
        lane ??= await openLane(kind);
        lane.reset();
        const last = Math.min((group + 1) * size, runs, (only ?? runs) + 1);
        for (let number = group * size; number < last; number += 1) {
          const fault = faultOf(series, kinds.length, kind, number);
          const run = await play(lane, fault, number, chanceOf(series, number)).catch((error: unknown) =>
            unplayed(number, fault, error),
          );
          played.push(run);
          tell(series, run);
        }
      }
    } finally {
      await lane?.stop();
    }
  };
  // All of them: one that fails must not leave the disks of the others mounted.
  const ends = await Promise.allSettled(lanes.map(work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return played.sort((a, b) => a.number - b.number);
}

/** A run that could not be judged. */
function unplayed(number: number, { name }: Fault, error: unknown): Played {
  const log = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const moment = { phase: 'time', delay: 0 } as const;
  return { number, fault: name, moment, met: false, outcome: 'unknown', objections: [log.split('\n')[0] ?? ''], log };
}

function chanceOf({ seed }: Series, number: number): () => number {
  const random = createRandom(seed + number * 7919);
  random();
  return random;
}

/** Each fault of a kind of lane once, in an order of the seed, before any of them again. */
function faultOf({ seed, faults, group }: Series, kinds: number, kind: Lane['kind'], number: number): Fault {
  const all = faults(kind);
  const turn = Math.floor(number / group / kinds) * group + (number % group);
  const random = createRandom(seed + Math.floor(turn / all.length));
  const order = all.map((fault) => ({ fault, at: random() })).sort((a, b) => a.at - b.at);
  const { fault } = order[turn % all.length] ?? {};
  if (fault === undefined) throw new Error(`There is no fault for ${kind}.`);
  return fault;
}

/** What has to be known of a run that failed. */
function tell({ seed }: Series, { number, fault, moment, met, outcome, objections, log }: Played): void {
  if (objections.length === 0) return;
  const head = `run ${number} of seed ${seed}: ${fault}, ${moment.delay} ms into ${moment.phase}${met ? '' : ' (too late)'}: ${outcome}`;
  process.stderr.write(
    `\n${head}\n${objections.map((what) => `  ! ${what}\n`).join('')}${log.replace(/^/gm, '    ')}\n`,
  );
}

/** How a series went, for people: how many faults met something, by kind of fault, and how the runs ended. */
export function summaryOf(played: readonly Played[]): string {
  const count = (words: readonly string[]) =>
    [...new Set(words)]
      .sort()
      .map((word) => `${word} ${words.filter((one) => one === word).length}`)
      .join(', ');
  const late = played.filter(({ met }) => !met);
  return [
    `${played.length} runs; the fault came too late in ${late.length} (${Math.round((100 * late.length) / played.length)} %)`,
    `faults that met something: ${count(played.filter(({ met }) => met).map(({ fault }) => fault.replace(/:.*/, '')))}`,
    `too late: ${count(late.map(({ fault }) => fault.replace(/:.*/, '')))}`,
    `outcomes: ${count(played.map(({ outcome }) => outcome))}`,
    '',
  ].join('\n');
}
