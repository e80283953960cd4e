import { errorMessage } from '../../src/platform/files.ts';
import { decodeName, encodeName } from '../../src/rsync/itemized.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { readManifestRecord } from '../store/manifest-records.ts';
import type { ScrubCycle } from '../store/scrub-state.ts';
import { ContentCheck, type Amount, type Proven } from './check-content.ts';
import { checkNames } from './check-names.ts';
import { sealedSnapshots, type ScrubbedJob, type ScrubDeps } from './job.ts';
import { CHANGED, lockManifests, makeMissing, type MadeManifest } from './manifests.ts';
import type { Notebook } from './notebook.ts';
import { doneOf, namesDue, shareOf, type Share, type Wish } from './share.ts';

/** What is to be done in a job: a share of its cycle, or one snapshot, whole and beside the cycle. */
export type Task = { readonly wish: Wish; readonly every: number } | { readonly snapshot: SnapshotId };

/** What was done in a job. */
export interface Work extends Amount {
  readonly made: MadeManifest[];
  /** What could not be done, in words. */
  readonly failures: string[];
  /** Snapshots whose names were compared. */
  named: number;
  /** Whether the cycle has come to its end. */
  finished: boolean;
}

/**
 * Proves what a job has stored: makes the manifests that are missing, and reads what is due. Holds no lock of the job while it
 * reads, so that no push ever waits for it.
 * @throws the signal's reason when it has to end; everything is written down then
 */
export async function scrubJob(job: ScrubbedJob, task: Task, notebook: Notebook, deps: ScrubDeps): Promise<Work> {
  const work: Work = { made: [], failures: [], named: 0, files: 0, bytes: 0, finished: false };
  let ended: 'tell' | 'quietly' = 'quietly';
  try {
    await makeManifests(job, new Map(), notebook, work, deps);
    const snapshots = await provenSnapshots(job, work);
    const distrusted =
      'snapshot' in task
        ? await scrubSnapshot(job, snapshots, task.snapshot, notebook, work, deps)
        : await scrubShare(job, snapshots, task, notebook, work, deps);
    if (distrusted.size > 0) await makeManifests(job, distrusted, notebook, work, deps);
    ended = 'tell';
  } finally {
    notebook.state = { ...notebook.state, ranAt: deps.clock.now().toISOString() };
    await notebook.save(ended);
    if (notebook.failure !== undefined) work.failures.push(notebook.failure);
  }
  return work;
}

/** A disk that takes no manifest is no reason not to read what others are proven by. */
async function makeManifests(
  job: ScrubbedJob,
  distrusted: ReadonlyMap<SnapshotId, string>,
  { findings }: Notebook,
  work: Work,
  deps: ScrubDeps,
): Promise<void> {
  try {
    const lock = await lockManifests(job);
    if (lock === undefined) {
      deps.log('notice', `${job.name}: another process is making manifests; what is missing is left to it`);
      return;
    }
    try {
      for (const made of await makeMissing(job, deps, distrusted)) {
        work.made.push(made);
        for (const { name, inode } of made.unread.unreadable) {
          findings.judge(name, made.id, { kind: 'unreadable', inode, lastGood: null });
        }
      }
    } finally {
      await lock.release();
    }
  } catch (error) {
    deps.pace.check();
    work.failures.push(errorMessage(error));
  }
}

async function provenSnapshots(job: ScrubbedJob, work: Work): Promise<Proven[]> {
  const proven: Proven[] = [];
  for (const id of await sealedSnapshots(job)) {
    const record = await readManifestRecord(job.paths, id);
    if (record !== undefined) proven.push({ id, record });
    else if (work.failures.length === 0) work.failures.push(`${job.name}/${id} has no manifest`);
  }
  return proven;
}

type Distrusted = Map<SnapshotId, string>;

async function scrubSnapshot(
  job: ScrubbedJob,
  snapshots: readonly Proven[],
  id: SnapshotId,
  notebook: Notebook,
  work: Work,
  deps: ScrubDeps,
): Promise<Distrusted> {
  const only = snapshots.filter((snapshot) => snapshot.id === id);
  const distrusted: Distrusted = new Map();
  for (const { record } of only) {
    if ((await checkNames(job, id, record, notebook.findings, deps)) === 'manifest-damaged')
      distrusted.set(id, CHANGED);
    work.named += 1;
  }
  const check = new ContentCheck(job, only, undefined, notebook.state.last?.startedAt, notebook.findings, deps);
  try {
    for (let read = await check.next(); read !== undefined; read = await check.next()) {
      add(work, read);
      if (deps.pace.isDue()) await pause(check.done, `${job.name}: ${read.name}`, deps);
      if (notebook.isDue()) await notebook.save();
    }
  } finally {
    check.close();
  }
  for (const damaged of check.damagedManifests) distrusted.set(damaged, CHANGED);
  return distrusted;
}

