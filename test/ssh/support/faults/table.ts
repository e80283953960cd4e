import type { Outcome } from '../../../../src/shared/outcome.ts';
import type { Lane } from './lane.ts';
import type { Random } from './source.ts';
import type { Stage } from './stage.ts';
import { CLOCKS } from './clocks.ts';
import { DISKS } from './disks.ts';
import { KILLS } from './kills.ts';
import { LINES } from './lines.ts';
import { MEMORIES } from './memories.ts';
import { SOURCES } from './sources.ts';
import { TWICE } from './twice.ts';

/** Something that goes wrong. */
export interface Fault {
  readonly name: string;
  /** Outcomes of the run that are honest, besides `done`. */
  readonly outcomes: readonly Outcome[];
  /** Where it can happen; default: everywhere. */
  readonly only?: Lane['kind'];
  /** What it needs that only root has, in words. */
  readonly needsRoot?: string;
  /** Whether the source is another one afterwards, so that what this run has sealed may be the one before. */
  readonly changesSource?: boolean;
  /** What is said of a run that it has made to fail. */
  readonly reason?: RegExp;
  /** Whether the gate may have forgotten which attempts it let in. */
  readonly spoilsLedger?: boolean;
  /** Whether the run may be unable to write down how it ended. */
  readonly forgets?: boolean;
  /** Chooses how exactly, before the run begins, and makes it happen when the moment has come. */
  plan(random: Random): Plan;
}

/** One fault, as chance has made it. */
export interface Plan {
  /** How exactly, for people. */
  readonly words: string;
  /** What is done before the run. */
  before?(lane: Lane): void;
  /** Makes it happen. @returns whether it met something, rather than came too late */
  hit(stage: Stage): Promise<boolean> | boolean;
  /** Ends it, after the run. What the program needs no help with is left as it is. */
  undo?(lane: Lane): Promise<void> | void;
  /** How other runs ended that were made meanwhile: each has a line and an alert of its own. */
  others?(): readonly Outcome[];
}

/** Everything that can go wrong. */
export const FAULT_KINDS = {
  kills: KILLS,
  lines: LINES,
  disks: DISKS,
  clocks: CLOCKS,
  sources: SOURCES,
  twice: TWICE,
  memories: MEMORIES,
} as const satisfies Record<string, readonly Fault[]>;

export type FaultKind = keyof typeof FAULT_KINDS;

/** What can befall a lane of this kind, as far as we may do it. */
export function faultsOf(kind: Lane['kind']): readonly Fault[] {
  const isRoot = process.getuid?.() === 0;
  return Object.values(FAULT_KINDS)
    .flat()
    .filter(({ only, needsRoot }) => (only ?? kind) === kind && (isRoot || needsRoot === undefined));
}
