import type { Report } from '../report.ts';
import type { Bench } from '../secondary.ts';

/** What the command line asked for. */
export interface Sizes {
  readonly files: number;
  readonly bytes: number;
  readonly quick: boolean;
  /** How often each thing is measured; the median counts. */
  readonly repeats: number;
  /** The same for `run`: one round scatters by as much as its budget allows, so its median needs more of them. */
  readonly runRepeats: number;
}

/** What a section works with. */
export interface Scene {
  readonly bench: Bench;
  readonly sizes: Sizes;
  readonly report: Report;
  /** Says how far the benchmark is, on standard error. */
  readonly say: (text: string) => void;
}

/** One part of the benchmark. */
export type Section = (scene: Scene) => Promise<void>;
