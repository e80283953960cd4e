import { errorMessage } from '../../src/platform/files.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { readManifestRecord } from '../store/manifest-records.ts';
import { writeScrubState, type ScrubState } from '../store/scrub-state.ts';
import type { Findings } from './findings.ts';
import { sealedSnapshots, type ScrubbedJob, type ScrubDeps } from './job.ts';
import { newsOf, type Notice, type Standing } from './news.ts';

/** Milliseconds between two saves: short at first, so that even a scrub that is killed all the time comes to an end. */
const FIRST_SAVE = 200;
const SAVE_EVERY = 15_000;

/** Milliseconds between two alerts of one run. */
const TELL_EVERY = 3_600_000;

/** What is written down while a job is scrubbed: what was found first, then how far it has come. */
export class Notebook {
  /** Why something could not be written; undefined when everything was. */
  failure: string | undefined;
  state: ScrubState;
  late: string | undefined;
  readonly findings: Findings;
  readonly #host: string;
  readonly #job: ScrubbedJob;
  readonly #deps: Pick<ScrubDeps, 'clock' | 'log'>;
  readonly #tell: (notice: Notice) => Promise<void>;
  #interval = FIRST_SAVE;
  #saved: number;
  #told: number | undefined;

  /** @param tell tells people; never throws */
  constructor(
    { host, job, state, findings }: { host: string; job: ScrubbedJob; state: ScrubState; findings: Findings },
    deps: Pick<ScrubDeps, 'clock' | 'log'>,
    tell: (notice: Notice) => Promise<void>,
  ) {
    this.#host = host;
    this.#job = job;
    this.state = state;
    this.findings = findings;
    this.#deps = deps;
    this.#tell = tell;
    this.#saved = deps.clock.monotonic();
  }

  isDue(): boolean {
    return this.#deps.clock.monotonic() - this.#saved > this.#interval;
  }

  /**
   * Writes everything down; what cannot be written is remembered as {@link failure}.
   * @param tell whether people are told what is new; default: now and then
   */
  async save(tell?: 'tell' | 'quietly'): Promise<void> {
    const sealed = await sealedSnapshots(this.#job);
    await this.#write(() => this.findings.save(new Set(sealed)));
    await this.#write(() => writeScrubState(this.#job.paths, this.state));
    const { monotonic } = this.#deps.clock;
    const isTime = this.#told === undefined || monotonic() - this.#told > TELL_EVERY;
    if (tell === 'tell' || (tell === undefined && isTime)) await this.#tellNews(sealed);
    this.#interval = Math.min(SAVE_EVERY, this.#interval * 2);
    this.#saved = monotonic();
  }

  async #write(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.failure ??= errorMessage(error);
    }
  }

  async #tellNews(sealed: readonly SnapshotId[]): Promise<void> {
    const standing = await this.#standing(sealed);
    const { notices, marks } = newsOf(standing, this.state.told);
    // What is no longer so is forgotten, so that people are told when it comes back.
    if (notices.length === 0 && marks.length === this.state.told.length) return;
    for (const notice of notices) await this.#tell(notice);
    if (notices.length > 0) this.#told = this.#deps.clock.monotonic();
    // Written after the alerts: dying in between repeats an alert. The other way round, it would lose one.
    this.state = { ...this.state, told: marks };
    await this.#write(() => writeScrubState(this.#job.paths, this.state));
  }

  async #standing(sealed: readonly SnapshotId[]): Promise<Standing> {
    const remade = new Map<SnapshotId, { madeAt: string; replaces: string }>();
    for (const id of sealed) {
      const record = await readManifestRecord(this.#job.paths, id);
      if (record === undefined || record.replaces === null) continue;
      remade.set(id, { madeAt: record.madeAt, replaces: record.replaces });
    }
    return { host: this.#host, job: this.#job.name, damage: this.findings.damage, remade, late: this.late };
  }
}
