import type { Report } from '../report.ts';
import type { Bench } from '../secondary.ts';

/** The options of the command line. */
export interface Sizes {
  readonly files: number;
  readonly bytes: number;
  readonly quick: boolean;
  /** How often each thing is measured; the median counts. */
  readonly repeats: number;
  /** The same for `run`. A single round varies by as much as its budget allows, so its median needs more of them. */
  readonly runRepeats: number;
}

/** What a section needs. */
export interface Scene {
  readonly bench: Bench;
  readonly sizes: Sizes;
  readonly report: Report;
  /** Reports progress on standard error. */
  readonly say: (text: string) => void;
}

/** One part of the benchmark. */
export type Section = (scene: Scene) => Promise<void>;