async function scrubShare(
  job: ScrubbedJob,
  snapshots: readonly Proven[],
  { wish, every }: { readonly wish: Wish; readonly every: number },
  notebook: Notebook,
  work: Work,
  deps: ScrubDeps,
): Promise<Distrusted> {
  const share = shareOf(notebook.state, wish, every, deps.clock.now());
  if (share.wasSetBack) deps.log('notice', `${job.name}: the clock was set back; this cycle counts from now`);
  if (share.isBehind) notebook.late = share.cycle.startedAt;
  note(notebook, share.cycle);
  const distrusted: Distrusted = new Map();
  const due = snapshots.slice(0, namesDue(snapshots.length, share.until));
  await checkAllNames(job, due, distrusted, notebook, work, deps);
  const trusted = snapshots.filter(({ id }) => !distrusted.has(id));
  const damaged = await readShare(job, trusted, share, notebook, work, deps);
  for (const id of damaged) distrusted.set(id, CHANGED);
  if (!work.finished) return distrusted;
  await checkAllNames(job, snapshots, distrusted, notebook, work, deps);
  endCycle(notebook, wish, deps);
  return distrusted;
}

async function checkAllNames(
  job: ScrubbedJob,
  snapshots: readonly Proven[],
  distrusted: Distrusted,
  notebook: Notebook,
  work: Work,
  deps: ScrubDeps,
): Promise<void> {
  for (const { id, record } of snapshots) {
    const { cycle } = notebook.state;
    if (cycle === null || cycle.named.includes(id)) continue;
    const checked = await checkNames(job, id, record, notebook.findings, deps);
    if (checked === 'manifest-damaged') distrusted.set(id, CHANGED);
    work.named += 1;
    note(notebook, { ...cycle, named: [...cycle.named, id] });
    if (notebook.isDue()) await notebook.save();
  }
}

/** @returns the snapshots whose manifests turned out to be damaged */
async function readShare(
  job: ScrubbedJob,
  snapshots: readonly Proven[],
  { cycle, until }: Share,
  notebook: Notebook,
  work: Work,
  deps: ScrubDeps,
): Promise<ReadonlySet<SnapshotId>> {
  const { last, cycle: begun } = notebook.state;
  const after = cycle.cursor === null ? undefined : decodeName(cycle.cursor).toString('latin1');
  const check = new ContentCheck(job, snapshots, after, last?.startedAt, notebook.findings, deps);
  let name = after;
  let { files, bytes } = cycle;
  const noteProgress = () => {
    const cursor = name === undefined ? null : encodeName(Buffer.from(name, 'latin1'));
    note(notebook, { ...(begun ?? cycle), cursor, done: doneOf({ bytes }, check.done, last), files, bytes });
  };
  try {
    while (name === undefined || until >= 1 || doneOf({ bytes }, check.done, last) < until) {
      const read = await check.next();
      work.finished = read === undefined;
      if (read === undefined) break;
      name = read.name;
      files += read.files;
      bytes += read.bytes;
      add(work, read);
      if (deps.pace.isDue()) await pause(doneOf({ bytes }, check.done, last) / until, `${job.name}: ${name}`, deps);
      if (!notebook.isDue()) continue;
      noteProgress();
      await notebook.save();
    }
  } finally {
    noteProgress();
    check.close();
  }
  return check.damagedManifests;
}

function note(notebook: Notebook, cycle: ScrubCycle): void {
  notebook.state = { ...notebook.state, cycle };
}

function endCycle(notebook: Notebook, wish: Wish, { clock }: ScrubDeps): void {
  if (notebook.state.cycle === null) return;
  const { startedAt, files, bytes } = notebook.state.cycle;
  const endedAt = clock.now().toISOString();
  notebook.state = { ...notebook.state, cycle: null, last: { startedAt, endedAt, files, bytes } };
  notebook.late = undefined;
  if (wish === 'all') notebook.findings.countAnew();
}

async function pause(share: number, what: string, { pace, onProgress }: ScrubDeps): Promise<void> {
  await pace.pause();
  onProgress?.(Math.min(1, share), what);
}

function add(work: Work, { files, bytes }: Amount): void {
  work.files += files;
  work.bytes += bytes;
}
