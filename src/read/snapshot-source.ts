import type { Failure } from '../run/failure.ts';
import type { ListedJob, ListedSnapshot } from '../shared/store-listing.ts';

/**
 * A place from which stored snapshots can be read: a secondary through its read key (open-secondary.ts), or a directory, such as that of a
 * disk that was carried over.
 *
 * To read a tree, start rsync with `options`, options of your own that concern the receiving side alone (`--dry-run`, `--checksum`,
 * `--sparse`, `--partial`, `--delete`, `--out-format`, `--no-owner`, filters), `place(…)`, and where it is to go; in `environment`. rsync
 * follows no link out of the snapshot. Single files are chosen by filters (`--include-from`, `--exclude=*`), which may name any file, or by
 * the path of `place`, where the gate takes letters, digits and `._=%+,@:~-` alone.
 *
 * `options` has a `--timeout` for ordinary reading. With `--checksum` the other side says nothing while it reads its files, so give a longer
 * one behind them, and a longer `stallMs`.
 *
 * The snapshot is not locked. If prune removes it meanwhile, rsync ends with 23 or 24 (files have vanished); a pin keeps it.
 */
export interface SnapshotSource {
  /** For messages: `target vault`, or the path of a directory. */
  readonly name: string;
  /** Which kinds of metadata can be read: with `plain` there are no owners and no ACLs. */
  readonly metadata: 'fake_super' | 'plain';
  /** What lies there: the jobs asked for, their snapshots oldest first. It was read once, when the source was opened. */
  readonly jobs: readonly ListedJob[];
  /** rsync's options that belong to this source. */
  readonly options: readonly string[];
  /** The whole environment of that rsync. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds without progress after which a session counts as dead (`stallMs` of a process). */
  readonly stallMs: number;
  /**
   * rsync's source operand.
   * @param path below the snapshot, with a slash behind it if the content of a directory is meant; default: all of the snapshot
   */
  place(job: string, snapshot: Pick<ListedSnapshot, 'id' | 'sealed'>, path?: string): string;
  /** rsync's source operand of the manifest, the SHA-256 of every file as sha256sum writes it; undefined where there is none. */
  manifest(job: string, snapshot: Pick<ListedSnapshot, 'id' | 'manifest'>): string | undefined;
  /** Ends the connection, and removes what was needed for it. Safe to call twice. */
  close(): Promise<void>;
}

/** A source cannot be opened or read. The message says why; `failure` has the outcome, and what to do. */
export class ReadError extends Error {
  override readonly name = 'ReadError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.reason);
    this.failure = failure;
  }
}
