import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { manifestPath, type ManifestRecord } from '../store/manifest-records.ts';
import type { Findings, Verdict } from './findings.ts';
import { inodeAt, numberOf } from './inodes.ts';
import { isGone, isStillSealed, type ScrubbedJob, type ScrubDeps } from './job.ts';
import { DamagedManifest, ManifestReader } from '../../src/manifests/manifest-reader.ts';
import { snapshotPath } from './manifests.ts';
import { Tree } from './tree.ts';
import { walk } from './walk.ts';

/** What comparing the names of a snapshot with its manifest has come to. `gone`: prune has taken it away meanwhile. */
export type NamesChecked = 'done' | 'gone' | 'manifest-damaged';

/**
 * Finds what a snapshot holds and its manifest does not name, and whether that manifest is the one that was made. What it names and
 * is gone is found when it is to be read.
 */
export async function checkNames(
  job: ScrubbedJob,
  id: SnapshotId,
  record: Pick<ManifestRecord, 'digest'>,
  findings: Findings,
  deps: ScrubDeps,
): Promise<NamesChecked> {
  const tree = new Tree(snapshotPath(job, id));
  let manifest: ManifestReader | undefined;
  try {
    manifest = new ManifestReader(manifestPath(job.secondary, job.paths, id));
    const known = new Set(findings.strayNamesIn(id));
    const { unlisted, unproven } = await compareNames(tree, manifest, known, deps);
    if (manifest.digest() !== record.digest) return 'manifest-damaged';
    if (!(await isStillSealed(job, id))) return 'gone';
    for (const name of unproven) findings.judge(name, id, undefined);
    for (const [name, verdict] of unlisted) findings.judge(name, id, verdict);
    return 'done';
  } catch (error) {
    if (isGone(error) && !(await isStillSealed(job, id))) return 'gone';
    if (error instanceof DamagedManifest || (isGone(error) && manifest === undefined)) return 'manifest-damaged';
    throw error;
  } finally {
    manifest?.close();
    tree.close();
  }
}

interface Compared {
  /** What the manifest does not name. */
  readonly unlisted: ReadonlyMap<string, Verdict>;
  /** Of the names of which something was known: those that the manifest does not name either. */
  readonly unproven: ReadonlySet<string>;
}

async function compareNames(
  tree: Tree,
  manifest: ManifestReader,
  known: ReadonlySet<string>,
  { pace, readFile, onProgress }: ScrubDeps,
): Promise<Compared> {
  const unlisted = new Map<string, Verdict>();
  const unproven = new Set(known);
  let line = manifest.next();
  const next = () => {
    if (line !== undefined) unproven.delete(line.name);
    line = manifest.next();
  };
  for (const step of walk(tree)) {
    if (pace.isDue()) {
      await pace.pause();
      onProgress?.(0, step.name);
    }
    if (step.kind === 'unreadable') unlisted.set(step.name, { kind: 'unreadable', inode: null, lastGood: null });
    if (step.kind !== 'file') continue;
    const { name } = step;
    while (line !== undefined && line.name < name) next();
    if (line?.name === name) continue;
    const found = inodeAt(tree.at(name));
    const { kind } = await readFile(tree.at(name), found.size, pace);
    // Its mode keeps us out, as it did when the manifest was made (`metadata: plain`).
    if (kind === 'kept-out') continue;
    const verdict = kind === 'unreadable' ? 'unreadable' : 'unlisted';
    unlisted.set(name, { kind: verdict, inode: numberOf(found), lastGood: null });
  }
  while (line !== undefined) next();
  return { unlisted, unproven };
}
