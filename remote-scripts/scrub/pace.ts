import type { Clock } from '../../src/platform/clock.ts';

/** Milliseconds of work after which signals and timers have their turn. */
const LONGEST_TURN = 50;

/** How a scrub paces itself. */
export interface PaceOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  /** Bytes that may be read in a second; default: no limit. */
  readonly rate?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Files are read by calls that wait, since that takes half the time of others. Therefore the work pauses by itself: for signals,
 * and so as not to read faster than it may.
 */
export class Pace {
  readonly #clock: PaceOptions['clock'];
  readonly #rate: number;
  readonly #signal: AbortSignal | undefined;
  #turn: number;
  /** Bytes since then. */
  #bytes = 0;

  constructor({ clock, rate = Infinity, signal }: PaceOptions) {
    this.#clock = clock;
    this.#rate = rate;
    this.#signal = signal;
    this.#turn = clock.monotonic();
  }

  /** Tells that so much has been read. */
  count(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Whether it is time for {@link pause}. */
  isDue(): boolean {
    return this.#bytes > this.#rate / 10 || this.#clock.monotonic() - this.#turn > LONGEST_TURN;
  }

  /** @throws the signal's reason when the work has to end */
  check(): void {
    this.#signal?.throwIfAborted();
  }

  /** Lets everything else have its turn, and waits where too much has been read. @throws the signal's reason when aborted */
  async pause(): Promise<void> {
    this.check();
    const ahead = (this.#bytes / this.#rate) * 1000 - (this.#clock.monotonic() - this.#turn);
    await this.#clock.sleep(Math.max(0, ahead), this.#signal);
    // What was not used is not saved up for later.
    this.#turn = this.#clock.monotonic();
    this.#bytes = 0;
  }
}
