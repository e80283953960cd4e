import { ReadError } from '../read/snapshot-source.ts';
import { fetchArguments, type ReadScope } from '../rsync/read-arguments.ts';
import type { StoredItem } from '../rsync/stored-item.ts';
import { interruptionOf, type Failure } from '../run/failure.ts';
import type { SnapshotId } from '../shared/snapshot-id.ts';
import { measure, type Extent } from './contents.ts';
import { abandon, openDestination, type Destination, type Standing } from './destination.ts';
import { OWN_PATTERNS, type RestoreNote } from './own-directory.ts';
import { checkRestored, type Proof } from './proof.ts';
import { readFrom, scopeOf, type ReadDeps, type Stored } from './reading.ts';

/** What is to be restored, and where to. */
export interface RestoreSpec extends Stored {
  /** How the snapshot was named on the command line. */
  readonly wanted: string;
  /** See parseNames; empty for everything. */
  readonly names: readonly Buffer[];
  readonly standing: Standing;
  /** The unfinished restore that goes on, if there is one. */
  readonly begun: RestoreNote | undefined;
  /** What has the same name there is replaced. */
  readonly overwrite: boolean;
  readonly dryRun: boolean;
}

/** The steps of a restore. */
export type RestoreStep = 'looking' | 'fetching' | 'comparing' | 'manifest';

/** How far one of them has come. */
export interface RestorePosition {
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** What a restore needs from outside. */
export interface RestoreDeps extends ReadDeps {
  readonly onStep: (step: RestoreStep) => void;
  readonly onProgress: (position: RestorePosition) => void;
}

/** An entry that a dry run would write. */
export interface Planned {
  /** As rsync writes it. */
  readonly name: string;
  /** Whether something of that name is there already. */
  readonly replaces: boolean;
}

/** How a restore has ended. */
export interface Restored {
  readonly snapshot: SnapshotId;
  readonly path: string;
  readonly resumed: boolean;
  readonly extent: Extent;
  /** Bytes on the wire. */
  readonly received: number;
  /** Why it ended early, or not everything could be fetched. */
  readonly failure: Failure | undefined;
  /** What rsync said of single entries. */
  readonly troubles: readonly string[];
  /** Undefined if it did not come to that. */
  readonly proof: Proof | undefined;
  /** In a dry run alone. */
  readonly planned: readonly Planned[];
}

/**
 * Restores a snapshot, or some names of it, and compares what has arrived with what is stored. What was fetched stays when it ends early, and
 * the same call goes on there.
 * @throws ReadError when nothing was begun: the message says why
 */
export async function restore(spec: RestoreSpec, deps: RestoreDeps): Promise<Restored> {
  const { source, snapshot, names, standing, begun } = spec;
  const scope = await scopeOf(spec, names, OWN_PATTERNS, deps);
  deps.onStep('looking');
  const extent = await measure(source, scope, names, deps);
  const base = { snapshot: snapshot.id, path: standing.path, resumed: begun !== undefined, extent };
  if (spec.dryRun) return { ...base, ...(await preview(spec, scope, deps)), proof: undefined };

  const destination = await openDestination(standing, noteOf(spec), begun, deps.runProcess);
  let complete = false;
  try {
    deps.onStep('fetching');
    const fetched = await fetch(spec, scope, extent, destination, deps);
    const { failure } = fetched;
    // What was written is proved even where something could not be: somebody needs it now.
    if (failure !== undefined && failure.outcome !== 'incomplete') return { ...base, ...fetched, proof: undefined };
    const proof = await checkRestored(spec, scope, extent, deps);
    if (deps.signal.aborted)
      return { ...base, ...fetched, failure: failure ?? interruptionOf(deps.signal), proof: undefined };
    complete = failure === undefined ? proof.failure === undefined : proof.comparison.grave === 0;
    return { ...base, ...fetched, failure: failure ?? proof.failure, proof };
  } finally {
    await destination.leave(complete);
    if (!complete) await abandon(standing);
  }
}

function noteOf({ job, wanted, snapshot, names }: RestoreSpec): Omit<RestoreNote, 'version' | 'before'> {
  return { job, wanted, snapshot: snapshot.id, names: names.map((name) => name.toString('latin1')) };
}

async function fetch(
  { source, overwrite }: RestoreSpec,
  scope: ReadScope,
  { files: totalFiles, bytes: totalBytes }: Extent,
  { path, partial, temporary }: Destination,
  deps: RestoreDeps,
) {
  let files = 0;
  const onItem = ({ kind }: StoredItem) => (files += kind === 'file' ? 1 : 0);
  const onProgress = (bytes: number) => deps.onProgress({ files, totalFiles, bytes, totalBytes });
  const args = fetchArguments(scope, path, { partial, temporary, checksum: overwrite, dryRun: false });
  const { failure, stats, troubles } = await readFrom(source, args, { onItem, onProgress }, deps);
  return { failure, troubles, received: stats.receivedBytes, planned: [] };
}

async function preview({ source, standing, overwrite }: RestoreSpec, scope: ReadScope, deps: ReadDeps) {
  const planned: Planned[] = [];
  const onItem = ({ name, isNew }: StoredItem) => void planned.push({ name, replaces: !isNew });
  const args = fetchArguments(scope, standing.path, {
    partial: undefined,
    temporary: undefined,
    checksum: overwrite,
    dryRun: true,
  });
  const { failure, troubles } = await readFrom(source, args, { onItem }, deps);
  if (failure !== undefined) throw new ReadError(failure);
  return { failure, troubles, received: 0, planned };
}
